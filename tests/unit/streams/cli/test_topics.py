"""`leadstream topics check` on topics as they may be."""

from __future__ import annotations

import pytest

from streams.cli import topics
from streams.errors import BrokerUnavailable
from streams.kafka.deployment import DeploymentRecord
from streams.kafka.topic_admin import TopicsReport
from streams.kafka.topic_check import NO_LEADER, Findings
from streams.settings import Settings


def test_a_partition_without_a_leader_is_named_and_ends_the_check_as_a_broker_that_is_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def check_topics(settings: Settings) -> TopicsReport:
        findings = [Findings("journal", problems=[NO_LEADER]), Findings("leads")]
        return TopicsReport(findings, DeploymentRecord.from_settings(settings))

    monkeypatch.setattr(topics, "check_topics", check_topics)
    with pytest.raises(BrokerUnavailable, match="no leader: journal"):
        topics.check()
    assert capsys.readouterr().out.splitlines() == [
        "problem  journal has a partition without a leader",
        "1 of 2 topics are fit",
    ]
