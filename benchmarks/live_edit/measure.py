"""The run: contacts arrive, events flow, edits follow each other; then all is held against a fresh start."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import harness
from benchmarks.figures import LatencyStats, ProcessUsage
from benchmarks.live_edit.command import leadstream
from benchmarks.live_edit.edits import Edit
from benchmarks.live_edit.observer import TOPICS, LiveEditObserver, read_changes
from benchmarks.live_edit.reference_run import JournalCut, Members, ReferenceRun, active_members, read_history
from benchmarks.live_edit.result import EditFigures, LiveEditResult
from benchmarks.live_edit.session import LIMIT_SECONDS, EditRun, EditSession, TrafficSize
from benchmarks.live_edit.traffic import TrafficReport
from benchmarks.live_edit.traffic_process import TrafficProcess
from benchmarks.live_edit.verification import members_at, verify_changes, verify_members, verify_table
from schemas.topics import SEGMENT_MEMBERS
from streams.runtime.process.supervisor import child_environment
from tests.harness.deployment.live_deployment import LiveDeployment, live_deployment, wait_until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import follow_topics
from tests.harness.kafka.topic_reader import read_topic

WORKER = "w0"


async def measure(
    bootstrap: str, folder: Path, size: TrafficSize, edits: Sequence[Edit], partitions: int = 4
) -> LiveEditResult:
    """The whole benchmark, on so many journal partitions."""
    async with live_deployment(
        bootstrap, fresh_prefix(), folder, partitions=partitions, in_partitions=partitions
    ) as made:
        session = EditSession(made, folder, size, LiveEditObserver(made.settings.partitions))
        result = LiveEditResult(size.contacts, size.rate)
        places = await run_edits_under_traffic(session, edits, result)
        harness.report_progress(f"measured, not yet compared:\n{result.timing_text()}\nverifying")
        wrong = await run_verify_command(session, result)
        await asyncio.to_thread(made.fleet.stop)
        harness.report_progress("starting afresh")
        wrong += await verify_run(session, places, result)
        wrong["deaths of workers"] = made.count_logged("ended")
        result.wrong |= +wrong
        return result


async def run_edits_under_traffic(
    session: EditSession, edits: Sequence[Edit], result: LiveEditResult
) -> Mapping[int, JournalCut]:
    """All edits; returns a tick of every journal partition after the last event, decided for everybody."""
    made, seen = session.deployment, session.observer
    settings = made.settings
    await made.start_workers(WORKER)
    async with follow_topics(settings.bootstrap, [settings.prefix + topic.name for topic in TOPICS], seen.observe):
        await session.publish_first_events()
        before, began = worker_usage(made), time.monotonic()
        producer = await TrafficProcess.start(settings, session.size.rate, session.size.contacts)
        try:
            await session.run_edits(edits)
        finally:
            sent = await producer.stop()
        used, took = worker_usage(made), time.monotonic() - began
        over = round(time.time() * 1000)
        await wait_until(lambda: seen.final_ticks(over) is not None, LIMIT_SECONDS, "everything sent is decided")
    fill_result(session, sent, result)
    result.worker_cores = round((used.cpu - before.cpu) / took, 2)
    result.worker_memory = used.memory
    return {number: JournalCut(offset, at) for number, (at, offset) in (seen.final_ticks(over) or {}).items()}


def fill_result(session: EditSession, sent: TrafficReport, result: LiveEditResult) -> None:
    """The figures."""
    result.sent, result.behind = sent.events, round(sent.behind, 3)
    result.sent_rate = round(sent.events / sent.seconds, 1)
    seen = session.observer
    result.calm = LatencyStats.from_values(seen.latencies(session.calm_ranges))
    result.during = LatencyStats.from_values(seen.latencies([done.time_range for done in session.edit_runs]))
    result.edits = [edit_figures(done, seen) for done in session.edit_runs]
    result.set_ratios()
    if unseen := sent.probes - len(session.observer.probes):
        result.wrong["live events that changed nothing"] = unseen


def edit_figures(edit_run: EditRun, observer: LiveEditObserver) -> EditFigures:
    """What one edit took."""
    arrived, settled = observer.release_arrivals[edit_run.release - 1], observer.settled_at(edit_run.release)
    decides = max(observer.marker_arrivals[edit_run.release].values())
    return EditFigures(
        kind=edit_run.kind,
        command=round(edit_run.command_seconds, 2),
        decides=round((decides - arrived) / 1000, 2),
        settled=round((settled - arrived) / 1000, 2),
        latency=LatencyStats.from_values(observer.latencies([edit_run.time_range])),
    )


def worker_usage(deployment: LiveDeployment) -> ProcessUsage:
    """What the worker's process has used. Raises RuntimeError when it is not there."""
    pid = deployment.fleet.workers[WORKER].child_pid()
    if pid is None:
        raise RuntimeError(f"the worker has died, see {deployment.fleet.workers[WORKER].log}")
    return ProcessUsage.from_pid(pid)


async def run_verify_command(session: EditSession, result: LiveEditResult) -> Counter[str]:
    """What `leadstream verify` finds; nobody may be stale."""
    log, environment = session.folder / "commands.log", child_environment(session.deployment.settings)
    said = json.loads(await leadstream("verify", "--json", log=log, environment=environment, allowed_codes=(0, 1)))
    found = Counter(f"verify: {each['what']} of {subject_of(each)}" for each in said["differences"])
    result.verified = f"{said['contacts']} contacts, {said['memberships']} memberships, {found.total()} differences"
    return found


def subject_of(difference: Mapping[str, str]) -> str:
    """The segment or campaign that a difference speaks of."""
    return difference.get("segment") or difference["campaign"]


async def verify_run(session: EditSession, cuts: Mapping[int, JournalCut], result: LiveEditResult) -> Counter[str]:
    """What is wrong with the stream, the table and the memberships; the workers must have stopped."""
    settings = session.deployment.settings
    changes = await read_changes(settings)
    table = await read_topic(settings.bootstrap, settings.prefix + SEGMENT_MEMBERS.name)
    expected = await expected_members(session, cuts)
    found = members_at(changes, {number: place.offset for number, place in cuts.items()})
    result.memberships = len(expected)
    return verify_changes(changes) + verify_table(table, changes) + verify_members(found, expected)


async def expected_members(session: EditSession, cuts: Mapping[int, JournalCut]) -> Members:
    """A fresh start's, but for the segments that keep what was at some release: no later event can make those."""
    history = await read_history(session.deployment.settings)
    fresh = ReferenceRun(history, session.folder)
    members = await fresh.members(session.document, cuts)
    for kept in session.frozen_segments:
        listed = await fresh.segment_members(kept.definitions, kept.segment, history.marker_cuts(kept.release))
        is_list = kept.segment not in session.paused_segments()
        members = {each for each in members if each[0] != kept.segment}
        members |= active_members(listed, members) if is_list else listed
    return members
