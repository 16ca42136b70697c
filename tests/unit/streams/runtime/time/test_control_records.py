"""A release that has nothing to count comes before the events that come after it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.records import JournalEvent, Marker, Proposal
from streams.engine.journal.validate import EventValidator
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.runtime.backfill.backfill import Backfill
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.slot import Slot
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.ticks import ControlState
from streams.settings import Settings
from tests.harness.engine.engine_driver import BUDGET, sound_definitions
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, committed_records, fake_slot, restore_checkpoint
from tests.harness.runtime.slot_records import build_transaction

COUNTED: dict[str, Any] = {"segments": [{"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}]}
VISIT = {"id": "v", "type": "web.visited", "contact": "ann", "at": "2026-01-01T00:00:00Z"}


def slot_with_release(clock: Literal["wall", "events"], at: int, definitions: dict[str, Any] = COUNTED) -> Slot:
    """A slot with a release in `definitions` and a visit that arrived at 1,000."""
    marker = Marker("default", 1, 0, "", at, NEWEST_VERSION)
    decider = PartitionDecider(0, lambda *_: sound_definitions(definitions), DEFAULT_ENGINE_SETTINGS)
    decider.resume(None)
    settings = Settings(prefix="p-", clock=clock, partitions=1)
    slot = fake_slot(settings, decider, EventValidator("events"), ControlState(markers=[marker]))
    buffer = slot.buffers[VISITS]
    visit = FakeRecord(VISITS.topic, 0, 0, 1_000, b"ann", msgspec.json.encode(VISIT), ())
    assert slot.enqueue(run_of([visit], buffer.token), VISITS)
    return slot


def run_of(run_records: list[FakeRecord], token: int | None) -> FetchedRun:
    return FetchedRun(run_records, run_records[0].offset, run_records[-1].offset + 1, token or 0, 1 << 50)


async def record_types(slot: Slot, *, ticks: bool = False) -> list[str]:
    """The types of the records that the slot journals, transaction after transaction, until nothing is left."""
    for _ in range(60):
        batch = build_transaction(slot, 5_000)
        if batch is not None:
            await slot.commit(batch)
        enqueue_journal(slot)
        backfill_of(slot).start(slot.checkpoint)
        await await_backfill(slot)
    return [
        type(record).__name__ for record in journal_records(slot) if ticks or not isinstance(record, records.Tick)
    ]


async def await_backfill(slot: Slot) -> None:
    """Waits for the back-fill's background task."""
    task = backfill_of(slot)._task
    if task is not None:
        await task


def backfill_of(slot: Slot) -> Backfill:
    """The slot's back-fill; its decider needs one."""
    assert slot._backfill is not None
    return slot._backfill


def enqueue_journal(slot: Slot) -> None:
    buffer = slot.buffers[JOURNAL]
    log = committed_records(slot).get(JOURNAL, [])
    entries = [
        FakeRecord(JOURNAL.topic, 0, offset, 1, key, value)
        for offset, (key, value, _) in enumerate(log)
        if offset >= buffer.fetch_position
    ]
    if entries:
        slot.enqueue(run_of(entries, buffer.token), JOURNAL)


def journal_records(slot: Slot) -> list[records.JournalRecord]:
    return [records.decode(value) for _, value, _ in committed_records(slot).get(JOURNAL, []) if value is not None]


async def test_on_the_events_clock_events_wait_for_the_first_release() -> None:
    slot = slot_with_release("events", at=0)
    assert await record_types(slot) == [Proposal.__name__, Marker.__name__, JournalEvent.__name__]


async def test_on_the_wall_clock_events_that_arrived_later_wait_for_the_first_release() -> None:
    slot = slot_with_release("wall", at=500)
    assert (await record_types(slot))[:2] == [Proposal.__name__, Marker.__name__]


async def test_events_that_arrived_before_the_first_release_do_not_wait() -> None:
    slot = slot_with_release("wall", at=2_000)
    batch = build_transaction(slot, 5_000)
    assert batch is not None
    await slot.commit(batch)
    assert [type(record).__name__ for record in journal_records(slot)] == [JournalEvent.__name__, Proposal.__name__]


async def test_a_first_release_that_asks_nothing_of_the_past_comes_first_too() -> None:
    slot = slot_with_release(
        "events", at=0, definitions={"segments": [{"id": "everybody", "dynamic": True, "when": {"all": []}}]}
    )
    assert await record_types(slot) == [Marker.__name__, JournalEvent.__name__]


async def test_a_new_owner_knows_that_a_first_release_is_on_its_way() -> None:
    slot = slot_with_release("events", at=0)
    restore_checkpoint(slot, SlotCheckpoint(definitions=1, introduced={"default": (1, "")}))
    assert build_transaction(slot, 5_000) is None


async def test_time_waits_like_events_for_a_first_release() -> None:
    slot = slot_with_release("events", at=0)
    advance = ClockAdvance(0, "default", 10, {})
    slot._tick_scheduler.control_state.advances.add(advance)
    types = await record_types(slot, ticks=True)
    assert types.index(Marker.__name__) < types.index(records.Tick.__name__)


async def test_a_first_release_does_not_wait_for_what_is_counted_of_another_account() -> None:
    slot = slot_with_release("events", at=0)
    busy = Marker("other", 1, 1, "", 0, NEWEST_VERSION)
    slot._tick_scheduler.control_state.markers.insert(0, msgspec.structs.replace(busy, offset=-1))
    visit = JournalEvent("web.visited", "x", 0, "other", "bob", ("in", 0, 0))
    slot._decider.feed(0, records.event_key("other", "bob"), records.encode(visit))
    slot._decider.work(BUDGET)
    restore_checkpoint(slot, SlotCheckpoint(introduced={"other": (1, "")}))
    slot._decider.feed(1, b"proposal", records.encode(records.proposal_from_marker(busy)))
    slot._decider.work(BUDGET)
    first = slot._control_scheduler.next_record(slot.checkpoint, 5_000)
    assert first is not None
    assert isinstance(first.record, Proposal)
    assert first.record.account == "default"
    slot._decider.feed(2, b"proposal", records.encode(first.record))
    slot._decider.work(BUDGET)
    second = slot._control_scheduler.next_record(first.checkpoint, 5_000)
    assert second is not None
    assert isinstance(second.record, Marker)
    assert second.record.account == "default"
    await backfill_of(slot).close()


async def test_events_wait_for_a_first_release_behind_one_of_another_account() -> None:
    slot = slot_with_release("events", at=0)
    markers = slot._tick_scheduler.control_state.markers
    other = Marker("other", 1, 0, "", 0, NEWEST_VERSION)
    markers[:] = [other, msgspec.structs.replace(markers[0], offset=1)]
    visit = JournalEvent("web.visited", "x", 0, "other", "bob", ("in", 0, 0))
    slot._decider.feed(0, records.event_key("other", "bob"), records.encode(visit))
    slot._decider.work(BUDGET)  # the other account has a contact, so nobody waits for its release
    batch = build_transaction(slot, 5_000)
    assert batch is not None
    await slot.commit(batch)
    assert [type(record).__name__ for record in journal_records(slot)] == [Proposal.__name__]


async def test_the_first_releases_of_many_accounts_come_one_by_one() -> None:
    """Events of all accounts wait for a first release under way, never for more than one."""
    slot = slot_with_release("events", at=0)
    for number in range(5):
        marker = Marker(f"new{number}", 1, number + 1, "", 0, NEWEST_VERSION)
        slot._tick_scheduler.control_state.markers.append(marker)
    types = await record_types(slot)
    assert types == [Proposal.__name__, Marker.__name__] * 6 + [JournalEvent.__name__]
