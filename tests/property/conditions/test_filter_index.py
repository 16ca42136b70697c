"""The index of filters finds exactly the counters that an event matches, in the order of the release."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.conditions import Condition
from schemas.definitions import STANDARD_PROPERTIES
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.activities.filter_index import FilterIndex
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Activity, ActivityCounter, CompileScope
from tests.harness.engine.conditions import NOW
from tests.harness.random.random_documents import DocumentStrategy, dict_of, merge
from tests.harness.random.random_operators import modifiers, operators, texts, values

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)

PAGES = ("/a", "/A", "/ab?x=1", "/caf%C3%A9", "/b?x=5&y=", "/b?x=é")
pages = st.sampled_from(PAGES).map(lambda page: "https://www.example.com" + page)
words = st.sampled_from(["form", "FORM", "Form sent", "visit", "é", "e\u0301"])
paths = st.sampled_from(["/a", "/ab", "/b", "/", "", "/A"])
found: DocumentStrategy = st.one_of(
    dict_of(eq=st.one_of(words, paths)),
    dict_of(starts_with=st.one_of(words, paths, st.sampled_from(["f", "https://www", "HTTPS://WWW.EXAMPLE.COM/a"]))),
    dict_of(**{"in": st.lists(st.one_of(words, paths), min_size=1, max_size=3)}),
)
tests = st.one_of(merge(found, modifiers), merge(found, modifiers), operators)
fields = st.sampled_from(
    ["name", "path", "url", "title", "host", "query.x", "campaign", "amount", "info.price", "on"]
)
filters = st.dictionaries(fields, tests, max_size=2)


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    """Draws a leaf that counts; one of the filters is used by several kinds of leaves."""
    subject = {draw(st.sampled_from(("visit", "activity"))): draw(filters)}
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {**subject, "first": draw(st.one_of(st.just(True), filters))}
    if kind == 1:
        other = {draw(st.sampled_from(("visit", "activity"))): draw(filters)}
        return {"sequence": [subject, other], "within": "7d"}
    if kind == 2:
        return {**subject, "regular": {"at_least": 1, "of": 2, "each": "1d"}}
    if kind == 3:
        return {**subject, draw(st.sampled_from(("sum", "distinct"))): {"of": draw(fields), "gte": 1}}
    return {**subject, "count": {"gte": draw(st.integers(1, 3))}}


@st.composite
def events(draw: st.DrawFn) -> Activity:
    """Draws a visit or an activity, most of them with few fields."""
    is_visit = draw(st.booleans())
    given_fields: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {"properties": st.dictionaries(fields, st.one_of(words, pages, values), max_size=3)},
            optional={"url": st.one_of(pages, texts), "title": st.one_of(words, texts), "campaign": words},
        )
    )
    return Activity(NOW, draw(words), is_visit, given_fields)


def counters_of(conditions: list[dict[str, Any]], version: EngineVersion) -> tuple[ActivityCounter, ...]:
    """The counters of the conditions that fit, each once as in a release."""
    scope = CompileScope("Europe/Berlin", STANDARD_PROPERTIES, version)
    counters: dict[str, ActivityCounter] = {}
    for written in conditions:
        try:
            compiled = compile_condition(_CONDITION.validate_python(written), scope)
        except ConditionRefused:
            continue
        for counter in compiled.counters:
            counters.setdefault(counter.key, counter)
    return tuple(counters.values())


@settings(max_examples=500, deadline=None)
@given(
    st.lists(leaves(), min_size=2, max_size=8),
    st.sampled_from((3, 4, 4)),
    st.lists(events(), min_size=4, max_size=10),
)
def test_an_event_finds_the_counters_that_it_matches(
    conditions: list[dict[str, Any]], version: EngineVersion, happened: list[Activity]
) -> None:
    counters = counters_of(conditions, version)
    index = FilterIndex(counters)
    for event in happened:
        assert index.matching(event) == [counter for counter in counters if counter.matches(event)], event
