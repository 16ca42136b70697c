"""Days of backlog in two topics, with many visits and few scores: no contact may be falsely inactive.

Everything is produced before the first worker starts, with its original timestamps. If the few scores of two days
were journaled before the many visits, every contact's clock would be days ahead of its visits, and active contacts
would count as inactive. A release is applied in the middle.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec

from schemas.topics import JOURNAL, LEAD_CHANGES, SCORING_EVENTS, SEGMENT_CHANGES, WEB_VISITS
from schemas.values import instant_ms, instant_text
from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Tick, decode
from tests.harness.deployment.live_deployment import LiveDeployment, wait_for, wait_until
from tests.harness.kafka.topic_follower import follow_topics

FOREIGN = {WEB_VISITS.name: 3, SCORING_EVENTS.name: 1}
"""The two topics, with their partition counts."""

MINUTE = 60_000
SILENCE_MS = 10 * MINUTE
AWAKE_MS = 30 * MINUTE
CONTACTS = 300
LIMIT_SECONDS = 1_800.0
SETTLE_SECONDS = 120.0

TimedEvent = tuple[int, str, dict[str, Any]]
"""Instant (ms), topic, and the event without `at`."""


@dataclass(frozen=True)
class BacklogSize:
    """The `length` of the backlog, and the time between two visits and between two scores; all in ms."""

    length: int = 2 * 24 * 60 * MINUTE
    visits: int = 1_000
    scores: int = 10_000


@dataclass
class BacklogReport:
    """The result. `late_by` is the maximum distance (ms) of an event behind its contact's clock; `out_of_step` the
    maximum by which its arrival is before that of an earlier record of its journal partition (ms).
    """

    events: int = 0
    seconds: float = 0.0
    late_by: int = 0
    out_of_step: int = 0
    silence_count: int = 0
    rejected_count: int = 0
    tolerated: int = 0
    """Contacts that counted as inactive although active, but less than `in_step` before the due instant."""
    markers: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.events} events in {self.seconds:.0f} s ({self.events / max(self.seconds, 0.001):.0f}/s)",
                f"most late {self.late_by} ms, most out of step {self.out_of_step} ms",
                f"{self.silence_count} times somebody fell silent, {self.rejected_count} leads rejected for it;"
                f" {self.tolerated} of them although active less than in_step before",
                f"WRONG: {dict(self.wrong)}" if self.wrong else "HOLDS",
            ]
        )


@dataclass
class BacklogObserver:
    """Collects the committed records of the journal and the outputs."""

    events: int = 0
    markers: int = 0
    late_by: int = 0
    out_of_step: int = 0
    ticks: dict[int, int] = field(default_factory=dict)
    clocks: dict[str, int] = field(default_factory=dict)
    latest_arrivals: dict[int, int] = field(default_factory=dict)
    silences: list[tuple[str, int]] = field(default_factory=list)
    rejections: list[tuple[str, int]] = field(default_factory=list)

    def observe(self, topic: str, record: Any) -> None:
        """Adds one record of the journal or of an out-topic."""
        if topic.endswith(JOURNAL.name):
            self._observe_journal(record.partition, decode(record.value))
            return
        change = msgspec.json.decode(record.value)
        fact = (change["contact"], instant_ms(change["at"]))
        if change["type"] == "segment.entered" and change["segment"] == "asleep":
            self.silences.append(fact)
        elif change["type"] == "lead.status_changed" and change["to"] == "rejected":
            self.rejections.append(fact)

    def _observe_journal(self, partition: int, entry: JournalRecord) -> None:
        if isinstance(entry, Tick):
            self.ticks[partition] = entry.at
            return
        if not isinstance(entry, JournalEvent):
            self.markers += isinstance(entry, Marker)
            return
        self.events += 1
        clock = max(self.clocks.get(entry.owner, entry.at), self.ticks.get(partition, entry.at))
        self.clocks[entry.owner] = max(clock, entry.at)
        self.late_by = max(self.late_by, clock - entry.at)
        latest_arrival = self.latest_arrivals.get(partition, entry.arrival)
        self.latest_arrivals[partition] = max(latest_arrival, entry.arrival)
        self.out_of_step = max(self.out_of_step, latest_arrival - entry.arrival)


def definitions(name: str) -> dict[str, Any]:
    """Returns definitions in which ten minutes of silence make a contact asleep and reject its lead."""
    return {
        "account": "default",
        "segments": [
            {"id": "anybody", "name": name, "dynamic": True, "when": {"all": []}},
            {"id": "asleep", "dynamic": True, "when": {"inactive_for": "10m"}},
        ],
        "campaigns": [
            {
                "id": "everybody",
                "audience": ["anybody"],
                "automation": [{"id": "asleep", "when": {"inactive_for": "10m"}, "then": {"set_status": "rejected"}}],
            }
        ],
    }


def backlog_events(begin: int, size: BacklogSize, rng: random.Random) -> Iterator[TimedEvent]:
    """Yields all events in order of time; a third of the contacts is awake at a time, for half an hour."""
    scores = begin + size.scores // 2
    for at in range(begin, begin + size.length, size.visits):
        while scores <= at:
            contact = f"c{rng.randrange(CONTACTS)}"
            yield scores, SCORING_EVENTS.name, {"type": "score.adjusted", "contact": contact, "points": 1}
            scores += size.scores
        shift = (at - begin) // AWAKE_MS % 3
        contact = f"c{3 * rng.randrange(CONTACTS // 3) + shift}"
        yield at, WEB_VISITS.name, {"type": "web.visited", "contact": contact, "url": "https://shop.example/"}


async def run(deployment: LiveDeployment, size: BacklogSize, workers: int = 2) -> BacklogReport:
    """Runs the whole scenario."""
    observer, report = BacklogObserver(), BacklogReport()
    # It ends early enough that the silences after the last events are due before the present.
    begin = int(time.time() * 1000) - size.length - SILENCE_MS - MINUTE
    visits = await publish_backlog(deployment, begin, size, report)
    topics = [deployment.settings.prefix + topic.name for topic in (JOURNAL, SEGMENT_CHANGES, LEAD_CHANGES)]
    await deployment.apply(definitions("first"), at=begin)
    async with follow_topics(deployment.settings.bootstrap, topics, observer.observe):
        start = time.monotonic()
        await deployment.start_workers(*(f"w{number}" for number in range(workers)))
        await wait_until(lambda: observer.events >= report.events // 2, LIMIT_SECONDS, "half of it is in the journal")
        await deployment.apply(definitions("second"))
        await wait_until(lambda: observer.events >= report.events, LIMIT_SECONDS, "all of it is in the journal")
        report.seconds = time.monotonic() - start
        slots, last_due = deployment.settings.partitions, begin + size.length + SILENCE_MS
        await wait_until(
            lambda: sum(tick > last_due for tick in observer.ticks.values()) == slots,
            SETTLE_SECONDS,
            "time has come to now",
        )
        expected = expected_silences(visits)
        await wait_until(lambda: observer.markers == 2 * slots, SETTLE_SECONDS, "both releases decide")
        await wait_for(
            lambda: expected <= set(observer.silences) and len(observer.rejections) >= len(visits), SETTLE_SECONDS
        )
    verify(observer, visits, expected, deployment.settings.in_step_ms, report)
    return report


async def publish_backlog(
    deployment: LiveDeployment, begin: int, size: BacklogSize, report: BacklogReport
) -> Mapping[str, list[int]]:
    """Publishes all events; returns contact -> the instants (ms) of its creation and its visits."""
    visits: dict[str, list[int]] = defaultdict(list)
    for at, topic, event in backlog_events(begin, size, random.Random(5)):
        report.events += 1
        whole = {"id": f"e{report.events}", "at": instant_text(at), **event}
        await deployment.send(topic, whole, timestamp_ms=at)
        if topic == WEB_VISITS.name or event["contact"] not in visits:
            visits[event["contact"]].append(at)
    await deployment.flush()
    return visits


def expected_silences(visits: Mapping[str, list[int]]) -> set[tuple[str, int]]:
    """Returns contact and instant (ms) of every silence, as if all events were in order."""
    silences: set[tuple[str, int]] = set()
    for contact, instants in visits.items():
        silences.update((contact, at + SILENCE_MS) for at, after in pairwise(instants) if after > at + SILENCE_MS)
        silences.add((contact, instants[-1] + SILENCE_MS))
    return silences


def verify(
    observer: BacklogObserver,
    visits: Mapping[str, list[int]],
    expected: set[tuple[str, int]],
    in_step: int,
    report: BacklogReport,
) -> None:
    """Checks that each silence occurs exactly once, and none within activity more than `in_step` before it."""
    report.late_by, report.out_of_step = observer.late_by, observer.out_of_step
    report.silence_count, report.rejected_count = len(observer.silences), len(observer.rejections)
    wrong = report.wrong
    wrong["events later than in_step"] = max(0, observer.late_by - in_step)
    wrong["arrivals out of step"] = max(0, observer.out_of_step - in_step)
    wrong["silences missed"] = len(expected - set(observer.silences))
    wrong["silences seen twice"] = len(observer.silences) - len(set(observer.silences))
    wrong["contacts not rejected once"] = abs(len(visits) - len(observer.rejections))
    for contact, due in {*observer.silences, *observer.rejections} - expected:
        if was_active(visits[contact], due, in_step):
            wrong["taken for silent though active"] += 1
        else:
            report.tolerated += 1
    report.wrong = +wrong


def was_active(instants: list[int], due: int, in_step: int) -> bool:
    """Whether a visit is in the time of silence before `due`, and more than `in_step` before it."""
    after = bisect_left(instants, due - SILENCE_MS + 1)
    return after < len(instants) and instants[after] < due - in_step
