"""A backlog worked off by so many workers: all of it becomes visible at once, to workers that have all contacts."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.figures import ProcessUsage, machine_busy_seconds
from benchmarks.scaling.shares import Slots, is_shared_out, shares
from benchmarks.side_by_side.cells import Cell
from benchmarks.side_by_side.events import EventGenerator, EventPlan, JobEvent
from benchmarks.side_by_side.pipeline_run import (
    PipelineProgress,
    changes_topic,
    count_markers,
    delete_deployment,
    input_topics,
)
from benchmarks.side_by_side.processes import tree_usage
from benchmarks.side_by_side.runs import Memberships
from benchmarks.side_by_side.topics import produce, produce_at_once
from streams.kafka.partitions import slot_for_partition
from tests.harness.deployment.live_deployment import LiveDeployment, live_deployment, wait_until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_reader import read_topic

SLOTS = 8
START_SECONDS = 120.0
PROBE_STRIDE = 4
"""After so many other events comes a probe, which must cause exactly one change."""
PROBE_ID = "probe-"
CONTACT_STRIDE = 7_919


@dataclass
class BacklogRun:
    """The figures of one run; CPU is that of the worker processes alone."""

    workers: int
    round: int
    events: int = 0
    seconds: float = 0.0
    """From the commit of the backlog until the last decision is committed."""
    cpu_us: float = 0.0
    """CPU time (us) of all workers, an event."""
    worker_cpu_us: dict[str, float] = field(default_factory=dict)
    """Of each worker, an event of its slots."""
    worker_slots: dict[str, list[int]] = field(default_factory=dict)
    all_cpu_us: float = 0.0
    """CPU time (us) of workers, broker and measurement, an event: with all cores busy it bounds the rate."""
    busy_cores: float = 0.0
    """CPU seconds a second of the whole machine, whatever runs there."""
    member_count: int = 0
    """Memberships at the end."""
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def events_per_second(self) -> float:
        """Events per second of wall time."""
        return self.events / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        each = ", ".join(f"{cpu:.0f}" for cpu in self.worker_cpu_us.values())
        return (
            f"{self.workers} workers, round {self.round}: {self.events:,} events in {self.seconds:.1f} s,"
            f" {self.events_per_second:,.0f} a second, {self.cpu_us:.1f} us CPU of the workers an event ({each}),"
            f" {self.all_cpu_us:.1f} us with the broker,"
            f" {self.busy_cores:.2f} cores of {os.cpu_count()} busy"
        )


async def run_backlog(
    bootstrap: str, folder: Path, plan: EventPlan, workers: int, round_number: int
) -> tuple[BacklogRun, Memberships]:
    """Runs so many workers over the plan's events, after all contacts are loaded; `plan` has probes.

    Returns the figures and the members at the end.
    """
    run = BacklogRun(workers, round_number)
    place = folder / f"backlog-{workers}-{round_number}"
    await asyncio.to_thread(place.mkdir, parents=True)
    async with live_deployment(
        bootstrap, fresh_prefix(), place, clock="events", partitions=SLOTS, in_partitions=SLOTS
    ) as deployment:
        await deployment.apply(Cell(plan).definitions())
        await deployment.start_workers(*(f"w{number}" for number in range(workers)))
        await wait_until(lambda: is_shared_out(deployment), START_SECONDS, "each slot has one worker")
        await _work_off(deployment, plan, run)
        records = await read_topic(bootstrap, changes_topic(deployment.settings))
        await asyncio.to_thread(deployment.fleet.stop)
        changes = (msgspec.json.decode(record.value) for partition in records.values() for record in partition)
        members, wrong = check_changes(changes, plan.events // PROBE_STRIDE)
        run.member_count = len(members)
        wrong["deaths of workers"] = deployment.count_logged("ended")
        run.wrong = dict(+wrong)
        await delete_deployment(deployment.settings)
    return run, members


async def _work_off(deployment: LiveDeployment, plan: EventPlan, run: BacklogRun) -> None:
    settings, generator = deployment.settings, EventGenerator(plan)
    names, progress = input_topics(settings), PipelineProgress(settings)
    end = time.monotonic() + START_SECONDS
    while await count_markers(settings) < SLOTS:
        if time.monotonic() > end:
            raise TimeoutError(f"not within {START_SECONDS:.0f} s: the release decides everywhere")
        await asyncio.sleep(0.1)
    progress.ends += await produce(settings.bootstrap, generator.first_events(), names, SLOTS)
    await progress.wait(lambda: _require_workers(deployment))
    before: list[_Usage] = []
    counts = await produce_at_once(
        settings.bootstrap, with_probes(generator, plan), names, lambda: before.append(_usage(deployment)), SLOTS
    )
    progress.ends += counts
    await progress.wait(lambda: _require_workers(deployment))
    events_by_slot: Counter[int] = Counter()
    for partition, count in counts.items():
        events_by_slot[slot_for_partition(partition.number, SLOTS)] += count
    _fill_figures(run, before[0], _usage(deployment), events_by_slot)


def with_probes(generator: EventGenerator, plan: EventPlan) -> Iterator[JobEvent]:
    """Yields the later events, and a probe after every fourth."""
    for number, event in enumerate(generator.later_events(), start=1):
        yield event
        if number % PROBE_STRIDE == 0:
            yield generator.probe(number * CONTACT_STRIDE % plan.contacts, f"{PROBE_ID}{number}")


@dataclass(frozen=True)
class _Usage:
    """What was used up to an instant (s), and who had which slots."""

    seconds: float
    busy: float
    all_cpu: float
    cpu: Mapping[str, float]
    shares: Mapping[str, Slots]


def _usage(deployment: LiveDeployment) -> _Usage:
    pids = {name: worker.child_pid() for name, worker in deployment.fleet.workers.items()}
    cpu = {name: ProcessUsage.from_pid(pid).cpu for name, pid in pids.items() if pid}
    all_cpu = tree_usage(os.getpid()).cpu  # the broker is a child of this process
    return _Usage(time.monotonic(), machine_busy_seconds(), all_cpu, cpu, shares(deployment))


def _fill_figures(run: BacklogRun, before: _Usage, after: _Usage, events_by_slot: Mapping[int, int]) -> None:
    if before.shares != after.shares:
        raise RuntimeError(f"the slots moved while the backlog was worked off: {before.shares}, {after.shares}")
    run.events = sum(events_by_slot.values())
    run.seconds = round(after.seconds - before.seconds, 3)
    run.all_cpu_us = round((after.all_cpu - before.all_cpu) / run.events * 1e6, 2)
    run.busy_cores = round((after.busy - before.busy) / (after.seconds - before.seconds), 2)
    cpu = {name: after.cpu[name] - before.cpu[name] for name in before.cpu}
    run.cpu_us = round(sum(cpu.values()) / run.events * 1e6, 2)
    run.worker_slots = {name: sorted(slots) for name, slots in before.shares.items()}
    for name, slots in run.worker_slots.items():
        run.worker_cpu_us[name] = round(cpu[name] / sum(events_by_slot[slot] for slot in slots) * 1e6, 2)


def _require_workers(deployment: LiveDeployment) -> None:
    if deployment.count_logged("ended"):
        logs = ", ".join(str(worker.log) for worker in deployment.fleet.all_workers())
        raise RuntimeError(f"a worker has died, see {logs}")


def check_changes(changes: Iterable[Mapping[str, Any]], probe_count: int) -> tuple[Memberships, Counter[str]]:
    """Returns the members after all changes, and counts changes that came twice and probes without a change."""
    members: set[tuple[str, str]] = set()
    wrong: Counter[str] = Counter()
    probes: set[str] = set()
    for change in changes:
        member, entered = (change["segment"], change["contact"]), change["type"] == "segment.entered"
        cause = change["cause"].get("event", "")  # time is the cause of some
        wrong[f"told twice: {change['segment']}"] += entered == (member in members)
        if entered:
            members.add(member)
        else:
            members.discard(member)
        if cause.startswith(PROBE_ID):
            wrong["probes with several changes"] += cause in probes
            probes.add(cause)
    wrong["probes without a change"] = probe_count - len(probes)
    return frozenset(members), +wrong
