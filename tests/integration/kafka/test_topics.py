"""Topics on a real broker: created with leaders, checked, and refused when they do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.errors import BrokerUnavailable, ConfigurationError, TopicsMismatch, TopicsMissing
from streams.kafka.deployment import DeploymentRecord, read_deployment, require_deployment
from streams.kafka.topic_admin import check_topics, create_topics, require_topics
from streams.kafka.topic_plan import plan_topics
from streams.settings import Settings


def settings_for(kafka: str, prefix: str, **others: Any) -> Settings:
    return Settings(bootstrap=kafka, prefix=prefix, **others)


async def make(kafka: str, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        answer = await admin.create_topics([topic])
        assert [error for _name, error, *_ in answer.topic_errors] == [0]
    finally:
        await admin.close()


async def test_all_topics_are_created_and_a_new_client_sees_every_partition(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix, partitions=3, in_partitions=2, clock="events")
    created = await create_topics(settings)
    assert created == [plan.name for plan in plan_topics(settings)]
    assert len(created) == 26

    consumer = AIOKafkaConsumer(*created, bootstrap_servers=kafka)
    await consumer.start()
    try:
        for plan in plan_topics(settings):
            assert len(consumer.partitions_for_topic(plan.name) or ()) == plan.partitions, plan.name
    finally:
        await consumer.stop()

    report = await check_topics(settings)
    assert [(finding.problems, finding.warnings) for finding in report.findings] == [([], [])] * 26
    assert await require_topics(settings) == DeploymentRecord.from_settings(settings)


async def test_creating_them_again_changes_nothing(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix, partitions=1, in_partitions=1)
    await create_topics(settings)
    assert await create_topics(settings) == []


async def test_a_worker_without_topics_gets_the_command_that_creates_them(kafka: str, prefix: str) -> None:
    with pytest.raises(TopicsMissing, match="topics create"):
        await require_topics(settings_for(kafka, prefix))


async def test_clock_and_partitions_are_fixed_when_topics_are_created(kafka: str, prefix: str) -> None:
    await create_topics(settings_for(kafka, prefix, partitions=2, in_partitions=1, clock="wall"))
    with pytest.raises(TopicsMismatch, match="clock=wall"):
        await require_topics(settings_for(kafka, prefix, partitions=2, clock="events"))
    with pytest.raises(TopicsMismatch, match="partitions=2"):
        await require_topics(settings_for(kafka, prefix, partitions=4, clock="wall"))
    with pytest.raises(TopicsMismatch, match="clock=wall"):
        await create_topics(settings_for(kafka, prefix, partitions=2, clock="events"))


async def test_a_journal_of_another_width_is_refused_and_the_deployment_stays_unfixed(
    kafka: str, prefix: str
) -> None:
    await make(kafka, NewTopic(f"{prefix}journal", 3, 1))
    settings = settings_for(kafka, prefix, partitions=2, in_partitions=1)
    with pytest.raises(TopicsMismatch, match="journal has 3 partitions, 2 are needed"):
        await create_topics(settings)
    assert (await check_topics(settings)).deployment is None


async def test_a_foreign_in_topic_that_lets_time_run_ahead_is_refused(kafka: str, prefix: str) -> None:
    lax = {"message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": "86400000"}
    await make(kafka, NewTopic(f"{prefix}web-visits", 5, 1, topic_configs=lax))
    with pytest.raises(TopicsMismatch, match="more than an hour ahead"):
        await create_topics(settings_for(kafka, prefix, partitions=1, in_partitions=1))


async def test_a_foreign_in_topic_with_create_time_only_warns(kafka: str, prefix: str) -> None:
    await make(kafka, NewTopic(f"{prefix}web-visits", 5, 1))
    settings = settings_for(kafka, prefix, partitions=1, in_partitions=1)
    await create_topics(settings)
    report = await check_topics(settings)
    warned = {finding.topic for finding in report.findings if finding.warnings}
    assert warned == {f"{prefix}web-visits"}


async def test_what_the_broker_refuses_is_named(kafka: str, prefix: str) -> None:
    with pytest.raises(ConfigurationError, match=f"refuses to create {prefix}"):
        await create_topics(settings_for(kafka, prefix, partitions=1, in_partitions=1, replication=3))


async def test_no_broker_is_one_clear_line() -> None:
    with pytest.raises(BrokerUnavailable, match=r"no Kafka answers at 127\.0\.0\.1:1;"):
        await check_topics(Settings(bootstrap="127.0.0.1:1"))


async def test_a_broker_without_our_topics_has_no_deployment(kafka: str, prefix: str) -> None:
    settings = settings_for(kafka, prefix)
    assert await read_deployment(settings) is None
    with pytest.raises(TopicsMissing, match="no deployment with this prefix; `leadstream topics create`"):
        await require_deployment(settings)
