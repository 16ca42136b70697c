"""Any content of a definitions file is either sound or refused with a message; nothing breaks the validation."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.conditions import SUBJECTS, Operators
from streams.engine.releases.compile import compile_release
from streams.engine.validation import validate_definitions

WORDS = [
    "now",
    "now/d",
    "2026-01-01",
    "7d",
    "30d",
    "a",
    "",
    "s",
    "c",
    "active",
    "city",
    "size",
    "/x",
    "(",
    "2026-02-30",
]
KEYS = sorted({*SUBJECTS, *(field.alias or name for name, field in Operators.model_fields.items())})
KEYS += ["count", "within", "between_ago", "since", "until", "never", "campaign", "points", "name", "path", "query.x"]
MAPPING = ["lead_fields", "match", "assign", "do_not_sync", "updates", "attribution", "opportunities", "on", "fields"]
MAPPING += ["property", "value", "default", "write", "since", "campaign", "member_status"]
TOP = ["account", "plan", "time_zone", "properties", "segments", "campaigns", "salesforce"]
CAMPAIGN = [
    "id",
    "audience",
    "period",
    "half_life",
    "scoring",
    "automation",
    "leave",
    "from",
    "to",
    "then",
    "at_most",
]

scalars = st.one_of(st.sampled_from(WORDS), st.integers(-5, 5), st.booleans(), st.none(), st.floats(-5, 5))


def nested(keys: list[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*keys, "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    )


numbers = st.one_of(st.integers(-5, 5), st.floats(-5, 5))
dates = st.sampled_from(["now", "now/d-7d", "2026-01-01", "2026-03-31||-1M", "now-7", "2026-02-30"])
durations = st.sampled_from(["7d", "PT36H", "0s", "7"])
texts = st.sampled_from(["a", "", "Bonn", "("])


def some(**fitting: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draws one or two operators, mostly with operands that fit them."""
    names = st.lists(st.sampled_from(sorted(fitting)), min_size=1, max_size=2, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: fitting[name] for name in chosen}))


def ordered(values: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {"gte": values, "lt": values, "between": st.tuples(values, values).map(list)}


presence = {"exists": st.booleans(), "empty": st.booleans()}
of_text = some(eq=texts, matches=texts, contains=texts, **{"in": st.lists(texts, max_size=2)}, **presence)
of_number = some(eq=numbers, **ordered(numbers), **presence)
of_dates = some(before=dates, after=dates, within_last=durations, within_next=durations, **ordered(dates))
of_list = some(
    contains=texts, contains_any=st.lists(texts, max_size=2), has_item=st.just({"a": {"eq": 1}}), **presence
)
operators = st.one_of(
    of_text, of_number, of_dates, of_list, st.dictionaries(st.sampled_from(KEYS), scalars, max_size=2)
)
ends = {"first": st.one_of(st.just(True), st.just({"path": {"eq": "/x"}})), "last": st.just({})}
regular = st.fixed_dictionaries({"at_least": st.integers(0, 9), "of": st.integers(0, 9), "each": durations})
steps = st.lists(st.sampled_from([{"visit": {}}, {"activity": {"name": {"eq": "a"}}}, {}]), max_size=3)
windows = some(within=durations, since=dates, until=dates, count=some(**ordered(st.integers(0, 5))))

leaves = st.one_of(
    of_text.map(lambda tests: {"property": "city", **tests}),
    of_number.map(lambda tests: {"property": "size", **tests}),
    of_dates.map(lambda tests: {"property": "born", **tests}),
    operators.map(lambda tests: {"property": "undeclared", **tests}),
    of_list.map(lambda tests: {"tags": tests}),
    some(eq=st.sampled_from(["active", "gone"]), ne=texts).map(lambda tests: {"status": tests}),
    of_number.map(lambda tests: {"score": tests}),
    windows.map(lambda tests: {"visit": {}, **tests}),
    st.tuples(of_text, windows).map(lambda pair: {"visit": {"path": pair[0]}, **pair[1]}),
    st.tuples(operators, windows).map(lambda pair: {"activity": {"amount": pair[0]}, **pair[1]}),
    st.tuples(some(**ends, regular=regular), windows).map(lambda pair: {"visit": {}, **pair[0], **pair[1]}),
    some(regular=regular).map(lambda tests: {"activity": {}, **tests}),
    some(gap=durations, min_gap=durations).flatmap(
        lambda pace: st.fixed_dictionaries({"sequence": steps, "within": durations}).map(
            lambda sequence: {**sequence, **pace}
        )
    ),
    st.tuples(of_text, durations).map(lambda pair: {"property": "city", **pair[0], "held_for": pair[1]}),
    of_dates.map(lambda tests: {"last_visit": tests}),
    of_number.map(lambda tests: {"lead": {"campaign": "c", "points": tests}}),
    nested(KEYS),
)


def whole(condition: Any) -> dict[str, Any]:
    return {
        "properties": {"size": "number", "born": "date"},
        "segments": [{"id": "s", "dynamic": True, "when": condition}],
        "campaigns": [{"id": "c", "scoring": [{"id": "r", "when": condition, "points": 1}]}],
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(leaves)
def test_a_condition_is_refused_with_a_message_or_can_be_compiled(condition: Any) -> None:
    checked = validate_definitions(whole(condition))
    assert (checked.definitions is None) == bool(checked.problems)
    assert all(problem.message and problem.path for problem in checked.problems)
    if checked.definitions is not None:
        compile_release(checked.definitions, 1)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(MAPPING), nested([*MAPPING, "segment", "all"]), max_size=4),
    nested(["campaign", "member_status"]),
)
def test_any_mapping_to_the_crm_is_refused_with_a_message_or_can_be_compiled(mapping: Any, target: Any) -> None:
    campaigns = [{"id": "c", "salesforce": target}, {"id": "d", "salesforce": target}]
    checked = validate_definitions({"salesforce": mapping, "campaigns": campaigns, "segments": [{"id": "s"}]})
    assert (checked.definitions is None) == bool(checked.problems)
    assert all(problem.message and problem.path for problem in checked.problems)
    if checked.definitions is not None:
        compile_release(checked.definitions, 1)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(TOP), nested([*TOP, *CAMPAIGN, "id", "dynamic", "when"]), max_size=4))
def test_any_mapping_is_refused_with_a_message_or_sound(raw: dict[str, Any]) -> None:
    checked = validate_definitions(raw)
    assert (checked.definitions is None) == bool(checked.problems)
