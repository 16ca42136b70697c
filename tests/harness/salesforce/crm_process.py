"""Hand-overs for tests of the CRM process: topics, records on them, and what came of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from agents.crm.backoff import Backoff
from agents.crm.factory import build_handover_consumer
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.opportunities.opportunity_poller import OpportunityPoller
from agents.crm.opportunities.opportunity_pollers import OpportunityPollers
from connectors.salesforce.handover.delivery import MappingProvider, RetryPolicy
from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.directory import OrgDirectory
from schemas.definitions import Salesforce
from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from streams.store.handovers.progress import HandOverProgress, read_progress
from tests.harness.cli import leadstream
from tests.harness.kafka.topic_reader import read_topic
from tests.harness.salesforce.sandbox import SandboxClient

BRISK = RetryPolicy(attempts=4, initial_wait=0.01, max_wait=0.05, jitter=0.01)
QUICK = Backoff(first=0.05, longest=0.2, manual=0.2)

HandOverFactory = Callable[..., LeadHandOver]


async def create_crm_topics(kafka: str, prefix: str, sandbox: SandboxClient, **more: Any) -> Settings:
    """The settings of a deployment whose topics are there, and whose org is the sandbox."""
    settings = Settings(
        bootstrap=kafka,
        prefix=prefix,
        partitions=2,
        in_partitions=2,
        salesforce_url=sandbox.url,
        salesforce_client_id="leadstream",
        salesforce_client_secret="leadstream",
        salesforce_poll_ms=50,
        salesforce_linger_ms=20,
        salesforce_currency="EUR",
        **more,
    )
    await create_topics(settings, lambda *_: None)
    return settings


@contextmanager
def running_crm_process(settings: Settings) -> Iterator[None]:
    """A process of the role `crm`, ended at the end."""
    command = [sys.executable, "-m", "agents.crm.main"]
    with subprocess.Popen(command, env=child_environment(settings), stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def default_mapping(_account: str) -> Salesforce:
    """The default mapping, whatever the account."""
    return Salesforce()


def consumer_of(settings: Settings, mapping: MappingProvider = default_mapping) -> HandOverConsumer:
    """A hand-over consumer that tries again soon."""
    directory = OrgDirectory.from_settings(settings)
    return build_handover_consumer(settings, directory, mapping, backoff=QUICK, patience=BRISK)


@asynccontextmanager
async def running(role: HandOverConsumer | OpportunityPoller | OpportunityPollers) -> AsyncIterator[None]:
    """Runs a part of the CRM process beside the test; its error is the test's."""
    task = asyncio.create_task(role.run())
    try:
        yield
        assert not task.done() or task.exception() is None
    finally:
        role.stop()
        await asyncio.wait_for(task, 60)


async def until(holds: Callable[[], bool | Awaitable[bool]], what: str, seconds: float = 60) -> None:
    """Waits for a condition, with a bound."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        answer = holds()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


async def produce(settings: Settings, topic: str, *records: tuple[str, bytes | None]) -> None:
    """Writes records, key and value."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=settings.bootstrap)
    await producer.start()
    try:
        futures = [await producer.send(settings.prefix + topic, value, key.encode()) for key, value in records]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


def record_of(handover: LeadHandOver) -> tuple[str, bytes]:
    """The record of `qualified-leads` of a hand-over."""
    value = msgspec.to_builtins(handover)
    value.pop("retry", None)
    return f"{handover.account}/{handover.contact}", json.dumps(value).encode()


async def hand_over_all(settings: Settings, *handovers: LeadHandOver) -> None:
    """Writes hand-overs to `qualified-leads`."""
    await produce(settings, "qualified-leads", *map(record_of, handovers))


def for_account(account: str, handover: LeadHandOver) -> LeadHandOver:
    """The same hand-over of another account."""
    return msgspec.structs.replace(handover, account=account, id=f"{account}-{handover.id}")


async def read_all(settings: Settings, topic: str) -> list[Any]:
    """Every record of a topic up to its present end."""
    partitions = await read_topic(settings.bootstrap, settings.prefix + topic)
    return [each for records in partitions.values() for each in records]


async def events_of(settings: Settings, topic: str) -> list[dict[str, Any]]:
    """Every value of a topic."""
    return [json.loads(each.value) for each in await read_all(settings, topic)]


async def progress_of(settings: Settings) -> dict[int, HandOverProgress]:
    """What the group has committed, by partition."""
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap)
    await admin.start()
    try:
        topic = f"{settings.prefix}qualified-leads"
        partitions = [TopicPartition(topic, each) for each in range(settings.partitions)]
        progress = await read_progress(admin, f"{settings.prefix}leadstream-crm", partitions)
        return {partition.partition: each for partition, each in progress.items()}
    finally:
        await admin.close()


async def committed_count(settings: Settings) -> int:
    """How many hand-overs the group has committed."""
    return sum(each.offset for each in (await progress_of(settings)).values())


async def all_committed(settings: Settings, count: int) -> None:
    """Until the group has committed so many hand-overs."""

    async def is_so() -> bool:
        return await committed_count(settings) == count

    await until(is_so, f"{count} committed")


async def salesforce_command(settings: Settings, *arguments: str, exit_code: int = 0) -> tuple[str, str]:
    """What `leadstream salesforce ...` writes: output, notes."""
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    result = await asyncio.to_thread(leadstream, "salesforce", *arguments, env=environment)
    assert result.returncode == exit_code, result.stderr
    return result.stdout, result.stderr


async def stopped_in(settings: Settings) -> set[str]:
    """The accounts that stand still, as the group has committed it."""
    return {account for each in (await progress_of(settings)).values() for account in each.stops}


async def commit_at(settings: Settings, offset: int) -> None:
    """Commits an offset of every partition: the state of a worker that died after the effects, before the commit."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap, group_id=f"{settings.prefix}leadstream-crm", enable_auto_commit=False
    )
    await consumer.start()
    try:
        topic = f"{settings.prefix}qualified-leads"
        partitions = [TopicPartition(topic, each) for each in range(settings.partitions)]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, offset))
    finally:
        await consumer.stop()
