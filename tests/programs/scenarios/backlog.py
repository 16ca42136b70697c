"""Days of backlog in two topics of different speed: visits are many, scores few, and nobody is falsely inactive.

Everything was produced before the first worker starts, with the timestamps of its time. If the few scores of two days
went into the journal before the many visits, every contact's clock would be days ahead of its visits, and whoever was
active would be taken for silent. A release is made in the middle of it all.
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
from streams.engine.journal.records import Event, Marker, Record, Tick, decode
from tests.harness.deployment.live_deployment import Stage, came, until
from tests.harness.kafka.topic_follower import following

FOREIGN = {WEB_VISITS.name: 3, SCORING_EVENTS.name: 1}
"""The two topics, with their partition counts."""

MINUTE = 60_000
SILENCE_MS = 10 * MINUTE
AWAKE_MS = 30 * MINUTE
CONTACTS = 300
LIMIT_SECONDS = 1_800.0
SETTLE_SECONDS = 120.0

Coming = tuple[int, str, dict[str, Any]]
"""When (ms), in which topic, the event without `at`."""


@dataclass(frozen=True)
class Density:
    """How much there is: `length` and the time between two visits, and between two scores, in ms."""

    length: int = 2 * 24 * 60 * MINUTE
    visits: int = 1_000
    scores: int = 10_000


@dataclass
class Backlog:
    """What was seen; `late_by` is the most that an event was behind its contact's clock, `out_of_step` the most that
    it had arrived before another one that stands before it in its journal partition; ms.
    """

    events: int = 0
    seconds: float = 0.0
    late_by: int = 0
    out_of_step: int = 0
    falls_asleep: int = 0
    rejected: int = 0
    justified: int = 0
    """Taken for silent although active, but less than `in_step` before the due instant."""
    markers: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.events} events in {self.seconds:.0f} s ({self.events / max(self.seconds, 0.001):.0f}/s)",
                f"most late {self.late_by} ms, most out of step {self.out_of_step} ms",
                f"{self.falls_asleep} times somebody fell silent, {self.rejected} leads rejected for it;"
                f" {self.justified} of them although active less than in_step before",
                f"WRONG: {dict(self.wrong)}" if self.wrong else "HOLDS",
            ]
        )


@dataclass
class Seen:
    """The journal and the outputs as they were committed."""

    events: int = 0
    markers: int = 0
    late_by: int = 0
    out_of_step: int = 0
    ticks: dict[int, int] = field(default_factory=dict)
    clocks: dict[str, int] = field(default_factory=dict)
    furthest: dict[int, int] = field(default_factory=dict)
    asleep: list[tuple[str, int]] = field(default_factory=list)
    rejected: list[tuple[str, int]] = field(default_factory=list)

    def see(self, topic: str, record: Any) -> None:
        """One record of the journal or of an out-topic."""
        if topic.endswith(JOURNAL.name):
            self._see_journal(record.partition, decode(record.value))
            return
        change = msgspec.json.decode(record.value)
        fact = (change["contact"], instant_ms(change["at"]))
        if change["type"] == "segment.entered" and change["segment"] == "asleep":
            self.asleep.append(fact)
        elif change["type"] == "lead.status_changed" and change["to"] == "rejected":
            self.rejected.append(fact)

    def _see_journal(self, partition: int, entry: Record) -> None:
        if isinstance(entry, Tick):
            self.ticks[partition] = entry.at
            return
        if not isinstance(entry, Event):
            self.markers += isinstance(entry, Marker)
            return
        self.events += 1
        clock = max(self.clocks.get(entry.contact, entry.at), self.ticks.get(partition, entry.at))
        self.clocks[entry.contact] = max(clock, entry.at)
        self.late_by = max(self.late_by, clock - entry.at)
        furthest = self.furthest.get(partition, entry.arrival)
        self.furthest[partition] = max(furthest, entry.arrival)
        self.out_of_step = max(self.out_of_step, furthest - entry.arrival)


def definitions(name: str) -> dict[str, Any]:
    """Who is silent for ten minutes is asleep, and a lead of everybody's is rejected."""
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


def history(begin: int, density: Density, chance: random.Random) -> Iterator[Coming]:
    """All events in order of time; a third of the contacts is awake at a time, half an hour each."""
    scores = begin + density.scores // 2
    for at in range(begin, begin + density.length, density.visits):
        while scores <= at:
            contact = f"c{chance.randrange(CONTACTS)}"
            yield scores, SCORING_EVENTS.name, {"type": "score.adjusted", "contact": contact, "points": 1}
            scores += density.scores
        shift = (at - begin) // AWAKE_MS % 3
        contact = f"c{3 * chance.randrange(CONTACTS // 3) + shift}"
        yield at, WEB_VISITS.name, {"type": "web.visited", "contact": contact, "url": "https://shop.example/"}


async def run(stage: Stage, density: Density, workers: int = 2) -> Backlog:
    """The whole scenario."""
    seen, report = Seen(), Backlog()
    # It ended long enough ago that whoever falls silent after it has done so when the backlog is worked off.
    begin = int(time.time() * 1000) - density.length - SILENCE_MS - MINUTE
    visits = await lay_in(stage, begin, density, report)
    topics = [stage.settings.prefix + topic.name for topic in (JOURNAL, SEGMENT_CHANGES, LEAD_CHANGES)]
    await stage.apply(definitions("first"), at=begin)
    async with following(stage.settings.bootstrap, topics, seen.see):
        began = time.monotonic()
        await stage.start(*(f"w{number}" for number in range(workers)))
        await until(lambda: seen.events >= report.events // 2, LIMIT_SECONDS, "half of it is in the journal")
        await stage.apply(definitions("second"))
        await until(lambda: seen.events >= report.events, LIMIT_SECONDS, "all of it is in the journal")
        report.seconds = time.monotonic() - began
        slots, over = stage.settings.partitions, begin + density.length + SILENCE_MS
        await until(
            lambda: sum(tick > over for tick in seen.ticks.values()) == slots, SETTLE_SECONDS, "time has come to now"
        )
        expected = silences(visits)
        await until(lambda: seen.markers == 2 * slots, SETTLE_SECONDS, "both releases decide")
        await came(lambda: expected <= set(seen.asleep) and len(seen.rejected) >= len(visits), SETTLE_SECONDS)
    judge(seen, visits, expected, stage.settings.in_step_ms, report)
    return report


async def lay_in(stage: Stage, begin: int, density: Density, report: Backlog) -> Mapping[str, list[int]]:
    """Produces everything; contact -> the instants of its visits, and that of its creation."""
    visits: dict[str, list[int]] = defaultdict(list)
    for at, topic, event in history(begin, density, random.Random(5)):
        report.events += 1
        whole = {"id": f"e{report.events}", "at": instant_text(at), **event}
        await stage.send(topic, whole, timestamp_ms=at)
        if topic == WEB_VISITS.name or event["contact"] not in visits:
            visits[event["contact"]].append(at)
    await stage.delivered()
    return visits


def silences(visits: Mapping[str, list[int]]) -> set[tuple[str, int]]:
    """When (ms) each contact had been silent long enough, with nothing out of order."""
    found: set[tuple[str, int]] = set()
    for contact, instants in visits.items():
        found.update((contact, at + SILENCE_MS) for at, after in pairwise(instants) if after > at + SILENCE_MS)
        found.add((contact, instants[-1] + SILENCE_MS))
    return found


def judge(
    seen: Seen, visits: Mapping[str, list[int]], expected: set[tuple[str, int]], in_step: int, report: Backlog
) -> None:
    """Nobody's silence is missed or seen twice; none is seen where there was activity more than `in_step` before."""
    report.late_by, report.out_of_step = seen.late_by, seen.out_of_step
    report.falls_asleep, report.rejected = len(seen.asleep), len(seen.rejected)
    wrong = report.wrong
    wrong["events later than in_step"] = max(0, seen.late_by - in_step)
    wrong["arrivals out of step"] = max(0, seen.out_of_step - in_step)
    wrong["silences missed"] = len(expected - set(seen.asleep))
    wrong["silences seen twice"] = len(seen.asleep) - len(set(seen.asleep))
    wrong["contacts not rejected once"] = abs(len(visits) - len(seen.rejected))
    for contact, due in {*seen.asleep, *seen.rejected} - expected:
        if was_active(visits[contact], due, in_step):
            wrong["taken for silent though active"] += 1
        else:
            report.justified += 1
    report.wrong = +wrong


def was_active(instants: list[int], due: int, in_step: int) -> bool:
    """Whether a visit lies in the time of silence before `due`, more than `in_step` before it."""
    after = bisect_left(instants, due - SILENCE_MS + 1)
    return after < len(instants) and instants[after] < due - in_step
