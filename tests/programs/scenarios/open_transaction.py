"""One partition cannot be read, because a foreign producer left a transaction open in it.

No consumer can read past that transaction's first record. Time must wait for the partition, since its events arrived
before; the events of all other partitions must not wait. When the transaction commits or aborts, everything that was
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
from streams.engine.journal.records import JournalEvent, Marker, Tick, decode
from tests.harness.deployment.live_deployment import LiveDeployment, wait_for, wait_until
from tests.harness.kafka.topic_follower import follow_topics
from tests.harness.runtime.oracle import OracleVerdict

WINDOW_MS = 4_000
BLOCKED = 1
"""The partition of `web-visits` that cannot be read."""
PAUSE_SECONDS = 0.1
SETTLE_SECONDS = 120.0
ENOUGH_DUE = 15
"""The minimum number of contacts that are due while the partition cannot be read, also on a slow machine."""

DEFINITIONS = {
    "account": "default",
    "segments": [{"id": "fresh", "dynamic": True, "when": {"visit": {}, "within": f"{WINDOW_MS // 1000}s"}}],
}


@dataclass
class OpenTransactionObserver:
    """The committed records, and when (ms) each event was journaled."""

    journaled_at: dict[str, int] = field(default_factory=dict)
    last_tick: int = 0
    markers: int = 0
    entries: dict[str, list[int]] = field(default_factory=dict)
    exits: dict[str, list[int]] = field(default_factory=dict)

    def observe(self, topic: str, record: Any) -> None:
        """Adds one record of the journal or of `segment-changes`."""
        if topic.endswith(JOURNAL.name):
            entry = decode(record.value)
            if isinstance(entry, JournalEvent):
                self.journaled_at[entry.owner] = now_ms()
            elif isinstance(entry, Tick):
                self.last_tick = max(self.last_tick, entry.at)
            else:
                self.markers += isinstance(entry, Marker)
            return
        change = msgspec.json.decode(record.value)
        instants_by_contact = self.entries if change["type"] == "segment.entered" else self.exits
        instants_by_contact.setdefault(change["contact"], []).append(instant_ms(change["at"]))


@dataclass
class OpenTransactionReport:
    """What happened while the partition could not be read; times in ms."""

    open_ms: list[int] = field(default_factory=list)
    """How long each transaction was open."""
    journaled_meanwhile: int = 0
    slowest: int = 0
    """The longest time that an event of another partition took to be journaled meanwhile."""
    delayed_exits: int = 0
    """Exits that were due meanwhile, and happened afterwards."""
    exits: int = 0
    verdict: OracleVerdict = field(default_factory=OracleVerdict)
    wrong: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"partition {BLOCKED} of {WEB_VISITS.name} could not be read for {self.open_ms} ms",
                f"{self.journaled_meanwhile} events of others journaled meanwhile, the slowest in {self.slowest} ms",
                f"{self.delayed_exits} exits were due meanwhile and waited; {self.exits} exits in all,"
                " each at its instant",
                f"WRONG: {dict(self.wrong)}" if self.wrong else "HOLDS",
                f"the oracle: {self.verdict}",
            ]
        )


class Visitors:
    """Publishes one visit for each contact; `visits` holds contact -> instant (ms)."""

    def __init__(self, deployment: LiveDeployment) -> None:
        self._deployment = deployment
        self.visits: dict[str, int] = {}

    async def visit(self, contact: str, partition: int) -> None:
        """Publishes a visit at the present time in the given partition."""
        await self._deployment.send(WEB_VISITS.name, self.visit_event(contact), partition=partition)
        await self._deployment.flush()

    def visit_event(self, contact: str) -> dict[str, Any]:
        """Returns the event of a visit at the present time."""
        self.visits[contact] = at = now_ms()
        url = "https://shop.example/"
        return {"id": contact, "type": "web.visited", "at": instant_text(at), "contact": contact, "url": url}


async def run(deployment: LiveDeployment, hold: float = 14.0, workers: int = 2) -> OpenTransactionReport:
    """Runs the scenario with two transactions, each open for `hold` seconds: one is committed, one is aborted."""
    report, observer, visitors = OpenTransactionReport(), OpenTransactionObserver(), Visitors(deployment)
    topics = [deployment.settings.prefix + topic.name for topic in (JOURNAL, SEGMENT_CHANGES)]
    await deployment.apply(DEFINITIONS)
    await deployment.start_workers(*(f"w{number}" for number in range(workers)))
    async with follow_topics(deployment.settings.bootstrap, topics, observer.observe):
        await wait_until(
            lambda: observer.markers == deployment.settings.partitions, SETTLE_SECONDS, "the definitions are in force"
        )
        await block_partition(deployment, visitors, observer, hold, report, commit=True)
        await block_partition(deployment, visitors, observer, hold, report, commit=False)
        await wait_for(lambda: len(observer.exits) >= len(visitors.visits), SETTLE_SECONDS)
    verify(observer, visitors, report)
    await asyncio.to_thread(deployment.fleet.stop)
    report.verdict = await deployment.verdict()
    report.wrong.update(report.verdict.wrong)
    return report


async def block_partition(
    deployment: LiveDeployment,
    visitors: Visitors,
    observer: OpenTransactionObserver,
    hold: float,
    report: OpenTransactionReport,
    *,
    commit: bool,
) -> None:
    """Publishes visits to all partitions, then opens the transaction and goes on in the other partitions."""
    name = "committed" if commit else "aborted"
    partitions = deployment.settings.in_partitions
    for number in range(2 * partitions):
        await visitors.visit(f"{name}-before-{number}", number % partitions)
    await wait_until(
        lambda: all(contact in observer.journaled_at for contact in visitors.visits),
        SETTLE_SECONDS,
        "all is journaled",
    )
    async with open_transaction(deployment, commit=commit) as producer:
        inside = visitors.visit_event(f"{name}-inside")
        value, key = msgspec.json.encode(inside), inside["contact"].encode()
        topic = deployment.settings.prefix + WEB_VISITS.name
        opened_at = (await producer.send_and_wait(topic, value, key=key, partition=BLOCKED)).timestamp
        await visitors.visit(f"{name}-behind", BLOCKED)
        others = await send_other_visits(visitors, name, hold, partitions)
        await wait_for(lambda: others <= observer.journaled_at.keys(), SETTLE_SECONDS)
        record_observations(observer, visitors, others, opened_at, report)
        report.open_ms.append(now_ms() - opened_at)
    if not commit:
        del visitors.visits[inside["contact"]]


async def send_other_visits(visitors: Visitors, name: str, hold: float, partitions: int) -> set[str]:
    """Publishes visits in the other partitions for `hold` seconds and until enough are due; returns the contacts."""
    others: set[str] = set()
    open_partitions = [number for number in range(partitions) if number != BLOCKED]
    end = time.monotonic() + hold
    while time.monotonic() < end or sum(visitors.visits[who] + WINDOW_MS < now_ms() for who in others) < ENOUGH_DUE:
        contact = f"{name}-other-{len(others)}"
        await visitors.visit(contact, open_partitions[len(others) % len(open_partitions)])
        others.add(contact)
        await asyncio.sleep(PAUSE_SECONDS)
    return others


def record_observations(
    observer: OpenTransactionObserver,
    visitors: Visitors,
    others: set[str],
    opened_at: int,
    report: OpenTransactionReport,
) -> None:
    """Checks, while the transaction is open, that other events are journaled and that time did not pass it."""
    durations = [
        observer.journaled_at[contact] - visitors.visits[contact]
        for contact in others
        if contact in observer.journaled_at
    ]
    report.journaled_meanwhile += len(durations)
    report.slowest = max(report.slowest, *durations)
    report.delayed_exits += sum(opened_at <= at + WINDOW_MS < now_ms() for at in visitors.visits.values())
    wrong = report.wrong
    wrong["events of others held up"] += len(others) - len(durations)
    wrong["ticks that passed what cannot be read"] += observer.last_tick > opened_at
    blocked = {contact for contact in visitors.visits if contact.endswith(("-inside", "-behind"))}
    wrong["read though not committed"] += any(
        visitors.visits[contact] >= opened_at - WINDOW_MS and contact in observer.journaled_at for contact in blocked
    )
    wrong["exits too early"] += sum(at >= opened_at for instants in observer.exits.values() for at in instants)


@asynccontextmanager
async def open_transaction(deployment: LiveDeployment, *, commit: bool) -> AsyncIterator[Any]:
    """Yields a foreign producer in a transaction that ends with the block."""
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=deployment.settings.bootstrap,
        transactional_id=f"{deployment.settings.prefix}somebody-else",
        transaction_timeout_ms=120_000,
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        yield producer
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


def verify(observer: OpenTransactionObserver, visitors: Visitors, report: OpenTransactionReport) -> None:
    """Checks that exactly the visitors entered once, and left once exactly a window after the visit."""
    wrong = report.wrong
    for contact, at in visitors.visits.items():
        wrong["not entered once"] += len(observer.entries.get(contact, [])) != 1
        wrong["not left once, exactly a window later"] += observer.exits.get(contact) != [at + WINDOW_MS]
    wrong["an aborted visit counted"] += len(observer.entries.keys() - visitors.visits.keys())
    report.exits = len(observer.exits)
    report.wrong = +wrong


def now_ms() -> int:
    """Returns the wall clock in ms."""
    return time.time_ns() // 1_000_000
