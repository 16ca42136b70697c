"""What the process of the read models tells its parent."""

from __future__ import annotations

import pytest

from agents import views
from agents.views import views_report
from streams.errors import BrokerUnavailable, TopicsMissing
from streams.metrics import catalog
from streams.metrics.report import ProcessReport, decode
from streams.settings import Settings
from streams.views.progress import PartitionPosition
from streams.views.status import ViewsStatus

NOW = 1_772_355_600_000


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "now_ms", lambda: NOW)


def values(report: ProcessReport) -> dict[tuple[str, ...], float]:
    return {(each.metric, *each.labels): each.value for each in report.values}


def test_a_process_that_starts_is_not_ready() -> None:
    report = decode(views_report(ViewsStatus("views")))
    assert report.ready_since is None
    assert values(report)[catalog.REDIS_UP.name,] == 0


def test_a_partition_that_is_behind_shows_how_far_and_for_how_long() -> None:
    positions = {
        "leads:0": PartitionPosition(position=90, end=100, at=NOW, caught_up=NOW - 4_000),
        "leads:1": PartitionPosition(position=70, end=70, at=NOW, caught_up=NOW - 500),
    }
    report = decode(views_report(ViewsStatus("views", ready_since=NOW - 9_000, positions=positions)))
    found = values(report)
    assert report.ready_since == NOW - 9_000
    assert found[catalog.REDIS_UP.name,] == 1
    for partition, expected in {"0": (10, 4), "1": (0, 0)}.items():
        labels = ("leads", partition, "views")
        assert (found[catalog.VIEWS_LAG.name, *labels], found[catalog.VIEWS_DELAY.name, *labels]) == expected


def test_a_redis_that_is_away_is_a_problem_to_know_of() -> None:
    report = decode(views_report(ViewsStatus("views", ready_since=NOW, problem="no Redis answers")))
    assert report.problems == ("the read models: no Redis answers",)
    assert values(report)[catalog.REDIS_UP.name,] == 0


def test_a_rebuild_that_has_to_come_first_is_a_problem_to_know_of() -> None:
    status = ViewsStatus("views", ready_since=NOW, rebuild="Redis has no read models")
    report = decode(views_report(status))
    assert report.problems == (
        "the read models: nothing is applied until they are built anew: Redis has no read models",
    )
    assert values(report)[catalog.REDIS_UP.name,] == 0


def test_the_delay_grows_while_nobody_looks_how_far_the_read_models_are() -> None:
    positions = {"leads:0": PartitionPosition(position=70, end=70, at=NOW - 60_000, caught_up=NOW - 60_000)}
    status = ViewsStatus("views", ready_since=NOW, problem="no Redis answers", positions=positions)
    report = decode(views_report(status))
    assert values(report)[catalog.VIEWS_DELAY.name, "leads", "0", "views"] == 60


async def test_topics_that_are_gone_while_it_runs_are_looked_for_by_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class ConsumerWithoutTopics:
        status = ViewsStatus("views")
        stop = None

        async def run(self) -> None:
            raise TopicsMissing("topic leads does not exist")

    async def await_nothing(*_arguments: object) -> None:
        pass

    monkeypatch.setattr(views, "view_consumer", lambda _settings: ConsumerWithoutTopics())
    monkeypatch.setattr(views, "answer_reports", await_nothing)
    monkeypatch.setattr(views, "await_topics", await_nothing)
    with pytest.raises(BrokerUnavailable, match="there before: topic leads does not exist"):
        await views._run_until_signal(Settings())
