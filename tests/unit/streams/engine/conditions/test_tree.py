"""`all`, `any` and `not` have two values, and are due only when something can change."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.conditions import AllOf
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import CompileScope
from tests.harness.engine.conditions import NOW, compile_dict, contact, due, evaluation_context, holds, visit

YES: dict[str, Any] = {"all": []}
NO: dict[str, Any] = {"any": []}
DAY = 86_400_000


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (YES, True),
        (NO, False),
        ({"not": YES}, False),
        ({"not": {"not": YES}}, True),
        ({"all": [YES, NO]}, False),
        ({"all": [YES, YES]}, True),
        ({"any": [NO, YES]}, True),
        ({"any": [NO, NO]}, False),
        ({"all": [{"any": [NO, {"not": NO}]}, {"not": {"all": [YES, NO]}}]}, True),
    ],
)
def test_all_of_nothing_is_everybody_and_any_of_nothing_is_nobody(tree: dict[str, Any], expected: bool) -> None:
    assert holds(tree, {}) is expected
    assert due(tree, {}) is None


def older(name: str, days: int) -> dict[str, Any]:
    return {"property": name, "older_than": f"{days}d"}


WHEN = {"today": "2026-03-10T12:00:00Z", "old": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("tree", "due_in_days"),
    [
        ({"all": [older("today", 1), older("today", 3)]}, 3),  # both have to come
        ({"any": [older("today", 1), older("today", 3)]}, 1),
        ({"all": [older("today", 1), NO]}, None),  # nothing that time does helps
        ({"any": [older("today", 1), YES]}, None),
        ({"all": [older("today", 1), older("old", 1)]}, 1),
        ({"not": older("today", 2)}, 2),
        ({"all": [{"not": older("today", 2)}, {"not": older("today", 1)}]}, 1),
        ({"any": [{"not": older("today", 2)}, {"not": older("today", 1)}]}, 2),
    ],
)
def test_a_tree_is_due_when_it_can_change(tree: dict[str, Any], due_in_days: int | None) -> None:
    expected = None if due_in_days is None else NOW + due_in_days * DAY
    assert due(tree, WHEN) == expected
    if expected is not None:
        assert holds(tree, WHEN, expected - 1) is holds(tree, WHEN)
        assert holds(tree, WHEN, expected) is not holds(tree, WHEN)


def test_a_tree_depends_on_everything_that_its_leaves_depend_on() -> None:
    ready = compile_dict(
        {
            "all": [
                {"property": "country", "eq": "DE"},
                {"any": [{"property": ["address", "city"], "exists": True}, {"segment": "hot"}]},
                {"not": {"lead": {"campaign": "spring"}}},
                {"property": "email_domain", "eq": "acme.example"},
                {"visit": {}, "within": "7d"},
                {"points": {"gte": 5}},
            ]
        }
    )
    assert ready.properties == {"country", "address", "email", "email_domain"}
    assert ready.segments == {"hot"}
    assert ready.campaigns == {"spring"}
    assert ready.uses_lead
    assert len(ready.counters) == 1


def test_an_account_without_a_time_zone_that_exists_is_refused() -> None:
    with pytest.raises(ConditionRefused, match="time zone"):
        compile_condition(AllOf(all=()), CompileScope("Mars/Olympus", {}))


def test_a_refusal_is_a_value_error_that_reads_well() -> None:
    with pytest.raises(ValueError, match=r"^all\.0\.gte: '5' is not a number, and the property is of type number$"):
        compile_dict({"all": [{"property": "size", "gte": "5"}]}, size="number")


def test_evaluation_changes_no_state() -> None:
    ready = compile_dict({"all": [{"visit": {}, "within": "7d"}, {"property": "x", "exists": True}]})
    person = contact(properties={"x": 1}, counts={ready.counters[0].key: [NOW]})
    before = (dict(person.properties), {key: list(instants) for key, instants in person.counts.items()})
    ready.node.holds(evaluation_context(person))
    ready.node.due(evaluation_context(person))
    ready.counters[0].update(person.counts[ready.counters[0].key], visit(NOW + 1), NOW + 1)
    assert (person.properties, person.counts) == before
