"""`created`: when the contact began, compared as a property of type datetime."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.conditions.errors import ConditionRefused
from tests.harness.engine.conditions import NOW, compile_dict, contact, evaluation_context

DAY = 86_400_000


@pytest.mark.parametrize(
    ("operators", "before", "at", "after"),
    [
        ({"older_than": "7d"}, False, True, True),
        ({"within_last": "7d"}, True, False, False),
        ({"before": "now-7d"}, False, False, True),
        ({"lte": "now-7d"}, False, True, True),
        ({"gte": "now-7d"}, True, True, False),
        ({"after": "now-7d"}, True, False, False),
        ({"eq": "now-7d"}, False, True, False),
        ({"ne": "now-7d"}, True, False, True),
    ],
)
def test_it_changes_with_time_at_the_exact_millisecond(
    operators: dict[str, Any], before: bool, at: bool, after: bool
) -> None:
    node = compile_dict({"created": operators}).node
    person, change = contact(created=NOW, now=NOW + DAY), NOW + 7 * DAY
    instants = (change - 1, change, change + 1)
    assert [node.holds(evaluation_context(person, each)) for each in instants] == [before, at, after]
    due = node.due(evaluation_context(person, NOW + 1))
    while due is not None and node.holds(evaluation_context(person, due)) is before:
        due = node.due(evaluation_context(person, due))
    assert due == (change if at is not before else change + 1)


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2026-03-01T22:59:59.999Z", False),
        ("2026-03-01T23:00:00Z", True),
        ("2026-03-02T22:59:59.999Z", True),
        ("2026-03-02T23:00:00Z", False),
    ],
)
def test_a_calendar_date_is_the_whole_day_in_the_accounts_zone(created: str, expected: bool) -> None:
    node = compile_dict({"created": {"eq": "2026-03-02"}}, "Europe/Berlin").node
    assert node.holds(evaluation_context(contact(created=instant_ms(created)))) is expected


def test_a_date_in_the_contacts_zone_depends_on_the_property_time_zone() -> None:
    ready = compile_dict({"created": {"gte": "2026-03-02", "in_zone": "contact"}})
    person = contact(created=instant_ms("2026-03-01T15:00:00Z"), properties={"time_zone": "Asia/Tokyo"})
    assert "time_zone" in ready.properties
    assert ready.node.holds(evaluation_context(person))
    person.properties["time_zone"] = "Europe/Berlin"
    assert not ready.node.holds(evaluation_context(person))


@pytest.mark.parametrize("operators", [{}, {"contains": "2026"}, {"starts_with": "2026"}, {"gte": 5}])
def test_operators_that_fit_no_datetime_are_refused(operators: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused) as refused:
        compile_dict({"created": operators})
    assert refused.value.path[0] == "created"
