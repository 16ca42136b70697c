"""A slot looks for work when it is woken, or when time has something for it, and not in between."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.runtime.slots.work_pace import LONGEST_INTERVAL, STRETCH, WorkPace
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


@pytest.mark.parametrize(
    ("commit_seconds", "interval"), [(0.004, 0.010), (0.012, 0.012 * STRETCH), (1.0, LONGEST_INTERVAL)]
)
def test_the_interval_follows_how_long_commits_take(
    commit_seconds: float, interval: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = WorkPace(Settings(interval_ms=10))
    instants = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(instants) * commit_seconds)
    for _ in range(40):
        with pace.measure_commit():
            pass
    assert pace.interval() == pytest.approx(interval, rel=0.01)


def test_a_deployment_without_an_interval_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = WorkPace(Settings(interval_ms=0))
    instants = iter((0, 1))
    monkeypatch.setattr(time, "monotonic", lambda: next(instants))
    with pace.measure_commit():
        pass
    assert pace.interval() == 0
