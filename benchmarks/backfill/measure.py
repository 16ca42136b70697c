"""The run: loads the past of all contacts, applies the release under live traffic, compares the members."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import harness
from benchmarks.backfill.contacts import definitions, expected_members, last_events, past_events
from benchmarks.backfill.observer import BackfillObserver
from benchmarks.backfill.result import BackfillResult
from benchmarks.figures import LatencyStats, ProcessUsage
from benchmarks.live_edit.command import leadstream
from benchmarks.live_edit.contacts import TopicEvent
from benchmarks.live_edit.session import AFTERMATH_SECONDS, now_ms
from benchmarks.live_edit.traffic_process import TrafficProcess
from benchmarks.side_by_side.events import JobEvent
from benchmarks.side_by_side.topics import PARTITIONS, produce
from schemas.topics import DEFINITIONS, SEGMENT_CHANGES, WEB_VISITS
from streams.runtime.process.supervisor import child_environment
from tests.harness.deployment.live_deployment import LiveDeployment, live_deployment, wait_until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import follow_topics

WORKER = "w0"
LIMIT_SECONDS = 1_800.0
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class BackfillSize:
    """`rate` in live events a second, `calm` in seconds of traffic before the release."""

    contacts: int
    rate: float
    calm: float


async def measure(bootstrap: str, folder: Path, size: BackfillSize, state: str = "memory") -> BackfillResult:
    """Runs the whole benchmark; `state` says where the worker has its contacts."""
    async with live_deployment(
        bootstrap, fresh_prefix(), folder, partitions=PARTITIONS, in_partitions=PARTITIONS, contact_store=state
    ) as deployment:
        run = ReleaseMeasurement(deployment, folder, size, BackfillResult(size.contacts, size.rate, state))
        await run.measure()
        return run.result


@dataclass
class ReleaseMeasurement:
    """One run of the benchmark in a deployment."""

    deployment: LiveDeployment
    folder: Path
    size: BackfillSize
    result: BackfillResult

    async def measure(self) -> None:
        """Fills the result."""
        settings, observer = self.deployment.settings, BackfillObserver()
        await self.deployment.start_workers(WORKER)
        await self.deployment.apply(definitions(with_counted=False))
        topics = [settings.prefix + topic.name for topic in (SEGMENT_CHANGES, DEFINITIONS)]
        async with follow_topics(settings.bootstrap, topics, observer.observe):
            await self._load(observer)
            await self._measure_release(observer)
        if deaths := self.deployment.count_logged("ended"):
            self.result.wrong["deaths of workers"] = deaths

    async def _load(self, observer: BackfillObserver) -> None:
        """Publishes the past, and waits until all of it is decided."""
        began = time.monotonic()
        self.result.events = await self._publish(past_events(self.size.contacts, round(now_ms())))
        await self._publish(last_events(PARTITIONS, round(now_ms())))
        harness.report_progress(f"published {self.result.events} events in {time.monotonic() - began:.0f} s")
        await wait_until(
            lambda: observer.loaded_partitions == PARTITIONS, LIMIT_SECONDS, "the past of all contacts is decided"
        )
        self.result.loaded = round(time.monotonic() - began, 1)
        harness.report_progress(f"decided after {self.result.loaded:.0f} s")

    async def _publish(self, events: Iterable[TopicEvent]) -> int:
        settings = self.deployment.settings
        names = {WEB_VISITS.name: settings.prefix + WEB_VISITS.name}
        return (await produce(settings.bootstrap, _as_sent(events), names)).total()

    async def _measure_release(self, observer: BackfillObserver) -> None:
        """Applies the release with live traffic before, beside and after it."""
        size, settings, result = self.size, self.deployment.settings, self.result
        minimum = expected_members(size.contacts, 0)  # takes a second, in which nothing would be observed
        producer = await TrafficProcess.start(
            settings, size.rate, size.contacts, module="benchmarks.backfill.traffic"
        )
        try:
            await wait_until(lambda: bool(observer.probes), LIMIT_SECONDS, "the traffic has begun")
            await asyncio.sleep(size.calm / 4)  # the worker is warm, and what the loading left is over
            calm_start = now_ms()
            await asyncio.sleep(size.calm)  # the length of the range
            before, start = self._worker_usage(), now_ms()
            result.memory_before = before.memory
            decided = await self._apply_release()
            await wait_until(
                lambda: len(observer.members) >= len(minimum) and minimum <= observer.members,
                LIMIT_SECONDS,
                "all members of the past have entered",
            )
            usage, end = self._worker_usage(), observer.last_member_at
            await asyncio.sleep(AFTERMATH_SECONDS)  # the length of the range
        finally:
            traffic = await producer.stop()
        result.sent, result.behind = traffic.events, round(traffic.behind, 3)
        expected = expected_members(size.contacts, traffic.events)
        await wait_until(
            lambda: len(observer.probes) >= traffic.probes and expected <= observer.members,
            LIMIT_SECONDS,
            "everything sent is decided",
        )
        arrival = observer.release_arrivals[-1]
        result.decides, result.settled = round((decided - arrival) / 1000, 2), round((end - arrival) / 1000, 2)
        result.worker_cores = round((usage.cpu - before.cpu) / (end - start) * 1000, 2)
        result.worker_memory = usage.memory
        result.calm = LatencyStats.from_values(observer.latencies(calm_start, start))
        result.counting = LatencyStats.from_values(observer.latencies(start, decided))
        result.settling = LatencyStats.from_values(observer.latencies(decided, end + AFTERMATH_SECONDS * 1000))
        result.during = LatencyStats.from_values(observer.latencies(start, end + AFTERMATH_SECONDS * 1000))
        result.ratio = round(result.during.p99 / (result.calm.p99 or 1.0), 2)
        result.members = len(expected)
        observer.wrong["members that should not be"] = len(observer.members - expected)
        observer.wrong["live events that changed something twice"] = len(observer.probes) - traffic.probes
        result.wrong |= +observer.wrong

    async def _apply_release(self) -> float:
        """Applies it with the command; returns when (ms) that knew that the release decides everywhere."""
        path = self.folder / "release-2.json"
        path.write_bytes(msgspec.json.encode(definitions(with_counted=True)))
        options = ["--json", "--wait", "--patience", str(PATIENCE_SECONDS)]
        environment = child_environment(self.deployment.settings)
        log = self.folder / "commands.log"
        await leadstream("definitions", "apply", *options, str(path), log=log, environment=environment)
        return now_ms()

    def _worker_usage(self) -> ProcessUsage:
        worker = self.deployment.fleet.workers[WORKER]
        pid = worker.child_pid()
        if pid is None:
            raise RuntimeError(f"the worker has died, see {worker.log}")
        return ProcessUsage.from_pid(pid)


def _as_sent(events: Iterable[TopicEvent]) -> Iterator[JobEvent]:
    for topic, event in events:
        contact: Any = event["contact"]
        yield JobEvent(topic, contact.encode(), msgspec.json.encode(event))
