"""The Faust app is built so that Faust neither waits for acknowledgements nor makes topics, commits or counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.runtime.faust.assignor import SlotAssignor
from streams.runtime.faust.consumer import SlotConsumer
from streams.runtime.faust.monitor import QuietMonitor
from streams.runtime.faust.recovery import TableManager
from streams.runtime.process.app_builder import build_app
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """The app of the counting program, never started."""
    settings = Settings(bootstrap="127.0.0.1:1,127.0.0.1:2", prefix="p-", partitions=3, data_dir=tmp_path, name="w1")
    return build_app(counting_spec(3), settings, "w1")


def test_groups_topics_and_changelog_carry_the_prefix(app: Any) -> None:
    assert app.conf.id == "p-leadstream-pipeline"
    assert app.tables.changelog_topics == {"p-leadstream-pipeline-contacts-changelog"}
    assert {url.port for url in app.conf.broker} == {1, 2}


def test_a_rebalance_does_not_wait_for_unacknowledged_events(app: Any) -> None:
    assert app.conf.stream_wait_empty is False
    for agent in app.agents.values():
        assert agent.channel.acks is False


def test_there_is_one_agent_for_the_in_topics_and_one_for_the_journal(app: Any) -> None:
    topics = sorted(tuple(sorted(agent.channel.topics)) for agent in app.agents.values())
    assert topics == [("p-journal",), ("p-scoring-events", "p-web-visits")]
    assert app.journal_topic == "p-journal", "the fetch thread tells their records apart"
    assert {agent.concurrency for agent in app.agents.values()} == {1}


def test_faust_makes_no_topic_and_serves_no_web(app: Any) -> None:
    assert app.conf.topic_allow_declare is False
    assert app.conf.topic_disable_leader is True
    assert app.conf.web_enabled is False


def test_workers_are_static_members_with_a_client_id_of_their_own(app: Any, tmp_path: Path) -> None:
    assert app.conf.consumer_group_instance_id == "w1"
    again = build_app(counting_spec(3), Settings(data_dir=tmp_path), "w1")
    assert again.conf.broker_client_id != app.conf.broker_client_id


def test_the_app_uses_every_override(app: Any) -> None:
    assert app.conf.Monitor is QuietMonitor
    assert app.conf.TableManager is TableManager
    assert issubclass(app.conf.PartitionAssignor, SlotAssignor)
    assert app._new_transport().Consumer is SlotConsumer
    assert app.conf.broker_check_crcs is False
    assert app.conf.table_standby_replicas == 0
