"""A slot looks for work when it is woken, or when time has something for it, and not in between."""

from __future__ import annotations

import asyncio
import time

from streams.runtime.slots.work_pace import WorkPace
from streams.settings import Settings


async def test_a_slot_without_anything_due_sleeps_until_it_is_woken() -> None:
    pace = WorkPace(Settings(tick_ms=1))
    task = asyncio.create_task(pace.await_wake([None]))
    await asyncio.sleep(0.02)
    assert not task.done()
    pace.wake()
    await task


async def test_a_wake_during_a_look_is_not_lost() -> None:
    pace = WorkPace(Settings())
    pace.begin_look()
    pace.wake()
    async with asyncio.timeout(5):
        await pace.await_wake([None])


async def test_the_smallest_pause_ends_the_wait_and_never_sooner_than_a_tick() -> None:
    pace = WorkPace(Settings(tick_ms=20))
    began = time.monotonic()
    await pace.await_wake([60_000, None, 0])
    assert 0.019 <= time.monotonic() - began < 30


async def test_the_first_transaction_after_a_silence_waits_for_no_interval() -> None:
    pace = WorkPace(Settings(interval_ms=10_000))
    async with asyncio.timeout(5):
        await pace.await_interval(is_waiting=False)
    pace.mark_start(time.monotonic())
    async with asyncio.timeout(5):
        await pace.await_interval(is_waiting=True)
