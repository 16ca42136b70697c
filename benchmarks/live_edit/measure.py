"""The run: contacts arrive, events flow, edits follow each other; then all is held against a fresh start."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import harness
from benchmarks.figures import Spread, Usage
from benchmarks.live_edit.command import leadstream
from benchmarks.live_edit.edits import Edit
from benchmarks.live_edit.observer import TOPICS, Seen, read_changes
from benchmarks.live_edit.reference_run import FreshStart, Members, Place, only_active, read_history
from benchmarks.live_edit.result import EditFigures, Result
from benchmarks.live_edit.session import LIMIT_SECONDS, Done, Session, Size
from benchmarks.live_edit.traffic import Sent
from benchmarks.live_edit.traffic_process import Producer
from benchmarks.live_edit.verification import judge_members, judge_stream, judge_table, members_at
from schemas.topics import SEGMENT_MEMBERS
from streams.runtime.process.supervisor import environment_of
from tests.harness.deployment.live_deployment import Stage, stage, until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import following
from tests.harness.kafka.topic_reader import read_topic

WORKER = "w0"


async def measure(bootstrap: str, folder: Path, size: Size, edits: Sequence[Edit], partitions: int = 4) -> Result:
    """The whole benchmark, on so many journal partitions."""
    async with stage(bootstrap, fresh_prefix(), folder, partitions=partitions, in_partitions=partitions) as made:
        session = Session(made, folder, size, Seen(made.settings.partitions))
        result = Result(size.contacts, size.rate)
        places = await edit_under_traffic(session, edits, result)
        harness.say(f"measured, not yet compared:\n{result.times()}\nverifying")
        wrong = await verify(session, result)
        await asyncio.to_thread(made.fleet.stop)
        harness.say("starting afresh")
        wrong += await judge(session, places, result)
        wrong["deaths of workers"] = made.logged("ended")
        result.wrong |= +wrong
        return result


async def edit_under_traffic(session: Session, edits: Sequence[Edit], result: Result) -> Mapping[int, Place]:
    """All edits; returns a tick of every journal partition after the last event, decided for everybody."""
    made, seen = session.made, session.seen
    settings = made.settings
    await made.start(WORKER)
    async with following(settings.bootstrap, [settings.prefix + topic.name for topic in TOPICS], seen.see):
        await session.arrive()
        before, began = usage(made), time.monotonic()
        producer = await Producer.start(settings, session.size.rate, session.size.contacts)
        try:
            await session.edit(edits)
        finally:
            sent = await producer.stop()
        used, took = usage(made), time.monotonic() - began
        over = round(time.time() * 1000)
        await until(lambda: seen.cut(over) is not None, LIMIT_SECONDS, "everything sent is decided")
    report(session, sent, result)
    result.worker_cores = round((used.cpu - before.cpu) / took, 2)
    result.worker_memory = used.memory
    return {number: Place(offset, at) for number, (at, offset) in (seen.cut(over) or {}).items()}


def report(session: Session, sent: Sent, result: Result) -> None:
    """The figures."""
    result.sent, result.behind = sent.events, round(sent.behind, 3)
    result.sent_rate = round(sent.events / sent.seconds, 1)
    seen = session.seen
    result.calm = Spread.of(seen.latencies(session.calm))
    result.during = Spread.of(seen.latencies([done.window for done in session.done]))
    result.edits = [figures(done, seen) for done in session.done]
    result.compare()
    if unseen := sent.probes - len(session.seen.probes):
        result.wrong["live events that changed nothing"] = unseen


def figures(done: Done, seen: Seen) -> EditFigures:
    """What one edit took."""
    arrived, settled = seen.released[done.release - 1], seen.settled_at(done.release)
    decides = max(seen.marked[done.release].values())
    return EditFigures(
        kind=done.kind,
        command=round(done.command, 2),
        decides=round((decides - arrived) / 1000, 2),
        settled=round((settled - arrived) / 1000, 2),
        latency=Spread.of(seen.latencies([done.window])),
    )


def usage(made: Stage) -> Usage:
    """What the worker's process has used. Raises RuntimeError when it is not there."""
    pid = made.fleet.workers[WORKER].child()
    if pid is None:
        raise RuntimeError(f"the worker has died, see {made.fleet.workers[WORKER].log}")
    return Usage.of(pid)


async def verify(session: Session, result: Result) -> Counter[str]:
    """What `leadstream verify` finds; nobody may be stale."""
    log, environment = session.folder / "commands.log", environment_of(session.made.settings)
    said = json.loads(await leadstream("verify", "--json", log=log, environment=environment, allowed=(0, 1)))
    found = Counter(f"verify: {each['what']} of {subject_of(each)}" for each in said["differences"])
    result.verified = f"{said['contacts']} contacts, {said['memberships']} memberships, {found.total()} differences"
    return found


def subject_of(difference: Mapping[str, str]) -> str:
    """The segment or campaign that a difference speaks of."""
    return difference.get("segment") or difference["campaign"]


async def judge(session: Session, places: Mapping[int, Place], result: Result) -> Counter[str]:
    """What is wrong with the stream, the table and the memberships; the workers must have stopped."""
    settings = session.made.settings
    changes = await read_changes(settings)
    table = await read_topic(settings.bootstrap, settings.prefix + SEGMENT_MEMBERS.name)
    expected = await expected_members(session, places)
    found = members_at(changes, {number: place.offset for number, place in places.items()})
    result.memberships = len(expected)
    return judge_stream(changes) + judge_table(table, changes) + judge_members(found, expected)


async def expected_members(session: Session, places: Mapping[int, Place]) -> Members:
    """A fresh start's, but for the segments that keep what was at some release: no later event can make those."""
    history = await read_history(session.made.settings)
    fresh = FreshStart(history, session.folder)
    members = await fresh.members(session.document, places)
    for kept in session.kept:
        listed = await fresh.kept(kept.before, kept.segment, history.markers(kept.release))
        is_list = kept.segment not in session.paused()
        members = {each for each in members if each[0] != kept.segment}
        members |= only_active(listed, members) if is_list else listed
    return members
