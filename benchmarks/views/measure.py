"""Measures the read models on one broker and one local Redis."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import statistics
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from benchmarks import harness
from benchmarks.views.rows import SEGMENT, entry_instant, entry_of, write_rows
from connectors.redis.connection import RedisClient, open_redis
from connectors.redis.local import LocalRedis
from streams.kafka.partitions import partition_for_key
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from streams.views.cursors import member_list
from streams.views.reader import ViewReader
from streams.views.rebuild import Rebuild

PAGE = 100
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class PageTimes:
    """Times of pages of members in ms: `server` is the time that Redis spent on each."""

    count: int
    server_p50: float
    server_p99: float
    client_p50: float
    client_p99: float


@dataclass(frozen=True)
class ViewsResult:
    """What was measured; times of the rebuild in s, CPU of this process and of Redis apart."""

    members: int
    records: int
    rebuild_seconds: float
    builder_cpu_seconds: float
    redis_cpu_seconds: float
    records_a_second: float
    redis_megabytes: float
    pages: PageTimes
    pages_during_rebuild: PageTimes
    visible_p50_ms: float
    visible_p99_ms: float
    commits: int
    members_there: int
    changes_there: int

    @property
    def exact(self) -> bool:
        """Whether every member and change is there, once."""
        return self.members_there == self.members + self.commits and self.changes_there == self.commits

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.__dict__.items())


async def measure(bootstrap: str, folder: Path, members: int, pages: int, commits: int) -> ViewsResult:
    """Fills topics of their own, and measures."""
    settings = Settings(bootstrap=bootstrap, prefix=f"v{uuid.uuid4().hex[:8]}-", partitions=4, data_dir=folder)
    await create_topics(settings)
    harness.report_progress(f"writing {2 * members} rows")
    await write_rows(settings, members)
    with LocalRedis(folder / "redis") as server:
        async with open_redis(server.url) as client:
            harness.report_progress("building")
            before, used = await _redis_cpu(client), _own_cpu()
            start = time.perf_counter()
            await Rebuild(settings, client).run()
            seconds = time.perf_counter() - start
            builder, redis_cpu = _own_cpu() - used, await _redis_cpu(client) - before
            memory = int((await _info(client, "memory"))["used_memory"]) / 1e6
            harness.report_progress(f"built in {seconds:.1f} s, CPU {builder:.1f} s and Redis {redis_cpu:.1f} s")
            page_times = await _pages(client, settings, members, pages)
            harness.report_progress("building again, with readers")
            page_times_during = await _pages_during_rebuild(client, server.url, settings, members)
            harness.report_progress("committing")
            visible = await _visibility(settings, server.url, client, members, commits)
            reader = ViewReader(client, settings.prefix)
            [size] = await reader.segments("default")
            changes = await reader.changes("default", limit=2 * commits)
    return ViewsResult(
        members=members,
        records=2 * members,
        rebuild_seconds=round(seconds, 2),
        builder_cpu_seconds=round(builder, 2),
        redis_cpu_seconds=round(redis_cpu, 2),
        records_a_second=round(2 * members / seconds),
        redis_megabytes=round(memory),
        pages=page_times,
        pages_during_rebuild=page_times_during,
        visible_p50_ms=round(statistics.median(visible), 1),
        visible_p99_ms=round(sorted(visible)[int(len(visible) * 0.99)], 1),
        commits=commits,
        members_there=size.members,
        changes_there=len({each.record["id"] for each in changes.changes}),
    )


async def _pages(client: RedisClient, settings: Settings, members: int, count: int) -> PageTimes:
    """Pages behind random members, some of them no longer there."""
    await client.execute("CONFIG", "RESETSTAT")
    times = []
    reader = ViewReader(client, settings.prefix)
    pages = member_list("default", SEGMENT, newest_first=False)
    numbers = random.Random(2)
    for _ in range(count):
        number = numbers.randrange(members)
        name = f"contact-{number:07d}" + numbers.choice(["", "-gone"])
        cursor = pages.encode_cursor(str(entry_instant(number)), name)
        start = time.perf_counter()
        await reader.members("default", SEGMENT, limit=PAGE, cursor=cursor)
        times.append(1_000 * (time.perf_counter() - start))
    return await _page_times(client, times)


async def _pages_during_rebuild(client: RedisClient, url: str, settings: Settings, members: int) -> PageTimes:
    """Pages while another process builds the next generation, as `leadstream views rebuild` does."""
    command = (sys.executable, "-c", "from streams.cli.main import run; run()", "views", "rebuild")
    building = await asyncio.create_subprocess_exec(
        *command, env=_environment(settings, url), stdout=subprocess.DEVNULL
    )
    work = asyncio.create_task(building.wait())
    await client.execute("CONFIG", "RESETSTAT")
    reader = ViewReader(client, settings.prefix)
    pages = member_list("default", SEGMENT, newest_first=False)
    times = []
    numbers = random.Random(3)
    while not work.done():
        cursor = pages.encode_cursor(str(entry_instant(numbers.randrange(members))), "contact")
        start = time.perf_counter()
        await reader.members("default", SEGMENT, limit=PAGE, cursor=cursor)
        times.append(1_000 * (time.perf_counter() - start))
        await asyncio.sleep(_PAUSE_SECONDS)
    if await work:
        raise RuntimeError("the rebuild failed")
    return await _page_times(client, times)


async def _page_times(client: RedisClient, times: list[float]) -> PageTimes:
    ordered = sorted(times)
    text = (await _info(client, "latencystats"))["latency_percentiles_usec_evalsha_ro"]
    percentiles = dict(part.split("=") for part in text.split(","))
    return PageTimes(
        len(ordered),
        float(percentiles["p50"]) / 1_000,
        float(percentiles["p99"]) / 1_000,
        round(statistics.median(ordered), 2),
        round(ordered[int(len(ordered) * 0.99)], 2),
    )


def _environment(settings: Settings, url: str) -> dict[str, str]:
    """What a process of the deployment is told."""
    return {
        **os.environ,
        "LEADSTREAM_BOOTSTRAP": settings.bootstrap,
        "LEADSTREAM_PREFIX": settings.prefix,
        "LEADSTREAM_PARTITIONS": str(settings.partitions),
        "LEADSTREAM_REDIS_URL": url,
    }


async def _visibility(settings: Settings, url: str, client: RedisClient, members: int, commits: int) -> list[float]:
    """How many ms after the commit of an entry the feed of changes has it; the consumer is a process of its own."""
    with (settings.data_dir / "views.log").open("ab") as log:
        consumer = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agents.views",
            env=_environment(settings, url),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        return await _time_commits(settings, client, members, commits)
    finally:
        consumer.terminate()
        await consumer.wait()


async def _time_commits(settings: Settings, client: RedisClient, members: int, commits: int) -> list[float]:
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap, transactional_id=f"{settings.prefix}benchmark", linger_ms=0
    )
    await producer.start()
    reader = ViewReader(client, settings.prefix)
    times = []
    position = "0-0"
    try:
        for number in range(members, members + commits):
            slot = partition_for_key(b"default/contact-%07d" % number, settings.partitions)
            await producer.begin_transaction()
            for topic, key, value in entry_of(number):
                await producer.send(settings.prefix + topic, value, key, partition=slot)
            await producer.commit_transaction()
            start = time.perf_counter()
            while True:
                changes = await reader.changes("default", after=position, block_ms=1_000)
                if changes.changes:
                    break
            times.append(1_000 * (time.perf_counter() - start))
            position = changes.last or position
    finally:
        await producer.stop()
    return times[len(times) // 10 :]  # the first ones wait for the consumer's start


async def _info(client: RedisClient, section: str) -> dict[str, str]:
    answer = await client.execute("INFO", section)
    return dict(line.split(":", 1) for line in answer.decode().splitlines() if ":" in line)


async def _redis_cpu(client: RedisClient) -> float:
    fields = await _info(client, "cpu")
    return float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"])


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
