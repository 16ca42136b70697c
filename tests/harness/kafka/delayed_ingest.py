"""A small reader of in-topics that writes a journal, each in-topic as late as it is told to be.

With it a test decides which topic is journaled first, which with a worker is a matter of luck.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from schemas.topics import CLOCK, DEAD_LETTERS, JOURNAL, LEDGER_IN, PIPELINE_IN, Topic
from schemas.values import instant_ms
from streams.engine.journal import records
from streams.kafka.clients import fetch_partitions
from streams.settings import Settings


class DelayedIngest:
    """Runs as a task inside `async with`; `delays` are seconds per topic. Values that are no events are refused."""

    def __init__(self, settings: Settings, delays: Mapping[str, float]) -> None:
        self._settings = settings
        self._delays = delays
        self._producer: Any = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, acks="all", linger_ms=0)
        self._tasks: list[asyncio.Task[None]] = []
        self._positions: dict[str, int] = {}
        self._progress = asyncio.Condition()

    async def __aenter__(self) -> DelayedIngest:
        await self._producer.start()
        for topic in (*PIPELINE_IN, *LEDGER_IN, CLOCK):
            self._tasks.append(asyncio.create_task(self._follow(topic)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._producer.stop()
        for each in ended:
            if isinstance(each, Exception):
                raise each

    async def _follow(self, topic: Topic) -> None:
        name = self._settings.prefix + topic.name
        consumer: Any = AIOKafkaConsumer(bootstrap_servers=self._settings.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            consumer.assign((await fetch_partitions(self._settings.bootstrap, [name]))[name])
            async for record in consumer:
                await asyncio.sleep(self._delays.get(topic.name, 0.0))
                await (self._write_tick(record) if topic is CLOCK else self._ingest(topic.name, record))
        finally:
            await consumer.stop()

    async def _ingest(self, topic: str, record: Any) -> None:
        event = json.loads(record.value)
        source = (topic, record.partition, record.offset)
        if "id" not in event:
            headers = [("source-topic", topic.encode())]
            headers += [("source-partition", b"%d" % record.partition), ("source-offset", b"%d" % record.offset)]
            await self._write(DEAD_LETTERS, record.key, record.value, headers=headers)
        else:
            account, contact = event.get("account", "default"), record.key.decode()
            at = instant_ms(event["at"])
            entry = records.JournalEvent(event["type"], event["id"], at, account, contact, source)
            await self._write(JOURNAL, records.event_key(account, contact), records.encode(entry))
        async with self._progress:
            self._positions[f"{topic}:{record.partition}"] = record.offset + 1
            self._progress.notify_all()

    async def _write_tick(self, record: Any) -> None:
        told = json.loads(record.value)
        async with self._progress:
            await self._progress.wait_for(lambda: self._has_reached(told["ends"]))
        tick = records.encode(records.Tick(instant_ms(told["at"]), told["account"]))
        for partition in range(self._settings.partitions):
            await self._write(JOURNAL, records.TICK_KEY, tick, partition=partition)

    def _has_reached(self, ends: Mapping[str, int]) -> bool:
        return all(self._positions.get(place, 0) >= end for place, end in ends.items())

    async def _write(self, topic: Topic, key: bytes, value: bytes, **more: Any) -> None:
        await self._producer.send_and_wait(self._settings.prefix + topic.name, value, key, **more)


async def read_journal(settings: Settings) -> dict[int, list[records.JournalRecord]]:
    """The journal as it stands: partition -> records in order."""
    name = settings.prefix + JOURNAL.name
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        places = [TopicPartition(name, number) for number in range(settings.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(places)
        found: dict[int, list[records.JournalRecord]] = {place.partition: [] for place in places}
        for place in places:
            while await consumer.position(place) < ends[place]:
                fetched = await consumer.getmany(place, timeout_ms=500)
                found[place.partition] += [records.decode(each.value) for each in fetched.get(place, [])]
        return found
    finally:
        await consumer.stop()
