"""The slot manager refuses an assignment that breaks slots apart, and names partitions that are left out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from aiokafka.errors import IllegalStateError
from faust.types import TP

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.faust.runs import FetchedAnswer, FetchedRuns
from streams.runtime.inputs.partition_buffer import FetchEnds
from streams.runtime.slots import fetch_arrivals, gap_watch
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.time.claims import Claim
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec
from tests.harness.runtime.fake_records import make_run
from tests.harness.runtime.fake_slot import VISITS, fake_slot, same_error


def slot_manager(ends: dict[Partition, FetchEnds] | None = None, **settings: Any) -> SlotManager:
    """A slot manager whose app was never started; `ends` is what its fetch thread knows."""
    app: Any = SimpleNamespace(
        consumer=SimpleNamespace(
            fetch_thread=SimpleNamespace(ends=ends or {}, shorten_waits=lambda *, is_short: None),
            forget_read_offsets=lambda _partitions: None,
        )
    )
    return SlotManager(
        app, counting_spec(2), Settings(**{"prefix": "p-", "partitions": 2, **settings}), "w1", same_error
    )


def wall_settings() -> Settings:
    """Settings with the wall clock."""
    return Settings(prefix="p-", clock="wall", partitions=1)


async def test_an_assignment_that_breaks_slots_apart_is_refused() -> None:
    with pytest.raises(Internal, match="p-web-visits:3"):
        await slot_manager().take_over({TP("p-journal", 0), TP("p-web-visits", 0), TP("p-web-visits", 3)})


def test_a_run_for_a_slot_that_went_away_is_dropped() -> None:
    slot = fake_slot()
    buffer = slot.buffers[VISITS]
    run = make_run(buffer, offsets=[0])
    run.source = Partition(VISITS.topic, 1)
    slot_manager().forward(FetchedRuns([run]))  # slot 1 is not here
    assert not buffer.queue


@pytest.mark.parametrize("is_revoked", [True, False])
async def test_an_assignment_that_is_gone_before_it_is_sought_ends_the_worker_only_if_it_was_not_revoked(
    is_revoked: bool,
) -> None:
    manager, slot = slot_manager(), fake_slot()
    manager.slots[0] = slot

    async def seek_exactly(_positions: Any) -> Any:
        if is_revoked:
            await manager.suspend()
        raise IllegalStateError("web-visits:0 is not assigned")

    thread: Any = manager.app.consumer.fetch_thread
    thread.seek_exactly = seek_exactly
    with contextlib.nullcontext() if is_revoked else pytest.raises(IllegalStateError):
        await manager.start({VISITS: 0})
    assert not slot._is_active, "the next take-over starts it"


async def test_slots_stay_at_rest_when_the_next_take_over_has_begun_before_they_are_sought() -> None:
    manager, slot = slot_manager(), fake_slot()
    manager.slots[0] = slot
    looks = blocked_looks(manager)

    async def seek_exactly(positions: Any) -> dict[Partition, int]:
        await manager.suspend()
        looks.append(asyncio.create_task(manager.take_over({TP("p-journal", 0)})))
        await settle()
        return dict.fromkeys(positions, 2)

    thread: Any = manager.app.consumer.fetch_thread
    thread.seek_exactly = seek_exactly
    await manager.start({VISITS: 0})
    assert not slot._is_active, "its positions are being read"
    await cancel_all(looks)


def blocked_looks(manager: SlotManager) -> list[asyncio.Task[Any]]:
    """Lets take-overs wait after their beginning; returns the list of those that a test begins."""

    async def look() -> list[Partition]:
        await asyncio.Event().wait()
        return []

    manager.source_watch.look = look  # type: ignore[method-assign]
    return []


async def cancel_all(tasks: list[asyncio.Task[Any]]) -> None:
    """Gives the tasks up."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def settle() -> None:
    """Lets every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def manager_with_accepted_gap(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[SlotManager], Awaitable[None]]
) -> tuple[SlotManager, Slot, list[str]]:
    """A manager that works, its slot, whose partition of VISITS stopped before a gap that was accepted, and what it
    told Faust and the fetch thread. `meanwhile` happens while the gaps are being read.
    """
    manager, slot, calls = slot_manager(), fake_slot(), list[str]()
    manager.slots[0], manager.working_since = slot, 1_000
    slot.buffers[VISITS].stop_reason = "position 0 is outside the log"

    class Consumer:
        async def beginning_offsets(self, tps: Iterable[Any]) -> dict[Any, int]:
            return dict.fromkeys(tps, 7)

        async def end_offsets(self, tps: Iterable[Any]) -> dict[Any, int]:
            return dict.fromkeys(tps, 9)

    @contextlib.asynccontextmanager
    async def open_consumer(_isolation_level: str) -> AsyncIterator[Any]:
        yield Consumer()

    async def read_gaps(_settings: Settings, _consumer: Any) -> Any:
        await meanwhile(manager)
        return SimpleNamespace(position_after=lambda _name, _before, _beginning, _end: 7)

    async def seek_exactly(positions: Any) -> dict[Partition, int]:
        calls.append(f"sought {sorted(positions.values())}")
        return dict.fromkeys(positions, 2)

    monkeypatch.setattr(manager._takeover, "open_consumer", open_consumer)
    monkeypatch.setattr(gap_watch, "read_source_gaps", read_gaps)
    app: Any = manager.app
    app.rebalancing = False
    app.consumer.fetch_thread.seek_exactly = seek_exactly
    app.consumer.read_on = lambda positions: calls.append(f"read on {sorted(positions.values())}")
    return manager, slot, calls


async def test_a_partition_is_read_on_when_its_gap_was_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_manager: SlotManager) -> None:
        pass

    manager, slot, calls = manager_with_accepted_gap(monkeypatch, nothing)
    await manager._resume_stopped()
    assert calls == ["read on [7]", "sought [7]"]
    buffer = slot.buffers[VISITS]
    assert (buffer.stop_reason, buffer.fetch_position, buffer.token) == (None, 7, 2)
    await slot.suspend()
    await slot.close()


async def test_a_gap_that_was_accepted_is_left_to_the_take_over_that_begins_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_overs: list[asyncio.Task[Any]] = []

    async def rebalance(manager: SlotManager) -> None:
        await manager.suspend()
        take_overs.append(asyncio.create_task(manager.take_over({TP("p-journal", 0)})))
        await settle()

    manager, slot, calls = manager_with_accepted_gap(monkeypatch, rebalance)
    blocked_looks(manager)
    await manager._resume_stopped()
    assert calls == []
    assert slot.buffers[VISITS].stop_reason is not None, "the take-over reads it on, or lets it wait"
    assert not slot._is_active
    await manager._resume_stopped()
    assert calls == [], "nor at a look during the take-over"
    await cancel_all(take_overs)


async def test_a_slot_that_went_away_is_closed_to_the_end_though_another_rebalance_comes_meanwhile() -> None:
    manager, slot = slot_manager(), fake_slot()
    manager.slots[0] = slot
    is_closing, may_close, closed = asyncio.Event(), asyncio.Event(), list[bool]()

    async def close() -> None:
        is_closing.set()
        await may_close.wait()
        closed.append(True)

    slot.close = close  # type: ignore[method-assign]
    take_over = asyncio.create_task(manager.take_over(set()))
    await is_closing.wait()
    take_over.cancel()
    await asyncio.sleep(0)
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await take_over
    assert closed, "its rows are open no more"


def fed_manager(slots: int) -> tuple[SlotManager, list[int], list[FetchedRuns]]:
    """A manager of slots, the numbers of those that it woke, and a message for each of them, all fetched together."""
    manager, woken, messages = slot_manager(), list[int](), list[FetchedRuns]()
    answer = FetchedAnswer(slots)
    for number in range(slots):
        slot = fake_slot()
        slot.wake = partial(woken.append, number)  # type: ignore[method-assign]
        manager.slots[number] = slot
        buffer = slot.buffers[VISITS]
        slot._inputs.buffers[Partition(VISITS.topic, number)] = buffer
        run = make_run(buffer, offsets=[0])
        run.source = Partition(VISITS.topic, number)
        messages.append(FetchedRuns([run], answer))
    return manager, woken, messages


async def test_slots_look_when_all_that_was_fetched_together_is_there() -> None:
    manager, woken, (first, second) = fed_manager(2)
    manager.forward(first)
    assert not woken, "the other message is still on its way"
    manager.forward(second)
    assert woken == [0, 1]


async def test_one_message_brings_the_records_of_several_slots() -> None:
    manager, woken, (first, second) = fed_manager(2)
    manager.forward(FetchedRuns([*first.runs, *second.runs]))
    assert woken == [0, 1]
    assert all(slot.has_records() for slot in manager.slots.values())


async def test_slots_look_at_last_though_a_message_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_arrivals, "ARRIVAL_SECONDS", 0.0)
    manager, woken, (first, _) = fed_manager(2)
    has_woken = asyncio.Event()
    manager.slots[0].wake = has_woken.set  # type: ignore[method-assign]
    manager.forward(first)
    async with asyncio.timeout(5):
        await has_woken.wait()
    assert not woken, "nothing came for the other slot"


async def test_a_partition_left_out_is_named_once_and_again_when_it_moves() -> None:
    blocked = FetchEnds(1, sent_at=10_000, delivered_position=0, position=0, stable=0, high=4)
    ends = {VISITS: blocked}
    manager = slot_manager(ends, stuck_after_ms=1_000)
    slot = fake_slot()
    manager.slots[0] = slot
    with structlog.testing.capture_logs() as lines:
        for now in (10_000, 10_500, 11_000, 12_000):
            ends[VISITS] = blocked._replace(sent_at=now)
            manager.claims_at(now)
        ends[VISITS] = blocked._replace(sent_at=13_000, stable=4)
        manager.claims_at(13_000)
    events = [(line["event"], line["partition"]) for line in lines]
    assert events == [("partition left out", "web-visits:0"), ("partition moves again", "web-visits:0")]


async def test_claims_are_needed_as_soon_as_the_first_slot_has_something_due_or_another_worker_waits() -> None:
    manager = slot_manager(clock="wall")
    slot, other = fake_slot(wall_settings()), fake_slot(wall_settings())
    manager.slots.update({0: slot, 1: other})
    assert manager.claims_needed_in(1_000) is None
    slot._decider.next_due = lambda before=None: 1_700  # type: ignore[method-assign]
    other._decider.next_due = lambda before=None: 9_000  # type: ignore[method-assign]
    assert manager.claims_needed_in(1_000) == 700
    assert not any(claim.waits for claim in manager.claims_at(1_000).values())
    assert manager.claims_needed_in(1_800) == 0
    assert all(claim.waits for claim in manager.claims_at(1_800).values())
    claims = manager.control_topics.control_state.claims
    claims.add(Partition("web-visits", 1), Claim(claim=1, position=0, waits=True), timestamp=1_000)
    assert manager.claims_needed_in(1_000) == 0
    slot._decider.next_due = other._decider.next_due = lambda before=None: None  # type: ignore[method-assign]
    assert not any(claim.waits for claim in manager.claims_at(1_000).values()), "nobody echoes the others"


async def test_claims_that_no_slot_waits_for_wake_none() -> None:
    manager = slot_manager(clock="wall")
    slot = fake_slot(wall_settings())
    manager.slots[0] = slot
    woken: list[bool] = []
    slot.wake = lambda: woken.append(True)  # type: ignore[method-assign]
    manager.handle_claims()
    assert not woken
    slot._decider.next_due = lambda before=None: 1  # type: ignore[method-assign]
    manager.handle_claims()
    assert woken == [True]


async def test_a_slot_that_lags_behind_publishes_its_claims_at_once() -> None:
    manager = slot_manager(clock="wall")
    slot = fake_slot()
    claims = manager.control_topics.control_state.claims
    hurries: list[bool] = []
    manager.claim_publisher.publish_now = lambda: hurries.append(True)  # type: ignore[method-assign]
    for buffer in slot.source_buffers():
        buffer.claim = 100_000
    manager._handle_commit(slot, slot._new_batch())
    assert not hurries
    slot._is_waiting = True
    manager._handle_commit(slot, slot._new_batch())
    assert len(hurries) == 1
    slot._is_waiting = False
    claims.largest = lambda: 200_000  # type: ignore[method-assign]
    manager._handle_commit(slot, slot._new_batch())
    assert len(hurries) == 2
