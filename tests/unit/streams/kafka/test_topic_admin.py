"""Whether workers can run on topics, and how long they wait for them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import BrokerResponseError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from streams.errors import BrokerUnavailable, ConfigurationError, LeadstreamError, TopicsMismatch, TopicsMissing
from streams.kafka import topic_admin
from streams.kafka.deployment import DeploymentRecord
from streams.kafka.topic_admin import TopicsReport, await_topics
from streams.kafka.topic_check import NO_LEADER, Findings
from streams.settings import Settings


def report_of(*findings: Findings) -> TopicsReport:
    return TopicsReport(findings, deployment=None)


def test_partitions_without_leaders_alone_are_a_cluster_that_is_not_back_yet() -> None:
    report = report_of(Findings("journal", problems=[NO_LEADER]), Findings("leads"))
    with pytest.raises(BrokerUnavailable, match=r"no leader: journal; are all brokers of the cluster up\?"):
        report.require_fit()


def test_a_topic_that_does_not_fit_is_told_without_those_that_wait_for_a_leader() -> None:
    wrong = Findings("leads", problems=[NO_LEADER, "has 5 partitions, 4 are needed"])
    with pytest.raises(TopicsMismatch, match=r"^leads has 5 partitions, 4 are needed; mend it"):
        report_of(Findings("journal", problems=[NO_LEADER]), wrong).require_fit()


def test_a_missing_topic_is_told_before_those_that_wait_for_a_leader() -> None:
    missing = Findings("leads", is_missing=True, problems=["does not exist"])
    with pytest.raises(TopicsMissing, match=r"^missing: leads; "):
        report_of(Findings("journal", problems=[NO_LEADER]), missing).require_fit()


async def test_a_process_waits_for_a_broker_that_shows_no_topics_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(start_patience_ms=0)
    deployment = DeploymentRecord.from_settings(settings)
    looks = iter([[Findings("journal", is_missing=True)], [Findings("journal", problems=[NO_LEADER])], []])

    async def read_deployment(_settings: Settings) -> DeploymentRecord | None:
        return deployment

    async def compare_topics(_settings: Settings) -> Sequence[Findings]:
        return next(looks)

    monkeypatch.setattr(topic_admin, "read_deployment", read_deployment)
    monkeypatch.setattr(topic_admin, "_compare_topics", compare_topics)
    assert await await_topics(settings) == deployment
    assert list(looks) == []


@pytest.mark.parametrize(
    ("code", "error"),
    [(UnknownTopicOrPartitionError, BrokerUnavailable), (TopicAuthorizationFailedError, ConfigurationError)],
)
async def test_a_configuration_that_a_broker_does_not_know_yet_is_asked_for_again(
    code: type[BrokerResponseError], error: type[LeadstreamError]
) -> None:
    class FakeAdmin:
        async def describe_configs(self, _resources: Sequence[object]) -> Sequence[object]:
            return [SimpleNamespace(resources=[(code.errno, "no such topic", 2, "journal", [])])]

    admin: Any = FakeAdmin()
    with pytest.raises(error, match="does not show the configuration of journal: no such topic"):
        await topic_admin._configs(admin, ["journal"])
