"""Runs the peers' programs: one process for each run, watched until it has handled all events."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.peers.task import PeerTask, create_progress_file, read_progress
from benchmarks.side_by_side.processes import MeasuredProcess
from benchmarks.side_by_side.programs import PROGRAMS, PeerProgram
from benchmarks.side_by_side.runs import PeerRun
from benchmarks.side_by_side.segments import neutral_document
from benchmarks.side_by_side.topics import (
    PARTITIONS,
    create_plain_topics,
    delete_topics,
    read_memberships,
    topics_with_prefix,
)

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE_SECONDS = 0.02
LIMIT_SECONDS = 3_600.0
TASK_FILE = "task.json"


async def run_peer(name: str, cell: Cell, in_topic: str, place: RunPlace, round_number: int) -> PeerRun:
    """Runs a peer over a cell's events, which wait in `in_topic`."""
    program = PROGRAMS[name]
    folder = place.folder / f"{cell.name}-{name}-{round_number}"
    task = await asyncio.to_thread(make_task, program, cell, in_topic, place, folder)
    await create_plain_topics(place.bootstrap, [task.out_topic, task.state_topic])
    command = program.command(place, folder / TASK_FILE)
    process = MeasuredProcess.start(command, folder / "log", place.broker_pid, PROJECT, {"PYTHONHASHSEED": "0"})
    run = PeerRun(name, round_number)
    try:
        await watch_progress(process, Path(task.progress))
        run.fill_memory(process)
    finally:
        await asyncio.to_thread(process.stop)
    start = cell.total * (task.passes - 1)
    run.fill_times(process.samples, start + cell.plan.contacts, start + cell.total)
    run.members, run.change_count = await read_memberships(place.bootstrap, task.out_topic)
    await delete_run_topics(place, task)
    return run


async def delete_run_topics(place: RunPlace, task: PeerTask) -> None:
    """Deletes the topics of a run, also those that the peer made itself."""
    topics = await topics_with_prefix(place.bootstrap, "")
    await delete_topics(place.bootstrap, [topic for topic in topics if task.run in topic])


def make_task(
    program: PeerProgram, cell: Cell, in_topic: str, place: RunPlace, folder: Path, **more: Any
) -> PeerTask:
    """Makes the folder and the files of a run; `more` replaces fields of the task."""
    folder.mkdir(parents=True)
    run = uuid.uuid4().hex[:10]
    segments, progress, state = folder / "segments.json", folder / "progress", folder / "state"
    segments.write_bytes(msgspec.json.encode([neutral_document(segment) for segment in cell.segments]))
    create_progress_file(progress)
    state.mkdir()
    task = PeerTask(
        run=run,
        variant=program.variant,
        passes=program.passes(cell.total),
        bootstrap=place.bootstrap,
        in_topic=in_topic,
        out_topic=f"out-{run}",
        state_topic=f"state-{run}",
        partitions=PARTITIONS,
        total=cell.total,
        segments=str(segments),
        progress=str(progress),
        folder=str(state),
    )
    task = replace(task, **more)
    (folder / TASK_FILE).write_bytes(msgspec.json.encode(asdict(task)))
    return task


async def watch_progress(process: MeasuredProcess, progress: Path) -> None:
    """Samples a peer until it says that all is committed. Raises RuntimeError when it ends, TimeoutError."""
    await _watch(process, progress, lambda _, is_finished: is_finished)


async def watch_loading(process: MeasuredProcess, progress: Path, contacts: int) -> None:
    """Samples a peer until it has handled so many events. Raises RuntimeError when it ends, TimeoutError."""
    await _watch(process, progress, lambda count, _: count >= contacts)


async def _watch(process: MeasuredProcess, progress: Path, is_done: Callable[[int, bool], bool]) -> None:
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        count, is_finished = read_progress(progress)
        process.sample(count)
        if is_done(count, is_finished):
            return
        if time.monotonic() > end:
            raise TimeoutError(f"not done within {LIMIT_SECONDS:.0f} s, see {process.log}")
        await asyncio.sleep(SAMPLE_SECONDS)
