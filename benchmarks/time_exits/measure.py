"""The run: loads all contacts, waits for their exits, and computes how late each was published."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import LatencyStats, ProcessUsage
from benchmarks.time_exits.contacts import ExitPlan, definitions, events
from benchmarks.time_exits.observer import ExitObserver, ObservedExit, verify_exits
from schemas.topics import SEGMENT_CHANGES
from streams.clock import now_ms
from tests.harness.deployment.live_deployment import LiveDeployment, live_deployment, wait_until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import follow_topics

LIMIT_SECONDS = 600.0
MIN_LOADING_SECONDS = 10.0
A_CONTACT_SECONDS = 1 / 2_000
"""More than it takes to load a contact, so that all contacts are members before the first exit is due."""


@dataclass
class TimeExitResult:
    """All figures; latencies (ms) from an exit's `at` until a reader had it (`out`), or until it was `emitted`."""

    contacts: int
    spread_seconds: float
    allowed: int
    """The grace period plus one second, in ms."""
    loading_seconds: float = 0.0
    spare_seconds: float = 0.0
    """From the last entry to the first exit due."""
    out: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    emitted: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    by_kind: dict[str, LatencyStats] = field(default_factory=dict)
    worker_cores: dict[str, float] = field(default_factory=dict)
    """CPU cores that each worker used while exits were due."""
    worker_memory: dict[str, int] = field(default_factory=dict)
    """Peak memory (MB) of each worker."""
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether every contact left once, at exactly its instant."""
        return not self.wrong

    @property
    def in_time(self) -> bool:
        """Whether 99 of 100 exits were published in time."""
        return self.out.p99 <= self.allowed

    def __str__(self) -> str:
        when = f"over {self.spread_seconds:.0f} s" if self.spread_seconds else "at one instant"
        return "\n".join(
            [
                f"{self.contacts} exits {when}; loaded in {self.loading_seconds:.1f} s,"
                f" {self.spare_seconds:.1f} s before the first was due",
                f"out after its instant: {self.out}; allowed at the 99th percentile: {self.allowed} ms",
                f"written after its instant: {self.emitted}",
                *(f"  {kind}: {spread}" for kind, spread in self.by_kind.items()),
                f"workers: cores {self.worker_cores}, most memory {self.worker_memory} MB",
                f"WRONG: {self.wrong}" if self.wrong else "EXACT: each once, at its very instant",
                "IN TIME" if self.in_time else "NOT IN TIME",
            ]
        )


async def measure(bootstrap: str, folder: Path, contacts: int, spread: float, workers: int = 1) -> TimeExitResult:
    """Runs the whole benchmark; `spread` in seconds."""
    async with live_deployment(bootstrap, fresh_prefix(), folder) as deployment:
        await deployment.start_workers(*(f"w{number}" for number in range(workers)))
        result = TimeExitResult(contacts, spread, deployment.settings.grace_ms + 1000)
        observer = ExitObserver()
        async with follow_topics(bootstrap, [deployment.settings.prefix + SEGMENT_CHANGES.name], observer.observe):
            plan = await load_contacts(deployment, contacts, spread, observer, result)
            await wait_for_exits(deployment, plan, observer, result)
        fill_result(observer, plan, result)
        if deaths := deployment.count_logged("ended"):
            result.wrong["deaths of workers"] = deaths
        return result


async def load_contacts(
    deployment: LiveDeployment, contacts: int, spread: float, observer: ExitObserver, result: TimeExitResult
) -> ExitPlan:
    """Publishes all contacts and waits until they are members. Raises TimeoutError when that takes too long."""
    start = now_ms()
    loading_ms = round((MIN_LOADING_SECONDS + contacts * A_CONTACT_SECONDS) * 1000)
    plan = ExitPlan(contacts, start, start + loading_ms, round(spread * 1000))
    await deployment.apply(definitions(plan))
    for topic, event in events(plan, now_ms):
        await deployment.send(topic, event)
    await deployment.flush()
    remaining = plan.first_due / 1000 - time.time()
    await wait_until(
        lambda: len(observer.entered_at) >= contacts, remaining, "everybody entered before the first exit is due"
    )
    end = time.time()
    result.loading_seconds = end - start / 1000
    result.spare_seconds = plan.first_due / 1000 - end
    return plan


async def wait_for_exits(
    deployment: LiveDeployment, plan: ExitPlan, observer: ExitObserver, result: TimeExitResult
) -> None:
    """Waits until all contacts have left, and measures the usage of the workers from the first exit due."""
    due = plan.first_due / 1000
    await wait_until(lambda: time.time() >= due, LIMIT_SECONDS, "the first exit is due")
    before, start = worker_usage(deployment), time.monotonic()
    await wait_until(lambda: len(observer.exits) >= plan.contacts, LIMIT_SECONDS, "everybody has left")
    seconds = time.monotonic() - start
    for name, usage in worker_usage(deployment).items():
        result.worker_cores[name] = round((usage.cpu - before[name].cpu) / seconds, 2)
        result.worker_memory[name] = usage.memory


def worker_usage(deployment: LiveDeployment) -> dict[str, ProcessUsage]:
    """Returns the usage of each worker's process."""
    return {
        name: ProcessUsage.from_pid(pid)
        for name, worker in deployment.fleet.workers.items()
        if (pid := worker.child_pid())
    }


def fill_result(observer: ExitObserver, plan: ExitPlan, result: TimeExitResult) -> None:
    """Fills the figures in."""
    result.out = LatencyStats.from_values([each.seen_at - each.at for each in observer.exits])
    result.emitted = LatencyStats.from_values([each.emitted_at - each.at for each in observer.exits])
    for kind in plan.kinds:
        result.by_kind[kind] = LatencyStats.from_values(
            [each.seen_at - each.at for each in observer.exits if _is_kind(each, kind)]
        )
    result.wrong = dict(verify_exits(observer, plan))


def _is_kind(observed_exit: ObservedExit, kind: str) -> bool:
    return observed_exit.segment.partition("-")[0] == kind
