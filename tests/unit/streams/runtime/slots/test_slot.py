"""One transaction holds everything that a slot did, and its checkpoint."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.errors import Internal
from streams.kafka.batches import RECORD_BYTES
from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.disk.row_stores import NoLocalRows
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.time.claims import Claim
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.ticks import ControlState
from tests.harness.runtime.counting_program import CountingCheckpoint, CountingDecider, encode
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import (
    CHANGELOG,
    JOURNAL,
    SCORES,
    VISITS,
    committed_records,
    fake_slot,
    restore_checkpoint,
    state_with_advances,
)
from tests.harness.runtime.slot_records import (
    build_transaction,
    committed_checkpoint,
    enqueue_input,
    enqueue_journal,
    event_value,
    transact,
)

DEAD_LETTERS = Partition("p-dead-letters", 0)
OUTPUTS = Partition("p-segment-changes", 0)


async def test_an_accepted_event_is_journaled_with_its_source_and_the_position_after_it() -> None:
    slot = fake_slot()
    enqueue_input(slot, VISITS, (b"c1", event_value(1)))
    assert await transact(slot)
    ((key, value, _),) = committed_records(slot)[JOURNAL]
    journal_event = records.decode(value or b"")
    assert key == b"default/c1"
    assert isinstance(journal_event, records.JournalEvent)
    assert journal_event.source == ("web-visits", 0, 0)
    assert committed_checkpoint(slot).feeds["web-visits:0"] == 1
    assert committed_checkpoint(slot).arrivals["web-visits:0"] == 1_000


async def test_a_refused_event_is_a_dead_letter_with_the_bytes_as_received() -> None:
    slot = fake_slot()
    enqueue_input(slot, VISITS, (b"c1", b'{"broken'), (b"c1", event_value(1)))
    await transact(slot)
    ((key, value, headers),) = committed_records(slot)[DEAD_LETTERS]
    assert (key, value) == (b"c1", b'{"broken')
    by_name = dict(headers)
    assert by_name["h"] == b"1"  # its own header
    source = (by_name["source-topic"], by_name["source-partition"], by_name["source-offset"])
    assert source == (b"web-visits", b"0", b"0")
    assert by_name["error-code"] == b"bad"
    assert by_name["error-message"]
    assert len(committed_records(slot)[JOURNAL]) == 1  # the rest flows on


async def test_a_record_too_large_to_be_written_is_a_dead_letter_without_its_value() -> None:
    slot = fake_slot()
    enqueue_input(slot, VISITS, (b"c1", b"x" * (RECORD_BYTES + 1)))
    await transact(slot)
    ((key, value, headers),) = committed_records(slot)[DEAD_LETTERS]
    assert (key, value) == (b"c1", None)
    assert dict(headers)["error-code"] == b"too_large"


async def test_records_of_several_topics_are_journaled_by_arrival() -> None:
    slot = fake_slot()
    enqueue_input(slot, VISITS, (b"c1", event_value(1)), (b"c1", event_value(2)), at=2_000)
    enqueue_input(slot, SCORES, (b"c1", event_value(3)), at=1_500)
    await transact(slot)
    ids = [msgspec.json.decode(value or b"")["id"] for _, value, _ in committed_records(slot)[JOURNAL]]
    assert ids == ["3", "1", "2"]


async def test_outputs_rows_and_position_of_what_was_decided_are_one_transaction() -> None:
    slot = fake_slot()
    enqueue_input(slot, VISITS, *((b"c1", event_value(number)) for number in range(9)))
    await transact(slot)
    enqueue_journal(slot)
    before = len(committed_records(slot)[CHANGELOG])
    await transact(slot)
    changelog = committed_records(slot)[CHANGELOG][before:]
    assert [key for key, _, _ in changelog] == [b"default/c1", CHECKPOINT_KEY]  # one row for nine events
    assert committed_records(slot)[OUTPUTS]
    assert committed_checkpoint(slot).feeds["journal:0"] == 9


async def test_a_new_owner_goes_on_from_rows_and_position() -> None:
    slot, new_owner = fake_slot(), fake_slot()
    enqueue_input(slot, VISITS, *((b"c1", event_value(number)) for number in range(9)))
    await transact(slot)
    enqueue_journal(slot)
    await transact(slot)
    for key, value, _ in committed_records(slot)[CHANGELOG]:
        new_owner.restore(key or b"", value)
    new_owner.resume()
    assert new_owner.checkpoint == slot.checkpoint
    assert isinstance(new_owner._decider, CountingDecider)
    assert isinstance(slot._decider, CountingDecider)
    assert new_owner._decider.rows == slot._decider.rows
    assert new_owner.rows == 1


async def test_a_slot_that_goes_on_from_its_disk_begins_with_the_checkpoint_there() -> None:
    class RowsOnDisk(NoLocalRows):
        def start_restore(self, end: int) -> tuple[int, bytes]:
            return end, checkpoint_records.encode(SlotCheckpoint(definitions=5))

    slot = fake_slot(local_rows=RowsOnDisk())
    assert slot.start_restore(9) == 9
    enqueue_input(slot, VISITS, (b"c1", event_value(1)))
    batch = build_transaction(slot, 5_000)
    assert batch is not None
    assert batch.checkpoint.definitions == 5


async def test_nothing_is_written_when_there_is_nothing_to_say() -> None:
    assert not await transact(fake_slot())


async def test_a_run_fetched_before_a_rebalance_is_dropped() -> None:
    slot = fake_slot()
    old = FetchedRun([FakeRecord(VISITS.topic, 0, 0)], 0, 1, 99, 0)
    assert not slot.enqueue(old, VISITS)


async def test_a_missing_run_is_an_error() -> None:
    slot = fake_slot()
    with pytest.raises(Internal, match="gap"):
        slot.enqueue(FetchedRun([FakeRecord(VISITS.topic, 0, 5)], 5, 6, 1, 0), VISITS)


async def test_the_accounts_time_advances_when_every_source_partition_reached_its_end() -> None:
    control_state = state_with_advances(
        ClockAdvance(0, "acme", 7_000, {Partition("web-visits", 0): 2, Partition("other", 5): 9})
    )
    slot = fake_slot(control_state=control_state)
    assert not await transact(slot)
    control_state.claims.add(Partition("web-visits", 0), Claim(claim=0, position=1), 1)
    assert not await transact(slot)
    control_state.claims.add(Partition("web-visits", 0), Claim(claim=0, position=2), 1)
    assert await transact(slot)
    assert committed_records(slot)[JOURNAL][-1][:2] == (records.TICK_KEY, records.encode(records.Tick(7_000, "acme")))
    assert committed_checkpoint(slot).clock == 1


async def test_no_tick_follows_before_the_last_one_came_back_through_the_journal() -> None:
    control_state = state_with_advances(ClockAdvance(0, "acme", 7_000, {}), ClockAdvance(1, "acme", 8_000, {}))
    slot = fake_slot(control_state=control_state)
    for expected in ([7_000], [7_000], [7_000, 8_000]):  # the second transaction decides the first tick
        assert await transact(slot)
        ticks = [records.decode(value or b"") for _, value, _ in committed_records(slot)[JOURNAL]]
        assert [tick.at for tick in ticks if isinstance(tick, records.Tick)] == expected


async def test_no_tick_is_appended_while_one_is_unfinished() -> None:
    class Busy(CountingDecider):
        def is_busy(self) -> bool:
            return True

    slot = fake_slot(decider=Busy(), control_state=state_with_advances(ClockAdvance(0, "acme", 7_000, {})))
    assert not await transact(slot)


def marker(number: int, offset: int, at: int | None = 1) -> records.Marker:
    """A valid release."""
    return records.Marker("acme", number, offset, "hash", at, NEWEST_VERSION)


async def test_release_markers_are_appended_one_at_a_time_from_the_slots_own_position_on() -> None:
    control_state = ControlState(markers=[marker(1, offset=3), marker(2, offset=8)])
    slot = fake_slot(control_state=control_state)
    decided = encode(CountingCheckpoint(releases={"acme": 1}))
    restore_checkpoint(slot, SlotCheckpoint(definitions=4, checkpoint=decided))  # a former owner appended the first
    slot.resume()
    assert await transact(slot)
    assert committed_records(slot)[JOURNAL] == [(records.MARKER_KEY, records.encode(marker(2, offset=8)), [])]
    assert committed_checkpoint(slot).definitions == 9


async def test_a_release_that_a_former_owner_held_void_is_appended_by_the_new_one() -> None:
    raised, other = marker(2, offset=5), records.Marker("other", 1, 8, "hash", 1, NEWEST_VERSION)
    slot = fake_slot(control_state=ControlState(markers=[marker(1, offset=3), raised, other]))
    decided = encode(CountingCheckpoint(releases={"acme": 1, "other": 1}))
    restore_checkpoint(slot, SlotCheckpoint(definitions=9, checkpoint=decided))
    slot.resume()
    assert await transact(slot)
    assert committed_records(slot)[JOURNAL] == [(records.MARKER_KEY, records.encode(raised), [])]
    assert committed_checkpoint(slot).definitions == 9, "so the former engine does not append the other one again"
    enqueue_journal(slot)
    await transact(slot)
    assert not await transact(slot)
    assert len(committed_records(slot)[JOURNAL]) == 1


async def test_a_release_that_a_former_owner_appended_and_did_not_decide_is_not_appended_again() -> None:
    control_state = ControlState(markers=[marker(1, offset=3)])
    former = fake_slot(control_state=control_state)
    assert await transact(former)
    slot = fake_slot(control_state=control_state)
    restore_checkpoint(slot, committed_checkpoint(former))
    slot._producer.committed[JOURNAL] = committed_records(former)[JOURNAL]  # type: ignore[attr-defined]  # a fake
    slot._control_barrier = 1  # as a take-over finds the journal's end
    assert not await transact(slot)
    enqueue_journal(slot)
    await transact(slot)
    assert not await transact(slot)
    assert len(committed_records(slot)[JOURNAL]) == 1


async def test_after_an_unanswered_end_the_slot_takes_a_new_epoch_and_goes_on() -> None:
    slot = fake_slot(log_end=2)  # the position record at offset 0, then the commit's marker
    producer: Any = slot._producer
    producer.unanswered_end = True
    enqueue_input(slot, VISITS, (b"c1", event_value(1)))
    await transact(slot)
    assert producer.renewed == 1


async def test_after_an_unanswered_end_a_slot_that_had_another_owner_in_between_ends() -> None:
    slot = fake_slot(log_end=7)
    producer: Any = slot._producer
    producer.unanswered_end = True
    enqueue_input(slot, VISITS, (b"c1", event_value(1)))
    with pytest.raises(Internal, match="owned by somebody"):
        await transact(slot)


@pytest.mark.parametrize("steps", range(6))
async def test_a_slot_that_is_closed_while_it_wakes_up_ends(steps: int) -> None:
    slot = fake_slot()
    slot.start({})
    for _ in range(10):
        await asyncio.sleep(0)
    await slot.suspend()
    slot.wake()
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await slot.close()


async def test_a_slot_does_not_feed_its_decider_for_ever_ahead_of_what_it_decides() -> None:
    class Slow(CountingDecider):
        def work(self, budget: Any) -> Any:
            return super().work(type(budget)(records=1))

    slot = fake_slot(decider=Slow())
    log = [(b"default/c1", records.encode(journal_event(number))) for number in range(20_000)]
    for start in range(0, len(log), 2_000):
        enqueue_input(slot, JOURNAL, *log[start : start + 2_000])
    for _ in range(10):
        await transact(slot)
    assert isinstance(slot._decider, CountingDecider)
    assert len(slot._decider.queue) <= 16_000
    # Records that are fed and not decided are read again after a restart.
    assert committed_checkpoint(slot).feeds["journal:0"] == 10


def journal_event(number: int) -> records.JournalEvent:
    """A journal record."""
    return records.JournalEvent(
        "counted", str(number), 1, "default", "c1", ("web-visits", 0, number), fields={"amount": 1}
    )
