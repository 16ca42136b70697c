"""One partition cannot be read: a foreign producer has left a transaction open in it.

Nothing behind that transaction's first record can be read by anybody. Time must wait for it, since what it holds
arrived long ago; the events of all other partitions must not. When it ends, by commit or abort, everything that was
due in the meantime happens at its own instant.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.topics import JOURNAL, SEGMENT_CHANGES, WEB_VISITS
from schemas.values import instant_ms, instant_text
from streams.engine.journal.records import Event, Marker, Tick, decode
from tests.harness.deployment.live_deployment import Stage, came, until
from tests.harness.kafka.topic_follower import following
from tests.harness.runtime.oracle import Verdict

WINDOW_MS = 4_000
BLOCKED = 1
"""The partition of `web-visits` that cannot be read."""
PAUSE_SECONDS = 0.1
SETTLE_SECONDS = 120.0
ENOUGH_DUE = 15
"""So many contacts at least are due while nothing can be read, however slow the machine is."""

DEFINITIONS = {
    "account": "default",
    "segments": [{"id": "fresh", "dynamic": True, "when": {"visit": {}, "within": f"{WINDOW_MS // 1000}s"}}],
}


@dataclass
class Seen:
    """What was committed, and when (ms) it was seen."""

    journaled: dict[str, int] = field(default_factory=dict)
    last_tick: int = 0
    markers: int = 0
    entered: dict[str, list[int]] = field(default_factory=dict)
    exited: dict[str, list[int]] = field(default_factory=dict)

    def see(self, topic: str, record: Any) -> None:
        """One record of the journal or of `segment-changes`."""
        if topic.endswith(JOURNAL.name):
            entry = decode(record.value)
            if isinstance(entry, Event):
                self.journaled[entry.contact] = now_ms()
            elif isinstance(entry, Tick):
                self.last_tick = max(self.last_tick, entry.at)
            else:
                self.markers += isinstance(entry, Marker)
            return
        change = msgspec.json.decode(record.value)
        kept = self.entered if change["type"] == "segment.entered" else self.exited
        kept.setdefault(change["contact"], []).append(instant_ms(change["at"]))


@dataclass
class OpenTransaction:
    """What was seen while the partition could not be read; times in ms."""

    held: list[int] = field(default_factory=list)
    """How long each transaction was open."""
    journaled_meanwhile: int = 0
    slowest: int = 0
    """The longest that an event of another partition took into the journal meanwhile."""
    waited: int = 0
    """Exits that were due meanwhile, and came after it."""
    exits: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    wrong: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"partition {BLOCKED} of {WEB_VISITS.name} could not be read for {self.held} ms",
                f"{self.journaled_meanwhile} events of others journaled meanwhile, the slowest in {self.slowest} ms",
                f"{self.waited} exits were due meanwhile and waited; {self.exits} exits in all, each at its instant",
                f"WRONG: {dict(self.wrong)}" if self.wrong else "HOLDS",
                f"the oracle: {self.verdict}",
            ]
        )


class Crowd:
    """Visits of contacts, one each; contact -> when it was (ms)."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.visits: dict[str, int] = {}

    async def visit(self, contact: str, partition: int) -> None:
        """A visit now, in a partition of our choice."""
        await self._stage.send(WEB_VISITS.name, self.event(contact), partition=partition)
        await self._stage.delivered()

    def event(self, contact: str) -> dict[str, Any]:
        """The event of a visit now."""
        self.visits[contact] = at = now_ms()
        url = "https://shop.example/"
        return {"id": contact, "type": "web.visited", "at": instant_text(at), "contact": contact, "url": url}


async def run(stage: Stage, hold: float = 14.0, workers: int = 2) -> OpenTransaction:
    """Twice `hold` seconds of an open transaction: one that is committed, and one that is aborted."""
    report, seen, crowd = OpenTransaction(), Seen(), Crowd(stage)
    topics = [stage.settings.prefix + topic.name for topic in (JOURNAL, SEGMENT_CHANGES)]
    await stage.apply(DEFINITIONS)
    await stage.start(*(f"w{number}" for number in range(workers)))
    async with following(stage.settings.bootstrap, topics, seen.see):
        await until(lambda: seen.markers == stage.settings.partitions, SETTLE_SECONDS, "the definitions are in force")
        await block(stage, crowd, seen, hold, report, commit=True)
        await block(stage, crowd, seen, hold, report, commit=False)
        await came(lambda: len(seen.exited) >= len(crowd.visits), SETTLE_SECONDS)
    judge(seen, crowd, report)
    await asyncio.to_thread(stage.fleet.stop)
    report.verdict = await stage.verdict()
    report.wrong.update(report.verdict.wrong)
    return report


async def block(
    stage: Stage, crowd: Crowd, seen: Seen, hold: float, report: OpenTransaction, *, commit: bool
) -> None:
    """Visits go on, first freely, then while one partition cannot be read."""
    name = "committed" if commit else "aborted"
    partitions = stage.settings.in_partitions
    for number in range(2 * partitions):
        await crowd.visit(f"{name}-before-{number}", number % partitions)
    await until(
        lambda: all(contact in seen.journaled for contact in crowd.visits), SETTLE_SECONDS, "all is journaled"
    )
    async with open_transaction(stage, commit=commit) as producer:
        inside = crowd.event(f"{name}-inside")
        value, key = msgspec.json.encode(inside), inside["contact"].encode()
        topic = stage.settings.prefix + WEB_VISITS.name
        opened = (await producer.send_and_wait(topic, value, key=key, partition=BLOCKED)).timestamp
        await crowd.visit(f"{name}-behind", BLOCKED)
        others = await visits_of_others(crowd, name, hold, partitions)
        await came(lambda: others <= seen.journaled.keys(), SETTLE_SECONDS)
        note_what_happened(seen, crowd, others, opened, report)
        report.held.append(now_ms() - opened)
    if not commit:
        del crowd.visits[inside["contact"]]


async def visits_of_others(crowd: Crowd, name: str, hold: float, partitions: int) -> set[str]:
    """Visits in all other partitions for so long, and until enough of those who came are due; who came."""
    others: set[str] = set()
    open_partitions = [number for number in range(partitions) if number != BLOCKED]
    end = time.monotonic() + hold
    while time.monotonic() < end or sum(crowd.visits[who] + WINDOW_MS < now_ms() for who in others) < ENOUGH_DUE:
        contact = f"{name}-other-{len(others)}"
        await crowd.visit(contact, open_partitions[len(others) % len(open_partitions)])
        others.add(contact)
        await asyncio.sleep(PAUSE_SECONDS)
    return others


def note_what_happened(seen: Seen, crowd: Crowd, others: set[str], opened: int, report: OpenTransaction) -> None:
    """While the transaction is open still: others got through, and time did not pass it."""
    took = [seen.journaled[contact] - crowd.visits[contact] for contact in others if contact in seen.journaled]
    report.journaled_meanwhile += len(took)
    report.slowest = max(report.slowest, *took)
    report.waited += sum(opened <= at + WINDOW_MS < now_ms() for at in crowd.visits.values())
    wrong = report.wrong
    wrong["events of others held up"] += len(others) - len(took)
    wrong["ticks that passed what cannot be read"] += seen.last_tick > opened
    blocked = {contact for contact in crowd.visits if contact.endswith(("-inside", "-behind"))}
    wrong["read though not committed"] += any(
        crowd.visits[contact] >= opened - WINDOW_MS and contact in seen.journaled for contact in blocked
    )
    wrong["exits too early"] += sum(at >= opened for instants in seen.exited.values() for at in instants)


@asynccontextmanager
async def open_transaction(stage: Stage, *, commit: bool) -> AsyncIterator[Any]:
    """A producer of somebody else's, in a transaction that ends with the block."""
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=stage.settings.bootstrap,
        transactional_id=f"{stage.settings.prefix}somebody-else",
        transaction_timeout_ms=120_000,
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        yield producer
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


def judge(seen: Seen, crowd: Crowd, report: OpenTransaction) -> None:
    """Everybody who came entered once and left once, exactly a window after the visit; nobody else did."""
    wrong = report.wrong
    for contact, at in crowd.visits.items():
        wrong["not entered once"] += len(seen.entered.get(contact, [])) != 1
        wrong["not left once, exactly a window later"] += seen.exited.get(contact) != [at + WINDOW_MS]
    wrong["an aborted visit counted"] += len(seen.entered.keys() - crowd.visits.keys())
    report.exits = len(seen.exited)
    report.wrong = +wrong


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000
