"""The run: load everybody, wait for their exits, say how late each was out."""

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
LEAST_LEAD = 10.0
A_CONTACT_SECONDS = 1 / 2_000
"""More than it takes to load a contact, so that nobody is due before everybody is there."""


@dataclass
class TimeExitResult:
    """Latencies are from an exit's `at`, in ms: until a reader had it (`out`), until it was written (`emitted`)."""

    contacts: int
    spread_seconds: float
    allowed: int
    """Grace plus one second."""
    loading_seconds: float = 0.0
    spare_seconds: float = 0.0
    """Between the last entrance and the first exit due."""
    out: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    emitted: LatencyStats = field(default_factory=lambda: LatencyStats.from_values([]))
    by_kind: dict[str, LatencyStats] = field(default_factory=dict)
    worker_cores: dict[str, float] = field(default_factory=dict)
    """Cores that each worker used while exits were due."""
    worker_memory: dict[str, int] = field(default_factory=dict)
    """The most memory (MB) that each worker held."""
    wrong: dict[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> bool:
        """Whether everybody left once, at the very instant."""
        return not self.wrong

    @property
    def in_time(self) -> bool:
        """Whether 99 of 100 exits were out in time."""
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
    """The whole benchmark; `spread` in seconds."""
    async with live_deployment(bootstrap, fresh_prefix(), folder) as made:
        await made.start_workers(*(f"w{number}" for number in range(workers)))
        result = TimeExitResult(contacts, spread, made.settings.grace_ms + 1000)
        seen = ExitObserver()
        async with follow_topics(bootstrap, [made.settings.prefix + SEGMENT_CHANGES.name], seen.observe):
            plan = await load_contacts(made, contacts, spread, seen, result)
            await wait_for_exits(made, plan, seen, result)
        fill_result(seen, plan, result)
        if deaths := made.count_logged("ended"):
            result.wrong["deaths of workers"] = deaths
        return result


async def load_contacts(
    deployment: LiveDeployment, contacts: int, spread: float, observer: ExitObserver, result: TimeExitResult
) -> ExitPlan:
    """Publishes everybody, and waits until everybody is a member. Raises TimeoutError when that takes too long."""
    began = now_ms()
    lead = round((LEAST_LEAD + contacts * A_CONTACT_SECONDS) * 1000)
    plan = ExitPlan(contacts, began, began + lead, round(spread * 1000))
    await deployment.apply(definitions(plan))
    for topic, event in events(plan, now_ms):
        await deployment.send(topic, event)
    await deployment.flush()
    left = plan.first_due / 1000 - time.time()
    await wait_until(
        lambda: len(observer.entered_at) >= contacts, left, "everybody entered before the first exit is due"
    )
    loaded = time.time()
    result.loading_seconds = loaded - began / 1000
    result.spare_seconds = plan.first_due / 1000 - loaded
    return plan


async def wait_for_exits(
    deployment: LiveDeployment, plan: ExitPlan, observer: ExitObserver, result: TimeExitResult
) -> None:
    """Waits until everybody has left, and notes what the workers used from the first exit due on."""
    due = plan.first_due / 1000
    await wait_until(lambda: time.time() >= due, LIMIT_SECONDS, "the first exit is due")
    before, began = worker_usage(deployment), time.monotonic()
    await wait_until(lambda: len(observer.exits) >= plan.contacts, LIMIT_SECONDS, "everybody has left")
    took = time.monotonic() - began
    for name, used in worker_usage(deployment).items():
        result.worker_cores[name] = round((used.cpu - before[name].cpu) / took, 2)
        result.worker_memory[name] = used.memory


def worker_usage(deployment: LiveDeployment) -> dict[str, ProcessUsage]:
    """What each worker's process has used."""
    return {
        name: ProcessUsage.from_pid(pid)
        for name, worker in deployment.fleet.workers.items()
        if (pid := worker.child_pid())
    }


def fill_result(observer: ExitObserver, plan: ExitPlan, result: TimeExitResult) -> None:
    """The figures."""
    result.out = LatencyStats.from_values([each.seen_at - each.at for each in observer.exits])
    result.emitted = LatencyStats.from_values([each.emitted_at - each.at for each in observer.exits])
    for kind in plan.kinds:
        result.by_kind[kind] = LatencyStats.from_values(
            [each.seen_at - each.at for each in observer.exits if _is_kind(each, kind)]
        )
    result.wrong = dict(verify_exits(observer, plan))


def _is_kind(observed_exit: ObservedExit, kind: str) -> bool:
    return observed_exit.segment.partition("-")[0] == kind
