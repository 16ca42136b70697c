"""The run: publishes contacts and events, applies the edits, then compares everything with a fresh start."""

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
    """Runs the whole benchmark; `partitions` is the number of journal partitions."""
    async with live_deployment(
        bootstrap, fresh_prefix(), folder, partitions=partitions, in_partitions=partitions
    ) as deployment:
        session = EditSession(deployment, folder, size, LiveEditObserver(deployment.settings.partitions))
        result = LiveEditResult(size.contacts, size.rate)
        cuts = await run_edits_under_traffic(session, edits, result)
        harness.report_progress(f"measured, not yet compared:\n{result.timing_text()}\nverifying")
        wrong = await run_verify_command(session, result)
        await asyncio.to_thread(deployment.fleet.stop)
        harness.report_progress("starting afresh")
        wrong += await verify_run(session, cuts, result)
        wrong["deaths of workers"] = deployment.count_logged("ended")
        result.wrong |= +wrong
        return result


async def run_edits_under_traffic(
    session: EditSession, edits: Sequence[Edit], result: LiveEditResult
) -> Mapping[int, JournalCut]:
    """Applies all edits; returns for every journal partition a completely decided tick after the last event."""
    deployment, observer = session.deployment, session.observer
    settings = deployment.settings
    await deployment.start_workers(WORKER)
    topics = [settings.prefix + topic.name for topic in TOPICS]
    async with follow_topics(settings.bootstrap, topics, observer.observe):
        await session.publish_first_events()
        usage_before, start = worker_usage(deployment), time.monotonic()
        producer = await TrafficProcess.start(settings, session.size.rate, session.size.contacts)
        try:
            await session.run_edits(edits)
        finally:
            traffic = await producer.stop()
        usage, seconds = worker_usage(deployment), time.monotonic() - start
        end = round(time.time() * 1000)
        await wait_until(lambda: observer.final_ticks(end) is not None, LIMIT_SECONDS, "everything sent is decided")
    fill_result(session, traffic, result)
    result.worker_cores = round((usage.cpu - usage_before.cpu) / seconds, 2)
    result.worker_memory = usage.memory
    return {number: JournalCut(offset, at) for number, (at, offset) in (observer.final_ticks(end) or {}).items()}


def fill_result(session: EditSession, traffic: TrafficReport, result: LiveEditResult) -> None:
    """Fills the figures in."""
    result.sent, result.behind = traffic.events, round(traffic.behind, 3)
    result.sent_rate = round(traffic.events / traffic.seconds, 1)
    observer = session.observer
    result.calm = LatencyStats.from_values(observer.latencies(session.calm_ranges))
    result.during = LatencyStats.from_values(observer.latencies([run.time_range for run in session.edit_runs]))
    result.edits = [edit_figures(run, observer) for run in session.edit_runs]
    result.set_ratios()
    if missing := traffic.probes - len(observer.probes):
        result.wrong["live events that changed nothing"] = missing


def edit_figures(edit_run: EditRun, observer: LiveEditObserver) -> EditFigures:
    """Returns the figures of one edit."""
    arrival, settled_at = observer.release_arrivals[edit_run.release - 1], observer.settled_at(edit_run.release)
    last_marker = max(observer.marker_arrivals[edit_run.release].values())
    return EditFigures(
        kind=edit_run.kind,
        command=round(edit_run.command_seconds, 2),
        decides=round((last_marker - arrival) / 1000, 2),
        settled=round((settled_at - arrival) / 1000, 2),
        latency=LatencyStats.from_values(observer.latencies([edit_run.time_range])),
    )


def worker_usage(deployment: LiveDeployment) -> ProcessUsage:
    """Returns the usage of the worker's process. Raises RuntimeError when it has ended."""
    pid = deployment.fleet.workers[WORKER].child_pid()
    if pid is None:
        raise RuntimeError(f"the worker has died, see {deployment.fleet.workers[WORKER].log}")
    return ProcessUsage.from_pid(pid)


async def run_verify_command(session: EditSession, result: LiveEditResult) -> Counter[str]:
    """Runs `leadstream verify` and counts its differences; there should be none."""
    log, environment = session.folder / "commands.log", child_environment(session.deployment.settings)
    report = json.loads(await leadstream("verify", "--json", log=log, environment=environment, allowed_codes=(0, 1)))
    counts = Counter(f"verify: {each['what']} of {subject_of(each)}" for each in report["differences"])
    compared = f"{report['contacts']} contacts, {report['memberships']} memberships"
    result.verified = f"{compared}, {counts.total()} differences"
    return counts


def subject_of(difference: Mapping[str, str]) -> str:
    """Returns the segment or campaign of a difference."""
    return difference.get("segment") or difference["campaign"]


async def verify_run(session: EditSession, cuts: Mapping[int, JournalCut], result: LiveEditResult) -> Counter[str]:
    """Counts the errors in the changes, the table and the memberships. The workers must have stopped."""
    settings = session.deployment.settings
    changes = await read_changes(settings)
    table = await read_topic(settings.bootstrap, settings.prefix + SEGMENT_MEMBERS.name)
    expected = await expected_members(session, cuts)
    members = members_at(changes, {number: cut.offset for number, cut in cuts.items()})
    result.memberships = len(expected)
    return verify_changes(changes) + verify_table(table, changes) + verify_members(members, expected)


async def expected_members(session: EditSession, cuts: Mapping[int, JournalCut]) -> Members:
    """Returns the members of a fresh start, and for each frozen segment the members at its release."""
    history = await read_history(session.deployment.settings)
    reference = ReferenceRun(history, session.folder)
    members = await reference.members(session.document, cuts)
    for frozen in session.frozen_segments:
        marker_cuts = history.marker_cuts(frozen.release)
        former = await reference.segment_members(frozen.definitions, frozen.segment, marker_cuts)
        is_list = frozen.segment not in session.paused_segments()
        members = {each for each in members if each[0] != frozen.segment}
        members |= active_members(former, members) if is_list else former
    return members
