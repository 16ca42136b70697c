"""A worker joins two others under live traffic, and leaves again: how long is each slot disturbed?"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import harness
from benchmarks.figures import LatencyStats
from benchmarks.live_edit.measure import run_verify_command, verify_run
from benchmarks.live_edit.observer import TOPICS, LiveEditObserver, Probe
from benchmarks.live_edit.reference_run import JournalCut
from benchmarks.live_edit.result import LiveEditResult
from benchmarks.live_edit.session import EditSession, TrafficSize, now_ms
from benchmarks.live_edit.traffic import TrafficReport
from benchmarks.live_edit.traffic_process import TrafficProcess
from benchmarks.scaling.disturbance import (
    DisturbanceFigures,
    GroupRebalance,
    SlotDisturbance,
    measure_slot,
    middle,
    slow_from,
)
from benchmarks.scaling.shares import all_rebalances, is_shared_out
from tests.harness.deployment.live_deployment import live_deployment, wait_until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import follow_topics

LIMIT_SECONDS = 300.0
FIRST_WORKERS = ("w0", "w1")
AFTERMATH_SECONDS = 3.0
"""After a change of workers its live events are looked at for so long, at least."""


@dataclass(frozen=True)
class JoinPlan:
    """The traffic, the number of slots, and how often a worker joins and leaves."""

    size: TrafficSize
    slots: int
    joins: int


@dataclass
class ChangeFigures:
    """What all joins, or all departures, did."""

    rebalance_ms: float = 0.0
    """The median time from the first worker's stop until the last one worked."""
    start_ms: float = 0.0
    """The median time from the command that starts or stops a worker until the first worker stopped."""
    kept: DisturbanceFigures = field(default_factory=DisturbanceFigures)
    """Of slots that stayed at their worker."""
    moved: DisturbanceFigures = field(default_factory=DisturbanceFigures)

    def __str__(self) -> str:
        return (
            f"rebalance {self.rebalance_ms:.0f} ms, {self.start_ms:.0f} ms after the command\n"
            f"    slots that stay: {self.kept}\n    slots that move: {self.moved}"
        )


@dataclass
class JoinResult:
    """All figures of the joins."""

    contacts: int
    rate: float
    slots: int
    sent: int = 0
    behind: float = 0.0
    """The longest delay (s) of the producer."""
    calm: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    slow: float = 0.0
    """Live events with a longer latency (ms) count as slow."""
    joins: ChangeFigures = field(default_factory=ChangeFigures)
    departures: ChangeFigures = field(default_factory=ChangeFigures)
    memberships: int = 0
    """How many memberships were compared with those of one worker."""
    verified: str = ""
    wrong: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        exact = f"exact: {self.memberships} memberships as of one worker"
        return "\n".join(
            [
                f"{self.contacts:,} contacts, {self.slots} slots, {self.sent:,} events at {self.rate:.0f} a second"
                f" (at most {self.behind:.2f} s behind)",
                f"  calm: {self.calm}; above {self.slow:.0f} ms is slow",
                f"  join: {self.joins}",
                f"  departure: {self.departures}",
                f"  verify: {self.verified}",
                f"  WRONG: {self.wrong}" if self.wrong else f"  {exact}",
            ]
        )


@dataclass(frozen=True)
class _Change:
    """A join or a departure: when (ms) its command was given, and when it was long over."""

    is_join: bool
    start: float
    end: float


async def measure_join(bootstrap: str, folder: Path, plan: JoinPlan) -> JoinResult:
    """Runs the whole measurement."""
    place = folder / "join"
    await asyncio.to_thread(place.mkdir, parents=True)
    async with live_deployment(
        bootstrap, fresh_prefix(), place, partitions=plan.slots, in_partitions=plan.slots
    ) as deployment:
        session = EditSession(deployment, place, plan.size, LiveEditObserver(plan.slots))
        result = JoinResult(plan.size.contacts, plan.size.rate, plan.slots)
        changes, traffic, cuts = await _change_workers(session, plan)
        _fill_result(session, changes, traffic, result)
        harness.report_progress(f"measured, not yet compared:\n{result}")
        compared = LiveEditResult(plan.size.contacts, plan.size.rate)
        wrong = await run_verify_command(session, compared)
        await asyncio.to_thread(deployment.fleet.stop)
        wrong += await verify_run(session, cuts, compared)
        wrong["live events that changed nothing"] = traffic.probes - len(session.observer.probes)
        wrong["deaths of workers"] = deployment.count_logged("ended")
        result.memberships, result.verified, result.wrong = compared.memberships, compared.verified, dict(+wrong)
    return result


async def _change_workers(
    session: EditSession, plan: JoinPlan
) -> tuple[list[_Change], TrafficReport, Mapping[int, JournalCut]]:
    """Lets workers join and leave under traffic; returns where each journal partition is decided after all of it."""
    deployment, observer, settings = session.deployment, session.observer, session.deployment.settings
    await deployment.start_workers(*FIRST_WORKERS)
    await wait_until(lambda: is_shared_out(deployment), LIMIT_SECONDS, "each slot has one worker")
    changes: list[_Change] = []
    topics = [settings.prefix + topic.name for topic in TOPICS]
    async with follow_topics(settings.bootstrap, topics, observer.observe):
        await session.publish_first_events()
        producer = await TrafficProcess.start(settings, plan.size.rate, plan.size.contacts)
        try:
            await wait_until(lambda: bool(observer.probes), LIMIT_SECONDS, "the traffic has begun")
            await session.wait_calm(plan.size.first_calm)
            for number in range(plan.joins):
                name = f"w{len(FIRST_WORKERS) + number}"
                changes.append(await _join(session, name))
                await session.wait_calm(plan.size.calm)
                changes.append(await _leave(session, name))
                await session.wait_calm(plan.size.calm)
        finally:
            traffic = await producer.stop()
        end = round(time.time() * 1000)
        await wait_until(lambda: observer.final_ticks(end) is not None, LIMIT_SECONDS, "everything sent is decided")
    cuts = {number: JournalCut(offset, at) for number, (at, offset) in (observer.final_ticks(end) or {}).items()}
    return changes, traffic, cuts


async def _join(session: EditSession, name: str) -> _Change:
    harness.report_progress(f"{name} joins")
    deployment, start = session.deployment, now_ms()
    worker = deployment.fleet.start(name)
    await wait_until(
        lambda: worker.count_logged("working") > 0 and is_shared_out(deployment), LIMIT_SECONDS, f"{name} works"
    )
    await asyncio.sleep(AFTERMATH_SECONDS)  # the length of the range
    return _Change(True, start, now_ms())


async def _leave(session: EditSession, name: str) -> _Change:
    harness.report_progress(f"{name} leaves")
    deployment, start = session.deployment, now_ms()
    await asyncio.to_thread(deployment.fleet.remove, name)
    await wait_until(lambda: is_shared_out(deployment), LIMIT_SECONDS, f"the others have the slots of {name}")
    await asyncio.sleep(AFTERMATH_SECONDS)  # the length of the range
    return _Change(False, start, now_ms())


def _fill_result(
    session: EditSession, changes: Sequence[_Change], traffic: TrafficReport, result: JoinResult
) -> None:
    observer = session.observer
    result.sent, result.behind = traffic.events, round(traffic.behind, 3)
    result.calm = LatencyStats.from_values(observer.latencies(session.calm_ranges))
    result.slow = slow_from(result.calm)
    by_slot: defaultdict[int, list[Probe]] = defaultdict(list)
    for probe in sorted(observer.probes):
        by_slot[probe.slot].append(probe)
    rebalances = all_rebalances(session.deployment)
    for is_join, figures in ((True, result.joins), (False, result.departures)):
        those = [each for each in changes if each.is_join is is_join]
        groups = [GroupRebalance.within(rebalances, each.start, each.end) for each in those]
        figures.rebalance_ms = middle([group.ended - group.began for group in groups])
        figures.start_ms = middle([group.began - each.start for each, group in zip(those, groups, strict=True)])
        kept: list[SlotDisturbance] = []
        moved: list[SlotDisturbance] = []
        for group in groups:
            for slot in sorted(group.slots()):
                part = kept if group.is_kept(slot) else moved
                part.append(measure_slot(slot, group, by_slot[slot], result.slow))
        figures.kept, figures.moved = DisturbanceFigures.from_slots(kept), DisturbanceFigures.from_slots(moved)
