"""Counters are found by a text that their filters need; the others are asked."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.conditions.activities.filter_index import NO_FILTERS, FilterIndex
from streams.engine.conditions.protocols import Activity, ActivityCounter, RequiredText
from tests.harness.engine.conditions import NOW, activity, compile_dict, visit

AMOUNT = {"sum": {"of": "amount", "gte": 1}}


def counters(*leaves: dict[str, Any], version: EngineVersion = NEWEST_VERSION) -> list[ActivityCounter]:
    return [counter for leaf in leaves for counter in compile_dict(leaf, engine_version=version).counters]


def visits(**fields: Any) -> dict[str, Any]:
    return {"visit": fields, "count": {"gte": 2}}


def activities(**fields: Any) -> dict[str, Any]:
    return {"activity": fields, "count": {"gte": 2}}


def found(leaves: list[dict[str, Any]], event: Activity, version: EngineVersion = NEWEST_VERSION) -> list[int]:
    """The places of the leaves whose counters the event matches."""
    of_leaves = counters(*leaves, version=version)
    return [of_leaves.index(counter) for counter in FilterIndex(of_leaves).matching(event)]


def required(fields: dict[str, Any], version: EngineVersion = NEWEST_VERSION) -> RequiredText | None:
    (counter,) = counters(activities(**fields), version=version)
    return counter.event_filters[0].required_text


def test_counters_come_in_the_order_of_the_release() -> None:
    leaves = [
        visits(path={"starts_with": "/a"}),
        visits(),
        visits(path={"eq": "/ab"}),
        visits(path={"eq": "/b"}),
        visits(path={"ne": "/b"}),
        activities(name={"in": ["visit", "form"]}),
    ]
    assert found(leaves, visit(NOW, "https://acme.example/ab")) == [0, 1, 2, 4, 5]
    assert found(leaves, visit(NOW, "https://acme.example/b")) == [1, 3, 5]
    assert found(leaves, activity(NOW, "form")) == [5]


def test_a_filter_for_visits_finds_no_other_activity() -> None:
    leaves = [visits(name={"eq": "form"}), activities(name={"eq": "form"})]
    assert found(leaves, activity(NOW, "form")) == [1]
    assert found(leaves, Activity(NOW, "form", True, {})) == [0, 1]


@pytest.mark.parametrize(
    ("text", "places"), [("demo", [0]), ("DEMO", [0]), ("Demo", [0, 1]), ("Démo", [2]), ("demos", [3]), ("de", [])]
)
def test_a_text_is_found_as_its_filter_folds_it(text: str, places: list[int]) -> None:
    leaves = [
        activities(title={"eq": "demo"}),
        activities(title={"eq": "Demo", "case_sensitive": True}),
        activities(title={"in": ["démo", "x"]}),
        activities(title={"starts_with": "demos"}),
    ]
    assert found(leaves, activity(NOW, "form", title=text)) == places


def test_accents_are_ignored_where_the_filter_says_so() -> None:
    leaves = [activities(title={"starts_with": "cafe", "accents": "ignore"}), activities(title={"eq": "cafe"})]
    assert found(leaves, activity(NOW, "form", title="Cafe\u0301 noir")) == [0]
    assert found(leaves, activity(NOW, "form", title="Cafe")) == [0, 1]


def test_all_tests_of_a_filter_have_to_pass() -> None:
    leaves = [
        activities(name={"eq": "form"}, amount={"gte": 5}),
        activities(name={"starts_with": "fo", "ne": "form"}),
        activities(name={"starts_with": "fo", "ends_with": "rm"}),
    ]
    assert found(leaves, activity(NOW, "form", amount=5)) == [0, 2]
    assert found(leaves, activity(NOW, "form", amount=4)) == [2]
    assert found(leaves, activity(NOW, "font")) == [1]


def test_a_counter_of_amounts_needs_a_number_beside_its_filter() -> None:
    leaves = [{"activity": {"name": {"eq": "form"}}, **AMOUNT}, activities(name={"eq": "form"})]
    assert found(leaves, activity(NOW, "form", amount=5)) == [0, 1]
    assert found(leaves, activity(NOW, "form", amount="much")) == [1]


def test_a_sequence_is_found_by_each_of_its_steps_and_once() -> None:
    form, page = {"activity": {"name": {"starts_with": "f"}}}, {"visit": {"path": {"eq": "/a"}}}
    leaves = [{"sequence": [form, page, {"activity": {"name": {"eq": "form"}}}], "within": "7d"}]
    assert found(leaves, activity(NOW, "form")) == [0]
    assert found(leaves, visit(NOW, "https://acme.example/a")) == [0]
    assert found(leaves, visit(NOW, "https://acme.example/b")) == []


def test_from_version_4_on_a_number_is_found_by_its_text() -> None:
    leaves = [activities(amount={"eq": "5"}), activities(amount={"starts_with": "5"})]
    for amount in (5, 5.0, "5"):
        assert found(leaves, activity(NOW, "form", amount=amount)) == [0, 1]
    assert found(leaves, activity(NOW, "form", amount=50)) == [1]
    assert found(leaves, activity(NOW, "form", amount=5), version=3) == []
    assert found(leaves, activity(NOW, "form", amount="5"), version=3) == [0, 1]
    for other in (True, None, [5], {"5": 5}):
        assert found(leaves, activity(NOW, "form", amount=other)) == []


def test_an_instant_equals_another_text_and_is_asked() -> None:
    leaves = [activities(on={"eq": "2026-03-01T10:00:00Z"}), activities(on={"in": ["soon", "2026-03-01T10:00:00Z"]})]
    assert found(leaves, activity(NOW, "form", on="2026-03-01T11:00:00+01:00")) == [0, 1]
    assert found(leaves, activity(NOW, "form", on="Soon")) == [1]


def test_what_a_text_finds_is_the_same_when_it_comes_again() -> None:
    of_leaves = counters(activities(name={"eq": "form"}), activities(name={"starts_with": "fo"}))
    index = FilterIndex(of_leaves)
    for name in ("form", "font", "form", "x" * 300, "fo" + "x" * 300, "font"):
        event = activity(NOW, name)
        assert index.matching(event) == [counter for counter in of_leaves if counter.matches(event)]


@pytest.mark.parametrize(
    ("fields", "key", "texts"),
    [
        ({"name": {"eq": "Form"}}, "name", ("form",)),
        ({"name": {"in": ["a", "b"]}, "title": {"starts_with": "long text"}}, "name", ("a", "b")),
        ({"name": {"starts_with": "a"}, "title": {"starts_with": "abc"}}, "title", ("abc",)),
        ({"name": {"starts_with": "abc"}, "title": {"in": ["x", "long text"]}}, "title", ("x", "long text")),
    ],
)
def test_the_most_selective_text_is_looked_up(fields: dict[str, Any], key: str, texts: tuple[str, ...]) -> None:
    text = required(fields)
    assert text is not None
    assert (text.key, text.texts) == (key, texts)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": {"ne": "form"}},
        {"name": {"contains": "form"}},
        {"amount": {"eq": 5}},
        {"amount": {"in": [5, "5"]}},
        {"on": {"eq": "2026-03-01"}},
        {"on": {"in": ["soon", "now/d"]}},
    ],
)
def test_without_such_a_text_a_filter_is_asked(fields: dict[str, Any]) -> None:
    assert required(fields) is None


def test_a_text_decides_where_it_is_all_that_the_filter_asks() -> None:
    texts = [
        required({"name": {"eq": "a"}}),
        required({"name": {"eq": "a", "ne": "b"}}),
        required({"name": {"eq": "a"}, "title": {"exists": True}}),
        required({"name": {"eq": "a"}}, version=3),
    ]
    assert [text is not None and text.decides for text in texts] == [True, False, False, False]


def test_the_adjustments_of_a_score_are_no_activities() -> None:
    assert found([{"score": {"exists": True}}, activities()], activity(NOW, "form")) == [1]


def test_without_counters_nothing_is_found() -> None:
    assert NO_FILTERS.matching(visit(NOW)) == []
