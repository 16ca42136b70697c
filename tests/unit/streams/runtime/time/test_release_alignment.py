"""A release enters the journal by its arrival like every record, since it sets the clock of each contact."""

from __future__ import annotations

import msgspec

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.kafka.partitions import Partition
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.slots.slot import Slot
from streams.runtime.time.claims import Claim
from streams.runtime.time.ticks import ControlState
from streams.settings import Settings
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, committed_records, fake_slot
from tests.harness.runtime.slot_records import build_transaction

NOW = 1_000_000
RELEASE = records.Marker("default", 1, 0, "hash", at=NOW, semantics=NEWEST_VERSION)
WALL = Settings(prefix="p-", clock="wall", partitions=1)
OURS, OTHERS = Partition("web-visits", 0), Partition("scoring-events", 0)


def state_with_claims(others: int, readable: bool = True) -> ControlState:
    """The state with a release, the own partition's claim at NOW, and another's."""
    state = ControlState(markers=[RELEASE])
    state.claims.add(OURS, Claim(NOW, position=0), NOW)
    state.claims.add(OTHERS, Claim(others, position=0, readable=readable), NOW)
    return state


def visits(slot: Slot, *arrivals: int) -> None:
    """Enqueues visits that arrived at these instants."""
    run_records = [
        FakeRecord(VISITS.topic, 0, number, at, b"c1", event(number), ()) for number, at in enumerate(arrivals)
    ]
    assert slot.enqueue(FetchedRun(run_records, 0, len(run_records), 1, 1 << 50), VISITS)


def event(number: int) -> bytes:
    """The value of a visit."""
    return msgspec.json.encode({"id": str(number), "contact": "c1", "amount": 1, "at": 1})


async def transact(slot: Slot) -> None:
    """Commits one transaction if there is something to write, and enqueues its journal records."""
    batch = build_transaction(slot, NOW)
    if batch is not None:
        await slot.commit(batch)
    log, position = committed_records(slot).get(JOURNAL, []), slot.buffers[JOURNAL].fetch_position
    run_records = [
        FakeRecord(JOURNAL.topic, 0, offset, 1, *log[offset][:2], ()) for offset in range(position, len(log))
    ]
    if run_records:
        assert slot.enqueue(FetchedRun(run_records, position, len(log), 1, 1 << 50), JOURNAL)


def journal(slot: Slot) -> list[str]:
    """The ids of events, and "release", in the journal's order, without ticks."""
    journal_records = [records.decode(value or b"") for _, value, _ in committed_records(slot).get(JOURNAL, [])]
    entries = [entry for entry in journal_records if not isinstance(entry, records.Tick)]
    return [entry.id if isinstance(entry, records.JournalEvent) else "release" for entry in entries]


async def test_a_release_waits_for_a_partition_that_is_days_behind() -> None:
    slot = fake_slot(WALL, control_state=state_with_claims(others=NOW - 20_000))
    await transact(slot)
    assert journal(slot) == []
    slot._tick_scheduler.control_state.claims.add(OTHERS, Claim(NOW - 10_000, position=0, readable=True), NOW)
    await transact(slot)  # decides the record just read
    await transact(slot)
    assert journal(slot) == ["release"]


async def test_a_release_does_not_wait_for_a_partition_that_cannot_be_read() -> None:
    slot = fake_slot(WALL, control_state=state_with_claims(others=NOW - 20_000, readable=False))
    await transact(slot)
    assert journal(slot) == ["release"]


async def test_what_arrived_after_a_release_follows_it_in_its_slot() -> None:
    slot = fake_slot(WALL, control_state=state_with_claims(others=NOW))
    visits(slot, NOW - 5, NOW, NOW + 1)
    for _ in range(3):
        await transact(slot)
    assert journal(slot)[:3] == ["0", "1", "release"]
