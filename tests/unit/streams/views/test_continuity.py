"""Whether what Redis has can be gone on from: where the topics and the read models fit, and where they do not."""

from __future__ import annotations

import pytest

from streams.views import continuity
from streams.views.continuity import generation_problem, position_problem, tombstone_problem
from streams.views.deployment import Deployment
from streams.views.retention import TopicRetention

DAY = 86_400_000
NOW = 100 * DAY


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuity, "now_ms", lambda: NOW)


@pytest.mark.parametrize("length", [6 * DAY, 8 * DAY, -1])
def test_read_models_of_another_retention_are_not_gone_on_from(length: int) -> None:
    shown = Deployment(1, 0, 0, is_complete=True, retention=7 * DAY)
    assert generation_problem(shown, TopicRetention(7 * DAY, DAY)) is None
    assert generation_problem(shown, TopicRetention(length, DAY)) is not None
    assert generation_problem(None, TopicRetention(7 * DAY, DAY)) == "Redis has no read models"


def problem_at(position: int, *, is_progress_there: bool = True) -> str | None:
    return position_problem(
        {"leads:0": position}, {"leads:0": 3}, {"leads:0": 9}, is_progress_there=is_progress_there
    )


@pytest.mark.parametrize("position", [3, 9])
def test_a_position_at_the_beginning_or_the_end_of_a_partition_is_gone_on_from(position: int) -> None:
    assert problem_at(position) is None


def test_a_position_outside_of_its_partition_is_not() -> None:
    assert problem_at(2) == "leads:0 has lost records that were not applied"
    assert problem_at(10) == "leads:0 ends before what was applied of it: its topic was made anew"


def test_positions_without_progress_are_those_of_a_redis_that_lost_something() -> None:
    assert problem_at(5, is_progress_there=False) == "Redis has lost how far the read models are"
    assert position_problem({}, {}, {}, is_progress_there=False) is None


def test_a_partition_of_a_table_has_to_be_caught_up_before_tombstones_go() -> None:
    retention = TopicRetention(7 * DAY, 10 * DAY)
    assert tombstone_problem({"contacts:0": NOW - 8 * DAY}, retention) is None
    assert tombstone_problem({"leads:0": NOW, "contacts:0": NOW - 8 * DAY - 1}, retention) is not None


def test_changes_have_no_tombstones() -> None:
    assert tombstone_problem({"segment-changes:0": 0}, TopicRetention(7 * DAY, DAY)) is None
