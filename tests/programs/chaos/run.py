"""A chaos run: creates topics, starts workers, publishes traffic, injects faults, then asks the oracle."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from connectors.kafka.broker import LocalBroker
from schemas.topics import CLAIMS
from streams.clock import now_ms
from streams.engine.journal.records import Tick, decode
from streams.kafka.topic_admin import create_topics
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.process.supervisor import child_environment
from streams.runtime.spec import AppSpec
from streams.runtime.time import claims as claim_records
from streams.settings import Settings
from tests.harness.deployment.workers import WorkerFleet
from tests.harness.kafka.topic_reader import end_offsets, read_topic
from tests.harness.runtime.oracle import OracleVerdict, read_evidence, verify
from tests.programs.chaos.faults import FaultPlan, FaultRunner
from tests.programs.chaos.programs import PROGRAMS

START_SECONDS = 120.0
DRAIN_SECONDS = 120.0


@dataclass
class ChaosReport:
    """The faults, the logged events, and the verdict of the oracle."""

    verdict: OracleVerdict
    fault_counts: Counter[str]
    log_counts: Counter[str]
    exit_reasons: Counter[str]
    exit_codes: Mapping[str, int]
    seconds: float
    is_drained: bool

    def __str__(self) -> str:
        return "\n".join(
            [
                f"done: {dict(self.fault_counts)}",
                f"logged: {dict(self.log_counts)}",
                *(f"  {times} x {why}" for why, times in self.exit_reasons.items()),
                f"exit codes at the end: {dict(self.exit_codes)}",
                f"{self.seconds:.0f} s, drained: {self.is_drained}",
                str(self.verdict),
            ]
        )


@dataclass
class ChaosRun:
    """`broker` is None when it must not be restarted; `program` is one of PROGRAMS; `extra` adds variables to the
    environment of the workers.
    """

    settings: Settings
    folder: Path
    broker: LocalBroker | None
    plan: FaultPlan
    program: str = "counting"
    events: int = 20_000
    rate: float = 300.0
    workers: int = 2
    seed: int = 1
    extra: Mapping[str, str] = field(default_factory=dict)

    async def run(self) -> ChaosReport:
        """Runs everything; ends every process that it started."""
        start = time.monotonic()
        await create_topics(self.settings)
        program = PROGRAMS[self.program]
        spec = program.spec(self.settings)
        fleet = WorkerFleet(
            self.folder, {**child_environment(self.settings), "CHAOS_PROGRAM": self.program, **self.extra}
        )
        faults = FaultRunner(fleet, self.broker, self.plan, random.Random(self.seed))
        try:
            for number in range(self.workers):
                fleet.start(f"w{number}")
            await self._wait_until_working(fleet)
            traffic = program.publish(self.settings, self.events, self.rate, self.seed)
            await asyncio.gather(traffic, faults.run())
            end = now_ms() + program.settle_ms
            drained = await wait_until_drained(spec, self.settings) and await wait_for_tick(spec, self.settings, end)
        finally:
            codes = await asyncio.to_thread(fleet.stop)
        evidence = await read_evidence(spec, self.settings)
        verdict = verify(evidence, spec, self.settings)
        await asyncio.to_thread(program.final_check, self.settings, evidence, verdict)
        if not drained:
            verdict.add_error("not drained in time")
        for name, code in codes.items():
            if code:  # its parent starts processes again, whatever the faults do to them
                verdict.add_error(f"worker {name} ended for good, with exit code {code}")
        log_counts, exit_reasons = summarize_logs(fleet)
        return ChaosReport(
            verdict, faults.fault_counts, log_counts, exit_reasons, codes, time.monotonic() - start, drained
        )

    async def _wait_until_working(self, fleet: WorkerFleet) -> None:
        end = time.monotonic() + START_SECONDS
        while not all(worker.count_logged("working") for worker in fleet.workers.values()):
            if time.monotonic() > end:
                raise TimeoutError(f"the workers do not start; see the logs in {self.folder}")
            await asyncio.sleep(0.1)


async def wait_until_drained(spec: AppSpec, settings: Settings, seconds: float = DRAIN_SECONDS) -> bool:
    """Waits until all published events are journaled and decided; returns False after `seconds`."""
    end = time.monotonic() + seconds
    while not await _are_sources_ingested(spec, settings):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.3)
    ends = await end_offsets(settings.bootstrap, spec.journal_topic(settings))
    while not await _is_journal_decided(spec, settings, ends):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.3)
    return True


async def wait_for_tick(spec: AppSpec, settings: Settings, at: int, seconds: float = DRAIN_SECONDS) -> bool:
    """Waits until every journal partition has decided a tick at or after `at` (ms); returns False after `seconds`."""
    end = time.monotonic() + seconds
    while not await _is_tick_decided(spec, settings, at):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.5)
    return True


async def _is_tick_decided(spec: AppSpec, settings: Settings, at: int) -> bool:
    changelog = await read_topic(settings.bootstrap, spec.changelog_topic(settings))
    journal = await read_topic(settings.bootstrap, spec.journal_topic(settings))
    for number, partition in journal.items():
        ticks = [record.offset for record in partition if _is_tick(record.value, at)]
        checkpoint = _last_checkpoint(changelog[number])
        if not ticks or checkpoint.feeds.get(f"{spec.journal.name}:{number}", 0) <= ticks[0]:
            return False
        # The position is past a tick as soon as the first contacts are decided.
        if checkpoint.checkpoint and msgspec.json.decode(checkpoint.checkpoint, type=_DeciderProgress).unfinished:
            return False
    return True


class _DeciderProgress(msgspec.Struct):
    """What a decider's checkpoint says of a tick that has not reached every contact yet."""

    unfinished: Any = None


def _is_tick(value: bytes, at: int) -> bool:
    record = decode(value)
    return isinstance(record, Tick) and record.at >= at


async def _are_sources_ingested(spec: AppSpec, settings: Settings) -> bool:
    committed: dict[str, int] = {}
    for record in (await read_topic(settings.bootstrap, settings.prefix + CLAIMS.name))[0]:
        committed[record.key.decode()] = claim_records.decode(record.value).position
    for topic in spec.sources:
        for number, end in (await end_offsets(settings.bootstrap, settings.prefix + topic.name)).items():
            if committed.get(f"{topic.name}:{number}", -1) < end:
                return False
    return True


async def _is_journal_decided(spec: AppSpec, settings: Settings, ends: Mapping[int, int]) -> bool:
    changelog = await read_topic(settings.bootstrap, spec.changelog_topic(settings))
    feed = spec.journal.name
    return all(_decided_position(changelog[number], f"{feed}:{number}") >= end for number, end in ends.items())


def _decided_position(changelog: Sequence[Any], feed: str) -> int:
    """Returns the position up to which a slot has decided a feed."""
    return _last_checkpoint(changelog).feeds.get(feed, 0)


def _last_checkpoint(changelog: Sequence[Any]) -> SlotCheckpoint:
    last = [record.value for record in changelog if record.key == CHECKPOINT_KEY][-1:]
    return checkpoint_records.decode(last[0]) if last else SlotCheckpoint()


def summarize_logs(fleet: WorkerFleet) -> tuple[Counter[str], Counter[str]]:
    """Counts the logged events, and the reasons for which processes ended themselves."""
    log_counts: Counter[str] = Counter()
    exit_reasons: Counter[str] = Counter()
    for worker in fleet.all_workers():
        for entry in worker.log_entries():
            event = str(entry.get("event"))
            log_counts[event] += 1
            if event == "ended":
                exit_reasons[f"{entry['why']}: {entry['cause']}"[:160]] += 1
    return log_counts, exit_reasons
