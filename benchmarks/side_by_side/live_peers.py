"""Peers that run beside traffic: loaded with all contacts, without an end, and restarted where a measurement asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.peer_runs import PROJECT, TASK_FILE, delete_run_topics, make_task, watch_loading
from benchmarks.side_by_side.pipeline_run import (
    PIPELINES,
    PipelineProgress,
    changes_topic,
    delete_deployment,
    input_topics,
    prepare_deployment,
    start_worker,
)
from benchmarks.side_by_side.processes import MeasuredProcess
from benchmarks.side_by_side.programs import PROGRAMS
from benchmarks.side_by_side.topics import create_plain_topics, delete_topics, produce
from schemas.topics import CONTACT_CHANGES, WEB_VISITS
from streams.settings import Settings

COMMIT_MS: int = Settings.model_fields["interval_ms"].default
"""The interval of peers that write in transactions: this pipeline's own."""
NEVER = 1 << 60


@dataclass
class LivePeer:
    """A peer that has all contacts: where events go, where changes come, where its state is on disk."""

    process: MeasuredProcess
    start: Callable[[], MeasuredProcess]
    names: Mapping[str, str]
    changes: str
    state: Path
    settings: Settings | None = None
    """Those of this pipeline."""

    def restart(self) -> MeasuredProcess:
        """Starts the peer again."""
        self.process = self.start()
        return self.process


def cause_id(change: Mapping[str, Any]) -> str:
    """Returns the id of the event that caused a change."""
    cause = change["cause"]
    return str(cause["event"] if isinstance(cause, dict) else cause)


def now_ms() -> int:
    """Returns the present instant in ms."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def live_peer(peer: str, cell: Cell, place: RunPlace) -> AsyncIterator[LivePeer]:
    """Yields a peer that has handled the cell's events; it is stopped and its topics are deleted at the end."""
    make = _pipeline(peer, cell, place) if peer in PIPELINES else _program(peer, cell, place)
    async with make as live:
        yield live


@asynccontextmanager
async def _pipeline(peer: str, cell: Cell, place: RunPlace) -> AsyncIterator[LivePeer]:
    folder = place.folder / f"{cell.name}-{peer}-live"
    settings = await prepare_deployment(peer, cell, place, folder, "wall")

    def start() -> MeasuredProcess:
        return start_worker(settings, place, folder)

    live = LivePeer(start(), start, input_topics(settings), changes_topic(settings), settings.data_dir, settings)
    try:
        ends = await produce(place.bootstrap, cell.events(now_ms), live.names)
        await PipelineProgress(settings, ends).watch(live.process)
        yield live
    finally:
        await asyncio.to_thread(live.process.stop)
        await delete_deployment(settings)


@asynccontextmanager
async def _program(peer: str, cell: Cell, place: RunPlace) -> AsyncIterator[LivePeer]:
    program = PROGRAMS[peer]
    folder, in_topic = place.folder / f"{cell.name}-{peer}-live", f"events-live-{cell.name}-{peer}"
    task = await asyncio.to_thread(
        make_task, program, cell, in_topic, place, folder, total=NEVER, passes=1, commit_ms=COMMIT_MS
    )
    await create_plain_topics(place.bootstrap, [in_topic, task.out_topic, task.state_topic])
    names = {CONTACT_CHANGES.name: in_topic, WEB_VISITS.name: in_topic}
    await produce(place.bootstrap, cell.events(now_ms), names)
    command = program.command(place, folder / TASK_FILE)

    def start() -> MeasuredProcess:
        return MeasuredProcess.start(command, folder / "log", place.broker_pid, PROJECT, {})

    live = LivePeer(start(), start, names, task.out_topic, Path(task.folder))
    try:
        await watch_loading(live.process, Path(task.progress), cell.total)
        yield live
    finally:
        await asyncio.to_thread(live.process.stop)
        await delete_run_topics(place, task)
        await delete_topics(place.bootstrap, [in_topic])
