"""What a slot does on the wall clock: the ticks that it appends, and the records that wait to stay in step."""

from __future__ import annotations

import pytest

from streams.engine.journal import records
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.time.claims import Claim
from streams.runtime.time.ticks import ControlState
from streams.settings import Settings
from tests.harness.runtime.fake_slot import (
    JOURNAL,
    VISITS,
    committed_records,
    fake_slot,
    restore_checkpoint,
)
from tests.harness.runtime.slot_records import (
    committed_checkpoint,
    enqueue_input,
    enqueue_journal,
    event_value,
    transact,
)


def wall_settings() -> Settings:
    """Settings with the wall clock."""
    return Settings(prefix="p-", clock="wall", partitions=1)


def state_with_claims(claim: int, broker_time: int) -> ControlState:
    """The state in which both source partitions have this claim."""
    control_state = ControlState()
    for topic in ("web-visits", "scoring-events"):
        control_state.claims.add(Partition(topic, 0), Claim(claim=claim, position=0), broker_time)
    return control_state


@pytest.mark.parametrize(
    ("claim", "broker", "worker", "tick"),
    [
        (100_000, 100_000, 100_000, 99_000),  # grace
        (100_000, 100_000, 200_000, 99_000),  # the broker's clock is the earlier one
        (100_000, 200_000, 100_500, 99_500),  # the worker's is
        (50_000, 100_000, 100_000, 50_000),  # a claim holds time back
    ],
)
async def test_a_wall_tick_is_the_clock_minus_grace_and_at_most_every_claim(
    claim: int, broker: int, worker: int, tick: int
) -> None:
    slot = fake_slot(wall_settings(), control_state=state_with_claims(claim, broker))
    assert await transact(slot, now=worker)
    ticked = records.decode(committed_records(slot)[JOURNAL][-1][1] or b"")
    assert isinstance(ticked, records.Tick)
    assert (ticked.at, ticked.account) == (tick, "")


async def test_there_is_no_tick_before_every_partition_has_a_claim() -> None:
    control_state = ControlState()
    control_state.claims.add(Partition("web-visits", 0), Claim(claim=9_000, position=0), 9_000)
    slot = fake_slot(wall_settings(), control_state=control_state)
    assert not await transact(slot, now=10_000)
    assert slot._tick_scheduler.holder == "scoring-events:0"


async def test_ticks_never_go_back_even_under_a_new_owner() -> None:
    slot = fake_slot(wall_settings(), control_state=state_with_claims(50_000, 100_000))
    restore_checkpoint(slot, SlotCheckpoint(tick=60_000))
    assert not await transact(slot, now=100_000)


async def test_ticks_come_often_while_something_is_due_and_slowly_otherwise() -> None:
    control_state = state_with_claims(1 << 40, 1 << 40)
    slot = fake_slot(wall_settings(), control_state=control_state)
    assert await transact(slot, now=100_000)
    enqueue_journal(slot)
    await transact(slot, now=100_000)
    assert not await transact(slot, now=100_300)  # nothing is due
    slot._decider.next_due = lambda before=None: 1  # type: ignore[method-assign]
    assert await transact(slot, now=100_300)


async def test_in_a_silence_ticks_come_slower_still() -> None:
    control_state = state_with_claims(1 << 40, 1 << 40)
    slot = fake_slot(wall_settings(), control_state=control_state)
    assert await transact(slot, now=100_000)
    enqueue_journal(slot)
    await transact(slot, now=100_000)  # the journal holds the tick alone
    assert not await transact(slot, now=106_000)
    enqueue_input(slot, VISITS, (b"c1", event_value(1)))
    await transact(slot, now=106_000)
    enqueue_journal(slot)
    await transact(slot, now=106_000)  # decides the event, and appends a tick behind it
    enqueue_journal(slot)
    await transact(slot, now=106_000)
    assert not await transact(slot, now=165_999)
    assert await transact(slot, now=166_000)
    ticks = [records.decode(value or b"") for _, value, _ in committed_records(slot)[JOURNAL]]
    assert [tick.at for tick in ticks if isinstance(tick, records.Tick)] == [99_000, 105_000, 165_000]


async def test_a_record_out_of_step_waits_and_the_others_go_on() -> None:
    control_state = state_with_claims(1_000, 100_000)
    control_state.claims.add(Partition("scoring-events", 0), Claim(claim=1_000, position=0, readable=True), 100_000)
    slot = fake_slot(wall_settings(), control_state=control_state)
    enqueue_input(slot, VISITS, (b"c1", event_value(1)), at=2_000)
    enqueue_input(slot, VISITS, (b"c1", event_value(2)), at=11_001)
    await transact(slot, now=90_000)
    assert committed_checkpoint(slot).feeds["web-visits:0"] == 1
    assert slot.is_waiting
