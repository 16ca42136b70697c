"""Finds partitions of in-topics whose next record is gone, and puts the gaps on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.topics import CONTACTS_CHANGELOG, LEDGER_IN, OPPORTUNITIES_CHANGELOG, PIPELINE_IN
from streams.kafka.clients import fetch_partitions
from streams.kafka.deployment import require_deployment
from streams.kafka.partitions import Partition
from streams.kafka.protocols import Consumer, TopicPartitionLike
from streams.kafka.reader import open_consumer
from streams.kafka.source_gaps import SourceGap, SourceGaps, read_source_gaps, write_source_gaps
from streams.settings import Settings
from streams.store.checkpoints import read_checkpoints

CLIENT = "leadstream-gaps"
_PEEK_MS = 2_000
"""How long the first record that is left is waited for; there may be none."""

IN_TOPICS = tuple(topic.name for topic in (*PIPELINE_IN, *LEDGER_IN))


async def find_source_gaps(settings: Settings) -> Sequence[SourceGap]:
    """The gaps that workers stop at and that are not on record, by partition.

    Raises TopicsMissing, BrokerUnavailable.
    """
    await require_deployment(settings)
    changelogs = [settings.prefix + topic.name for topic in (CONTACTS_CHANGELOG, OPPORTUNITIES_CHANGELOG)]
    partitions = await fetch_partitions(
        settings.bootstrap, [*changelogs, *(settings.prefix + name for name in IN_TOPICS)]
    )
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        checkpoints = await read_checkpoints(consumer, [each for name in changelogs for each in partitions[name]])
        positions = {name: at for each in checkpoints.values() for name, at in each.feeds.items()}
        arrivals = {name: at for each in checkpoints.values() for name, at in each.arrivals.items()}
        gaps = await read_source_gaps(settings, consumer)
    sources = [each for name in IN_TOPICS for each in partitions[settings.prefix + name]]
    async with open_consumer(settings.bootstrap, CLIENT, "read_uncommitted") as consumer:
        consumer.assign(sources)
        beginnings = await consumer.beginning_offsets(sources)
        ends = await consumer.end_offsets(sources)
        found = []
        for tp in sources:
            name = Partition(tp.topic.removeprefix(settings.prefix), tp.partition)
            if str(name) not in positions:
                continue  # never read: it is read from its first record on
            position = gaps.position_after(name, positions[str(name)], beginnings[tp], ends[tp])
            if not beginnings[tp] <= position <= ends[tp]:
                last = arrivals.get(str(name)) or None
                first = await _first_arrival(consumer, tp, beginnings[tp], ends[tp])
                found.append(SourceGap(*name, position, beginnings[tp], last, first))
    return found


async def accept_source_gaps(settings: Settings, gaps: Iterable[SourceGap]) -> None:
    """Puts gaps on record; workers read on within seconds. Raises BrokerUnavailable."""
    await write_source_gaps(settings, gaps)


async def read_gaps_on_record(settings: Settings) -> SourceGaps:
    """The gaps that were accepted. Raises BrokerUnavailable."""
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        return await read_source_gaps(settings, consumer)


async def _first_arrival(consumer: Consumer, partition: TopicPartitionLike, beginning: int, end: int) -> int | None:
    """The timestamp (ms) of the first record that is left; None where there is none."""
    if beginning >= end:
        return None
    consumer.seek(partition, beginning)
    fetched = await consumer.getmany(partition, timeout_ms=_PEEK_MS, max_records=1)
    records = fetched.get(partition, [])
    return max(records[0].timestamp, 0) if records else None


def parse_source(text: str) -> Partition:
    """The partition of an in-topic as `TOPIC:PARTITION` names it. Raises ValueError for anything else."""
    source = Partition.parse(text)
    if source.topic not in IN_TOPICS:
        raise ValueError(f"{source.topic!r} is no in-topic")
    return source
