"""Work that can wait takes its share of the time: more of it while nobody else wants to work."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.runtime.backfill.throttle import MAX_SHARE, SHARE, Throttle


class FakeTime:
    """The time as work and pauses pass it, in seconds; `late` is how much longer a pause takes than it should."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.late = 0.0
        self.pauses: list[float] = []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds + self.late

    def work(self, seconds: float) -> None:
        self.now += seconds


async def test_a_burst_ends_in_time_and_a_pause_in_proportion_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time = FakeTime(monkeypatch)
    await Throttle().run_throttled([0.003, 0.003, 0.003], fake_time.work)
    assert fake_time.pauses[0] == pytest.approx(0.006 * (1 / SHARE - 1))
    assert len(fake_time.pauses) == 2


async def test_the_share_grows_up_to_its_bound_while_pauses_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, throttle = FakeTime(monkeypatch), Throttle()
    await throttle.run_throttled([0.005] * 50, fake_time.work)
    assert throttle.share == MAX_SHARE
    assert fake_time.pauses[-2] == pytest.approx(0.005 * (1 / MAX_SHARE - 1))  # after the last one nothing was left


async def test_the_share_falls_back_at_once_where_others_work_during_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, throttle = FakeTime(monkeypatch), Throttle()
    await throttle.run_throttled([0.005] * 50, fake_time.work)
    fake_time.late = 0.003
    await throttle.run_throttled([0.005], fake_time.work)
    assert throttle.share == SHARE


async def test_a_slot_waits_for_the_pauses_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    throttle, order = Throttle(), list[str]()
    sleep = asyncio.sleep

    async def record_pause(_seconds: float) -> None:
        await sleep(0)
        order.append("pause")

    monkeypatch.setattr(asyncio, "sleep", record_pause)
    await asyncio.gather(throttle.run_throttled(["a"], order.append), throttle.run_throttled(["b"], order.append))
    assert order == ["a", "pause", "b", "pause"]
