"""Publishes events at fixed rates, a quarter of them probes; the latency measurement runs it as a process of its own.

The id of a probe is its phase, the instant of sending (ns) and a number, separated by `:`. The phases are the rates,
with `warm` while a rate begins, and `silence` for probes after a second in which nothing was sent.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from benchmarks.side_by_side.events import EventGenerator, EventPlan, JobEvent
from benchmarks.side_by_side.topics import PARTITIONS
from streams.kafka.partitions import partition_for_key

WARM, SILENCE = "warm", "silence"
PROBE_STRIDE = 4
SILENCE_SECONDS = 1.0
TURN_SECONDS = 0.002
WARM_SHARE = 0.25


class TrafficPlan(msgspec.Struct, frozen=True):
    """What to publish where; `names` maps the topic of an event to where it goes, `seconds` is for each rate."""

    bootstrap: str
    names: dict[str, str]
    plan: EventPlan
    rates: list[int]
    seconds: float
    silences: int


class TrafficCounts(msgspec.Struct, frozen=True):
    """How many probes were sent in each phase, and the most that sending was behind its time (s)."""

    probes: dict[str, int]
    behind: float


@dataclass
class RatedTraffic:
    """The traffic of one plan: each rate for its time, then single probes."""

    plan: TrafficPlan
    producer: Any
    probes: Counter[str] = field(default_factory=Counter)
    behind: float = 0.0
    _sends: list[Any] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._generator = EventGenerator(self.plan.plan, lambda: time.time_ns() // 1_000_000)

    async def run(self) -> None:
        """Publishes everything, and returns when all is acknowledged."""
        for rate in self.plan.rates:
            await self._run_rate(rate)
        for _ in range(self.plan.silences):
            await self._flush()
            await asyncio.sleep(SILENCE_SECONDS)
            await self._send([self._probe(SILENCE)])
        await self._flush()

    async def _run_rate(self, rate: int) -> None:
        start = time.monotonic()
        total = round(rate * self.plan.seconds)
        sent = 0
        while sent < total:
            passed = time.monotonic() - start
            due = min(total, int(passed * rate))
            self.behind = max(self.behind, passed - (sent + 1) / rate)
            phase = WARM if passed < self.plan.seconds * WARM_SHARE else str(rate)
            events = []
            for _ in range(due - sent):
                self._count += 1
                is_probe = self._count % PROBE_STRIDE == 0
                events.append(self._probe(phase) if is_probe else self._event())
            await self._send(events)
            sent = due
            await asyncio.sleep(TURN_SECONDS)
        await self._flush()

    def _event(self) -> JobEvent:
        contact = self._count * 7_919 % self.plan.plan.contacts
        make = self._generator.visit if self._count % 2 else self._generator.change
        return make(contact)

    def _probe(self, phase: str) -> JobEvent:
        self.probes[phase] += 1
        self._count += 1
        identifier = f"{phase}:{time.time_ns()}:{self._count}"
        return self._generator.probe(self._count * 7_919 % self.plan.plan.contacts, identifier)

    async def _send(self, events: Iterable[JobEvent]) -> None:
        """Sends the events of one turn, a batch for each partition: it shares the cores with what is measured."""
        batches: dict[tuple[str, int], Any] = {}
        for event in events:
            place = self.plan.names[event.topic], partition_for_key(event.key, PARTITIONS)
            batch = batches.get(place)
            if batch is None:
                batch = batches[place] = self.producer.create_batch()
            while batch.append(key=event.key, value=event.value, timestamp=None) is None:
                await self._send_batch(place, batch)
                batch = batches[place] = self.producer.create_batch()
        for place, batch in batches.items():
            await self._send_batch(place, batch)

    async def _send_batch(self, place: tuple[str, int], batch: Any) -> None:
        topic, partition = place
        self._sends.append(await self.producer.send_batch(batch, topic, partition=partition))

    async def _flush(self) -> None:
        await asyncio.gather(*self._sends)
        self._sends.clear()


async def main() -> None:
    """Publishes the plan in the file of the command line and prints the counts."""
    content = await asyncio.to_thread(Path(sys.argv[1]).read_bytes)
    plan = msgspec.json.decode(content, type=TrafficPlan)
    producer: Any = AIOKafkaProducer(bootstrap_servers=plan.bootstrap, linger_ms=0)
    await producer.start()
    try:
        traffic = RatedTraffic(plan, producer)
        await traffic.run()
    finally:
        await producer.stop()
    sys.stdout.write(msgspec.json.encode(TrafficCounts(dict(traffic.probes), traffic.behind)).decode())


if __name__ == "__main__":
    asyncio.run(main())
