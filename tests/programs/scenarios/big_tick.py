"""All contacts are due in one tick, a worker is killed in the middle, and live events go on meanwhile.

Every contact's trial began at the same instant, and a segment holds the contacts whose trial began in the last
seconds. So all of them leave it at one instant, in one tick of each journal partition.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import msgspec

from schemas.topics import CONTACT_CHANGES, JOURNAL, SEGMENT_CHANGES
from schemas.values import instant_ms, instant_text
from streams.engine.journal.records import JournalEvent, decode
from tests.harness.deployment.live_deployment import LiveDeployment, wait_until
from tests.harness.kafka.topic_follower import follow_topics

MARGIN_SECONDS = 8
A_CONTACT_SECONDS = 1 / 5_000
"""More than a contact takes to enter the segment, so that the window expires when all are in it."""
PROBE_SECONDS = 0.2
LIMIT_SECONDS = 600.0


@dataclass
class BigTickReport:
    """The result; times in seconds, latencies (of live events meanwhile) in ms, memory in MB."""

    contacts: int
    ingest: float = 0.0
    release: float = 0.0
    tick: float = 0.0
    """From the due instant to the last exit that a reader observed."""
    transactions: int = 0
    ticks_with_exits: dict[int, int] = field(default_factory=dict)
    """Journal partition -> the number of ticks with exits."""
    killed_after: int = 0
    """The number of observed exits when the worker was killed."""
    restarts: int = 0
    deaths: int = 0
    latencies: list[int] = field(default_factory=list)
    memory: Mapping[str, int] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        late = sorted(self.latencies) or [0]
        return "\n".join(
            [
                f"{self.contacts} contacts: ingest {self.ingest:.1f} s, release {self.release:.1f} s,"
                f" tick {self.tick:.1f} s in {self.transactions} portions",
                f"killed after {self.killed_after} exits; {self.restarts} restarts, {self.deaths} other deaths",
                f"ticks with exits, by journal partition: {self.ticks_with_exits}",
                f"latency of {len(self.latencies)} live events during the tick: median {median(late):.0f} ms,"
                f" 95 % {late[len(late) * 95 // 100]} ms, most {late[-1]} ms",
                f"peak memory by worker: {dict(self.memory)} MB",
                f"WRONG: {dict(self.wrong)}" if self.wrong else "HOLDS",
            ]
        )


@dataclass
class BigTickObserver:
    """Observes `segment-changes` as a `read_committed` reader, and counts the events in the journal."""

    exits_to_begin: int
    """The number of exits after which `has_begun` is set."""
    journaled: int = 0
    entered: int = 0
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    exits: list[dict[str, Any]] = field(default_factory=list)
    last_exit: float = 0.0
    probes: dict[str, float] = field(default_factory=dict)
    transactions: set[tuple[int, int]] = field(default_factory=set)
    """Partition and first offset of each transaction with exits."""
    _ends: dict[int, tuple[int, int]] = field(default_factory=dict)

    def observe(self, topic: str, record: Any) -> None:
        """Adds one record of either topic."""
        if topic.endswith(JOURNAL.name):
            self.journaled += isinstance(decode(record.value), JournalEvent)
            return
        transaction = self._transaction(record)
        change = msgspec.json.decode(record.value)
        if change["segment"] == "live":
            self.probes[change["contact"]] = time.time()
        elif change["type"] == "segment.entered":
            self.entered += 1
        else:
            self.exits.append(change)
            self.transactions.add(transaction)
            self.last_exit = time.time()
            if len(self.exits) >= self.exits_to_begin:
                self.has_begun.set()

    def _transaction(self, record: Any) -> tuple[int, int]:
        """Returns partition and first offset of the record's transaction; control records separate transactions."""
        first, last = self._ends.get(record.partition, (record.offset, record.offset - 1))
        first = first if record.offset == last + 1 else record.offset
        self._ends[record.partition] = (first, record.offset)
        return record.partition, first


def definitions(seconds: int) -> dict[str, Any]:
    """Returns two segments: contacts whose trial began in the last `seconds`, and live contacts."""
    on_trial = {"property": "trial_began_at", "within_last": f"{seconds}s"}
    return {
        "account": "default",
        "properties": {"trial_began_at": "datetime", "alive": "boolean"},
        "segments": [
            {"id": "on-trial", "dynamic": True, "when": on_trial},
            {"id": "live", "dynamic": True, "when": {"property": "alive", "eq": True}},
        ],
    }


async def run(deployment: LiveDeployment, contacts: int, workers: int = 2) -> BigTickReport:
    """Runs the whole scenario; at the end everything is decided and the workers still run."""
    report, observer = BigTickReport(contacts), BigTickObserver(exits_to_begin=contacts // 5)
    prefix = deployment.settings.prefix
    topics = [prefix + JOURNAL.name, prefix + SEGMENT_CHANGES.name]
    await deployment.start_workers(*(f"w{number}" for number in range(workers)))
    async with follow_topics(deployment.settings.bootstrap, topics, observer.observe):
        trial_began = await publish_contacts(deployment, contacts, observer, report)
        due = await make_release(deployment, contacts, trial_began, observer, report)
        probing = asyncio.create_task(send_probes(deployment, observer, report, due))
        try:
            await asyncio.wait_for(observer.has_begun.wait(), LIMIT_SECONDS)
            report.killed_after = len(observer.exits)
            assert deployment.fleet.workers["w0"].signal_child(signal.SIGKILL)
            await wait_until(lambda: len(observer.exits) >= contacts, LIMIT_SECONDS, "everybody has left")
            report.tick = observer.last_exit - due / 1000
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
        await wait_until(
            lambda: deployment.fleet.workers["w0"].child_pid() is not None, 60, "the killed worker is back"
        )
        report.memory = deployment.peak_memory()
    report.transactions = len(observer.transactions)
    report.restarts, report.deaths = deployment.count_logged("restarting"), deployment.count_logged("ended")
    verify(observer, contacts, due, report)
    return report


async def publish_contacts(
    deployment: LiveDeployment, contacts: int, observer: BigTickObserver, report: BigTickReport
) -> int:
    """Publishes all contacts; returns the instant (ms) at which their trials began."""
    start = time.time()
    trial_began = instant_text(int(start * 1000))
    for number in range(contacts):
        event = {"id": f"e{number}", "type": "contact.changed", "at": trial_began, "contact": f"c{number}"}
        await deployment.send(CONTACT_CHANGES.name, {**event, "properties": {"trial_began_at": trial_began}})
    await deployment.flush()
    await wait_until(lambda: observer.journaled >= contacts, LIMIT_SECONDS, "everything is in the journal")
    report.ingest = time.time() - start
    return instant_ms(trial_began)


async def make_release(
    deployment: LiveDeployment, contacts: int, trial_began: int, observer: BigTickObserver, report: BigTickReport
) -> int:
    """Applies the release under which all contacts are on trial; returns the instant (ms) at which they all leave."""
    start = time.time()
    remaining = start - trial_began / 1000 + contacts * A_CONTACT_SECONDS + MARGIN_SECONDS
    seconds = int(remaining) + 1
    await deployment.apply(definitions(seconds))
    await wait_until(lambda: observer.entered >= contacts, LIMIT_SECONDS, "everybody is on trial")
    report.release = time.time() - start
    return trial_began + seconds * 1000


async def send_probes(deployment: LiveDeployment, observer: BigTickObserver, report: BigTickReport, due: int) -> None:
    """From the due instant on, sends events of other contacts one by one, and measures the latency of each."""
    await asyncio.sleep(max(0.0, due / 1000 - time.time()))
    number = 0
    while True:
        number += 1
        contact, start = f"live-{number}", time.time()
        event = {"id": contact, "type": "contact.changed", "at": instant_text(int(start * 1000)), "contact": contact}
        await deployment.send(CONTACT_CHANGES.name, {**event, "properties": {"alive": True}})
        await wait_until(partial(observer.probes.__contains__, contact), 60, "a live event is decided")
        report.latencies.append(round(1000 * (observer.probes[contact] - start)))
        await asyncio.sleep(PROBE_SECONDS)


def verify(observer: BigTickObserver, contacts: int, due: int, report: BigTickReport) -> None:
    """Checks that each exit happens once, at its instant, by time alone; counts the ticks with exits."""
    times = Counter(change["contact"] for change in observer.exits)
    report.wrong["contacts that did not leave"] = contacts - len(times)
    report.wrong["exits too many"] = sum(times.values()) - len(times)
    report.wrong["exits at another instant"] = sum(change["at"] != instant_text(due) for change in observer.exits)
    report.wrong["exits for another reason"] = sum(change["cause"]["kind"] != "clock" for change in observer.exits)
    numbers = {(change["number"]["partition"], change["number"]["offset"]) for change in observer.exits}
    report.ticks_with_exits = dict(Counter(partition for partition, _ in sorted(numbers)))
    report.wrong["deaths of workers by themselves"] = report.deaths
    report.wrong = +report.wrong
