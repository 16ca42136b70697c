"""The run: load everybody, wait for their exits, say how late each was out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Spread, Usage
from benchmarks.time_exits.contacts import Plan, definitions, events
from benchmarks.time_exits.observer import Exit, Seen, judge
from schemas.topics import SEGMENT_CHANGES
from streams.clock import now_ms
from tests.harness.deployment.live_deployment import Stage, stage, until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import following

LIMIT_SECONDS = 600.0
LEAST_LEAD = 10.0
A_CONTACT_SECONDS = 1 / 2_000
"""More than it takes to load a contact, so that nobody is due before everybody is there."""


@dataclass
class Result:
    """Latencies are from an exit's `at`, in ms: until a reader had it (`out`), until it was written (`emitted`)."""

    contacts: int
    spread_seconds: float
    allowed: int
    """Grace plus one second."""
    loading_seconds: float = 0.0
    spare_seconds: float = 0.0
    """Between the last entrance and the first exit due."""
    out: Spread = field(default_factory=lambda: Spread.of([]))
    emitted: Spread = field(default_factory=lambda: Spread.of([]))
    by_kind: dict[str, Spread] = field(default_factory=dict)
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


async def measure(bootstrap: str, folder: Path, contacts: int, spread: float, workers: int = 1) -> Result:
    """The whole benchmark; `spread` in seconds."""
    async with stage(bootstrap, fresh_prefix(), folder) as made:
        await made.start(*(f"w{number}" for number in range(workers)))
        result = Result(contacts, spread, made.settings.grace_ms + 1000)
        seen = Seen()
        async with following(bootstrap, [made.settings.prefix + SEGMENT_CHANGES.name], seen.see):
            plan = await load(made, contacts, spread, seen, result)
            await exits(made, plan, seen, result)
        report(seen, plan, result)
        if deaths := made.logged("ended"):
            result.wrong["deaths of workers"] = deaths
        return result


async def load(made: Stage, contacts: int, spread: float, seen: Seen, result: Result) -> Plan:
    """Publishes everybody, and waits until everybody is a member. Raises TimeoutError when that takes too long."""
    began = now_ms()
    lead = round((LEAST_LEAD + contacts * A_CONTACT_SECONDS) * 1000)
    plan = Plan(contacts, began, began + lead, round(spread * 1000))
    await made.apply(definitions(plan))
    for topic, event in events(plan, now_ms):
        await made.send(topic, event)
    await made.delivered()
    left = plan.first / 1000 - time.time()
    await until(lambda: len(seen.entered) >= contacts, left, "everybody entered before the first exit is due")
    loaded = time.time()
    result.loading_seconds = loaded - began / 1000
    result.spare_seconds = plan.first / 1000 - loaded
    return plan


async def exits(made: Stage, plan: Plan, seen: Seen, result: Result) -> None:
    """Waits until everybody has left, and notes what the workers used from the first exit due on."""
    due = plan.first / 1000
    await until(lambda: time.time() >= due, LIMIT_SECONDS, "the first exit is due")
    before, began = usage(made), time.monotonic()
    await until(lambda: len(seen.exits) >= plan.contacts, LIMIT_SECONDS, "everybody has left")
    took = time.monotonic() - began
    for name, used in usage(made).items():
        result.worker_cores[name] = round((used.cpu - before[name].cpu) / took, 2)
        result.worker_memory[name] = used.memory


def usage(made: Stage) -> dict[str, Usage]:
    """What each worker's process has used."""
    return {name: Usage.of(pid) for name, worker in made.fleet.workers.items() if (pid := worker.child())}


def report(seen: Seen, plan: Plan, result: Result) -> None:
    """The figures."""
    result.out = Spread.of([each.seen - each.at for each in seen.exits])
    result.emitted = Spread.of([each.emitted - each.at for each in seen.exits])
    for kind in plan.kinds:
        result.by_kind[kind] = Spread.of([each.seen - each.at for each in seen.exits if _is(each, kind)])
    result.wrong = dict(judge(seen, plan))


def _is(each: Exit, kind: str) -> bool:
    return each.segment.partition("-")[0] == kind
