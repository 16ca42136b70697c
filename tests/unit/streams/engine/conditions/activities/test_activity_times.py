"""The first and last visit, the last activity, and inactivity."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.conditions.errors import ConditionRefused
from tests.harness.engine.conditions import NOW, compile_dict, contact, evaluation_context

DAY = 86_400_000
MOMENTS = ("last_visit", "first_visit", "last_activity")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("operators", "ago", "expected", "due_at"),
    [
        ({"within_last": "1d"}, 0, True, NOW + DAY),
        ({"within_last": "1d"}, DAY - 1, True, NOW + 1),
        ({"within_last": "1d"}, DAY, False, None),
        ({"older_than": "1d"}, DAY - 1, False, NOW + 1),
        ({"older_than": "1d"}, DAY, True, None),
        ({"before": "now-1d"}, DAY, False, NOW + 1),
        ({"before": "now-1d"}, DAY + 1, True, None),
        ({"after": "now-1d"}, DAY - 1, True, NOW + 1),
        ({"after": "now-1d"}, DAY, False, None),
        ({"after": "2026-03-09"}, 0, True, None),
        ({"after": "2026-03-10"}, 0, False, None),
        ({"older_than": "1h", "within_last": "1d"}, DAY - 1, True, NOW + 1),
        ({"older_than": "1h", "within_last": "1d"}, 0, False, NOW + 3_600_000),
        ({"older_than": "1h", "within_last": "1d"}, DAY, False, None),
    ],
)
def test_a_moment_and_when_it_is_due(
    moment: str, operators: dict[str, Any], ago: int, expected: bool, due_at: int | None
) -> None:
    node = compile_dict({moment: operators}).node
    person = contact(**{moment: NOW - ago})
    assert node.holds(evaluation_context(person)) is expected
    assert node.due(evaluation_context(person)) == due_at


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "operators", [{"within_last": "1d"}, {"older_than": "1d"}, {"before": "now"}, {"after": "2000-01-01"}]
)
def test_a_moment_that_never_came_makes_every_operator_false(moment: str, operators: dict[str, Any]) -> None:
    node = compile_dict({moment: operators}).node
    assert not node.holds(evaluation_context(contact()))
    assert node.due(evaluation_context(contact())) is None
    assert compile_dict({"not": {moment: operators}}).node.holds(evaluation_context(contact()))


def test_a_calendar_date_is_a_day_in_the_leafs_zone() -> None:
    leaf = {"last_visit": {"after": "2026-03-09", "in_zone": "contact"}}
    person = contact(last_visit=instant_ms("2026-03-09T15:00:00Z"), properties={"time_zone": "Asia/Tokyo"})
    assert compile_dict(leaf, "Europe/Berlin").node.holds(evaluation_context(person))
    assert not compile_dict({"last_visit": {"after": "2026-03-09"}}, "Europe/Berlin").node.holds(
        evaluation_context(person)
    )


def test_inactive_for_counts_from_the_last_activity() -> None:
    node = compile_dict({"inactive_for": "30d"}).node
    person = contact(created=NOW - 90 * DAY, last_activity=NOW)
    start = NOW + 30 * DAY
    assert [node.holds(evaluation_context(person, at)) for at in (start - 1, start, start + 1)] == [False, True, True]
    assert node.due(evaluation_context(person)) == start
    assert node.due(evaluation_context(person, start)) is None


def test_inactive_for_counts_from_the_creation_where_there_was_no_activity() -> None:
    node = compile_dict({"inactive_for": "30d"}).node
    person = contact(created=NOW - 30 * DAY + 1)
    assert not node.holds(evaluation_context(person))
    assert node.due(evaluation_context(person)) == NOW + 1
    assert node.holds(evaluation_context(person, NOW + 1))


def test_a_moment_needs_a_valid_operator() -> None:
    with pytest.raises(ConditionRefused, match="last_visit"):
        compile_dict({"last_visit": {}})
    with pytest.raises(ConditionRefused, match=r"last_visit\.before"):
        compile_dict({"last_visit": {"before": "soon"}})
