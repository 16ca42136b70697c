"""A chaos run: topics, workers, traffic, disturbance; when all is through, the oracle."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.kafka.broker import LocalBroker
from schemas.topics import CLAIMS
from streams.clock import now_ms
from streams.engine.journal.records import Tick, decode
from streams.kafka.topic_admin import create_topics
from streams.runtime import checkpoint as position_records
from streams.runtime.checkpoint import POSITION_KEY
from streams.runtime.process.supervisor import environment_of
from streams.runtime.spec import SlotKind
from streams.runtime.time import claims as claim_records
from streams.settings import Settings
from tests.harness.deployment.workers import Fleet
from tests.harness.kafka.topic_reader import end_offsets, read_topic
from tests.harness.runtime.oracle import Verdict, gather, judge
from tests.programs.chaos.faults import Disturbance, Plan
from tests.programs.chaos.programs import PROGRAMS

START_SECONDS = 120.0
DRAIN_SECONDS = 120.0


@dataclass
class Report:
    """What happened and what the oracle says."""

    verdict: Verdict
    done: Counter[str]
    logged: Counter[str]
    deaths: Counter[str]
    exit_codes: Mapping[str, int]
    seconds: float
    drained: bool

    def __str__(self) -> str:
        return "\n".join(
            [
                f"done: {dict(self.done)}",
                f"logged: {dict(self.logged)}",
                *(f"  {times} x {why}" for why, times in self.deaths.items()),
                f"exit codes at the end: {dict(self.exit_codes)}",
                f"{self.seconds:.0f} s, drained: {self.drained}",
                str(self.verdict),
            ]
        )


@dataclass
class ChaosRun:
    """`broker` is None for one that is not ours; `program` is one of PROGRAMS; `extra` is put into the workers'
    environment.
    """

    settings: Settings
    folder: Path
    broker: LocalBroker | None
    plan: Plan
    program: str = "counting"
    events: int = 20_000
    rate: float = 300.0
    workers: int = 2
    seed: int = 1
    extra: Mapping[str, str] = field(default_factory=dict)

    async def run(self) -> Report:
        """The whole run; ends every process it started."""
        began = time.monotonic()
        await create_topics(self.settings)
        program = PROGRAMS[self.program]
        kind = program.kind(self.settings)
        fleet = Fleet(self.folder, {**environment_of(self.settings), "CHAOS_PROGRAM": self.program, **self.extra})
        disturbance = Disturbance(fleet, self.broker, self.plan, random.Random(self.seed))
        try:
            for number in range(self.workers):
                fleet.start(f"w{number}")
            await self._all_working(fleet)
            traffic = program.publish(self.settings, self.events, self.rate, self.seed)
            await asyncio.gather(traffic, disturbance.run())
            over = now_ms() + program.echo_ms
            drained = await is_drained(kind, self.settings) and await has_ticked(kind, self.settings, over)
        finally:
            codes = await asyncio.to_thread(fleet.stop)
        evidence = await gather(kind, self.settings)
        verdict = judge(evidence, kind, self.settings)
        await asyncio.to_thread(program.check, self.settings, evidence, verdict)
        if not drained:
            verdict.blame("not drained in time")
        logged, deaths = summary(fleet)
        return Report(verdict, disturbance.done, logged, deaths, codes, time.monotonic() - began, drained)

    async def _all_working(self, fleet: Fleet) -> None:
        end = time.monotonic() + START_SECONDS
        while not all(worker.count("working") for worker in fleet.workers.values()):
            if time.monotonic() > end:
                raise TimeoutError(f"the workers do not start; see the logs in {self.folder}")
            await asyncio.sleep(0.1)


async def is_drained(kind: SlotKind, settings: Settings, seconds: float = DRAIN_SECONDS) -> bool:
    """Waits until everything published is journaled and everything journaled by then is decided; whether it came."""
    end = time.monotonic() + seconds
    while not await _sources_read(kind, settings):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.3)
    ends = await end_offsets(settings.bootstrap, kind.journal_topic(settings))
    while not await _journal_decided(kind, settings, ends):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.3)
    return True


async def has_ticked(kind: SlotKind, settings: Settings, at: int, seconds: float = DRAIN_SECONDS) -> bool:
    """Waits until every journal partition's time has come to `at` (ms) and is decided; whether it came."""
    end = time.monotonic() + seconds
    while not await _ticks_decided(kind, settings, at):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.5)
    return True


async def _ticks_decided(kind: SlotKind, settings: Settings, at: int) -> bool:
    changelog = await read_topic(settings.bootstrap, kind.changelog(settings))
    journal = await read_topic(settings.bootstrap, kind.journal_topic(settings))
    for number, partition in journal.items():
        ticks = [record.offset for record in partition if _is_tick(record.value, at)]
        if not ticks or _position(changelog[number], f"{kind.journal.name}:{number}") <= ticks[0]:
            return False
    return True


def _is_tick(value: bytes, at: int) -> bool:
    record = decode(value)
    return isinstance(record, Tick) and record.at >= at


async def _sources_read(kind: SlotKind, settings: Settings) -> bool:
    committed: dict[str, int] = {}
    for record in (await read_topic(settings.bootstrap, settings.prefix + CLAIMS.name))[0]:
        committed[record.key.decode()] = claim_records.decode(record.value).position
    for topic in kind.sources:
        for number, end in (await end_offsets(settings.bootstrap, settings.prefix + topic.name)).items():
            if committed.get(f"{topic.name}:{number}", -1) < end:
                return False
    return True


async def _journal_decided(kind: SlotKind, settings: Settings, ends: Mapping[int, int]) -> bool:
    changelog = await read_topic(settings.bootstrap, kind.changelog(settings))
    feed = kind.journal.name
    return all(_position(changelog[number], f"{feed}:{number}") >= end for number, end in ends.items())


def _position(changelog: Sequence[Any], feed: str) -> int:
    """How far a slot has decided a feed."""
    last = [record.value for record in changelog if record.key == POSITION_KEY][-1:]
    return position_records.decode(last[0]).feeds.get(feed, 0) if last else 0


def summary(fleet: Fleet) -> tuple[Counter[str], Counter[str]]:
    """How often each event was logged, and why processes ended themselves."""
    logged: Counter[str] = Counter()
    deaths: Counter[str] = Counter()
    for worker in fleet.everybody():
        for entry in worker.lines():
            event = str(entry.get("event"))
            logged[event] += 1
            if event == "ended":
                deaths[f"{entry['why']}: {entry['cause']}"[:160]] += 1
    return logged, deaths
