"""A release that has nothing to count comes before the events that come after it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from streams.engine.journal import records
from streams.engine.journal.records import JournalEvent, Marker, Proposal
from streams.engine.journal.validate import EventValidator
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.version import ENGINE_VERSION
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.slot import Slot
from streams.runtime.time.ticks import ClockAdvance, ControlState
from streams.settings import Settings
from tests.harness.engine.engine_driver import BUDGET, sound_definitions
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, committed_records, fake_slot

COUNTED: dict[str, Any] = {"segments": [{"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}]}
VISIT = {"id": "v", "type": "web.visited", "contact": "ann", "at": "2026-01-01T00:00:00Z"}


def staged(clock: Literal["wall", "events"], at: int, definitions: dict[str, Any] = COUNTED) -> Slot:
    """A slot that is told of a release and of a visit which arrived at 1,000."""
    marker = Marker("default", 1, 0, "", at, ENGINE_VERSION)
    decider = PartitionDecider(0, lambda *_: sound_definitions(definitions), DEFAULT_ENGINE_SETTINGS)
    decider.resume(None)
    settings = Settings(prefix="p-", clock=clock, partitions=1)
    slot = fake_slot(settings, decider, EventValidator("events"), ControlState(markers=[marker]))
    feed = slot.inputs.buffers[VISITS]
    visit = FakeRecord(VISITS.topic, 0, 0, 1_000, b"ann", msgspec.json.encode(VISIT), ())
    assert slot.enqueue(run_of([visit], feed.token), VISITS)
    return slot


def run_of(fetched: list[FakeRecord], token: int | None) -> FetchedRun:
    return FetchedRun(fetched, fetched[0].offset, fetched[-1].offset + 1, token or 0, 1 << 50)


async def kinds(slot: Slot, *, ticks: bool = False) -> list[str]:
    """What the slot journals, transaction after transaction, until it has nothing more to say."""
    for _ in range(60):
        portion = slot.build_transaction(5_000)
        if portion is not None:
            await slot.commit(portion)
        comes_back(slot)
        slot.backfill.start(slot.checkpoint)
        await told(slot)
    return [type(record).__name__ for record in journaled(slot) if ticks or not isinstance(record, records.Tick)]


async def told(slot: Slot) -> None:
    """Lets what the introduction does in the background happen."""
    task = slot.backfill._task
    if task is not None:
        await task


def comes_back(slot: Slot) -> None:
    feed = slot.inputs.buffers[JOURNAL]
    log = committed_records(slot).get(JOURNAL, [])
    entries = [
        FakeRecord(JOURNAL.topic, 0, offset, 1, key, value)
        for offset, (key, value, _) in enumerate(log)
        if offset >= feed.fetch_position
    ]
    if entries:
        slot.enqueue(run_of(entries, feed.token), JOURNAL)


def journaled(slot: Slot) -> list[records.JournalRecord]:
    return [records.decode(value) for _, value, _ in committed_records(slot).get(JOURNAL, []) if value is not None]


async def test_on_the_events_clock_events_wait_for_the_first_release() -> None:
    slot = staged("events", at=0)
    assert await kinds(slot) == [Proposal.__name__, Marker.__name__, JournalEvent.__name__]


async def test_on_the_wall_clock_events_that_arrived_later_wait_for_the_first_release() -> None:
    slot = staged("wall", at=500)
    assert (await kinds(slot))[:2] == [Proposal.__name__, Marker.__name__]


async def test_events_that_arrived_before_the_first_release_do_not_wait() -> None:
    slot = staged("wall", at=2_000)
    portion = slot.build_transaction(5_000)
    assert portion is not None
    await slot.commit(portion)
    assert [type(record).__name__ for record in journaled(slot)] == [JournalEvent.__name__, Proposal.__name__]


async def test_a_first_release_that_asks_nothing_of_the_past_comes_first_too() -> None:
    slot = staged(
        "events", at=0, definitions={"segments": [{"id": "everybody", "dynamic": True, "when": {"all": []}}]}
    )
    assert await kinds(slot) == [Marker.__name__, JournalEvent.__name__]


async def test_a_new_owner_knows_that_a_first_release_is_on_its_way() -> None:
    slot = staged("events", at=0)
    slot.checkpoint = SlotCheckpoint(definitions=1, introduced={"default": (1, "")})
    assert slot.build_transaction(5_000) is None


async def test_time_waits_like_events_for_a_first_release() -> None:
    slot = staged("events", at=0)
    advance = ClockAdvance(0, "default", 10, {})
    slot.tick_scheduler.control_state.advances.append(advance)
    told = await kinds(slot, ticks=True)
    assert told.index(Marker.__name__) < told.index(records.Tick.__name__)


async def test_a_first_release_does_not_wait_for_what_is_counted_of_another_account() -> None:
    slot = staged("events", at=0)
    busy = Marker("other", 1, 1, "", 0, ENGINE_VERSION)
    slot.tick_scheduler.control_state.markers.insert(0, msgspec.structs.replace(busy, offset=-1))
    theirs = JournalEvent("web.visited", "x", 0, "other", "bob", ("in", 0, 0))
    slot.decider.feed(0, records.event_key("other", "bob"), records.encode(theirs))
    slot.decider.work(BUDGET)
    slot.checkpoint = SlotCheckpoint(introduced={"other": (1, "")})
    slot.decider.feed(1, b"proposal", records.encode(records.proposal_from_marker(busy)))
    slot.decider.work(BUDGET)
    first = slot.control_scheduler.next_record(slot.checkpoint, 5_000)
    assert first is not None
    assert isinstance(first.record, Proposal)
    assert first.record.account == "default"
    slot.decider.feed(2, b"proposal", records.encode(first.record))
    slot.decider.work(BUDGET)
    said = slot.control_scheduler.next_record(first.checkpoint, 5_000)
    assert said is not None
    assert isinstance(said.record, Marker)
    assert said.record.account == "default"
    await slot.backfill.close()


async def test_the_first_releases_of_many_accounts_come_one_by_one() -> None:
    """Events of all accounts wait for a first release that is on its way: never for more than one."""
    slot = staged("events", at=0)
    for number in range(5):
        marker = Marker(f"new{number}", 1, number + 1, "", 0, ENGINE_VERSION)
        slot.tick_scheduler.control_state.markers.append(marker)
    told = await kinds(slot)
    assert told == [Proposal.__name__, Marker.__name__] * 6 + [JournalEvent.__name__]
