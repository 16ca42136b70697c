"""Work that can wait takes its share of the time: more of it while nobody else wants to work."""

from __future__ import annotations

import asyncio
import time

import pytest

from streams.runtime.backfill.throttle import (
    FIRST_SLICE_SECONDS,
    MAX_PAUSE_SECONDS,
    MAX_RESERVED_SECONDS,
    MAX_SHARE,
    MEASURED_SLICES,
    RELEASE_SECONDS,
    RELEASE_SHARE,
    SHARE,
    SLICE_SHARE,
    Throttle,
)


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


class FakeLoop:
    """An event loop that only takes timers; the delays in seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.delays: list[float] = []
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def call_later(self, delay: float, _callback: object) -> None:
        self.delays.append(delay)


def test_decisions_are_followed_by_a_pause_after_which_whoever_asked_is_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_time, loop, throttle = FakeTime(monkeypatch), FakeLoop(monkeypatch), Throttle()
    fake_time.now = 100.0
    assert throttle.may_decide(print)
    fake_time.work(0.010)
    throttle.mark_decisions(0.010)
    assert not throttle.may_decide(print)
    assert loop.delays == [pytest.approx(0.010 * (1 / SLICE_SHARE - 1))]
    fake_time.now += loop.delays[0] + 0.0001
    assert throttle.may_decide(print)
    fake_time.work(0.010)
    throttle.mark_decisions(0.010, are_of_release=True)
    assert not throttle.may_decide(print)
    assert loop.delays[1] == pytest.approx(0.010 * (1 / RELEASE_SHARE - 1))


def test_what_was_reserved_is_not_paused_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, loop, throttle = FakeTime(monkeypatch), FakeLoop(monkeypatch), Throttle()
    fake_time.now = 100.0
    assert 4 * FIRST_SLICE_SECONDS == 0.008
    throttle.reserve(4)
    assert not throttle.may_decide(print)
    fake_time.work(0.010)
    throttle.mark_decisions(0.010)  # 2 ms more than expected
    assert not throttle.may_decide(print)
    assert loop.delays == [pytest.approx(0.008 / SLICE_SHARE), pytest.approx(0.010 / SLICE_SHARE - 0.010)]


def test_the_pause_follows_how_long_slices_take_of_late(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, loop, throttle = FakeTime(monkeypatch), FakeLoop(monkeypatch), Throttle()
    throttle.measure_slices(0.001, 1)
    assert throttle.slice_seconds == FIRST_SLICE_SECONDS  # one tells nothing
    for _ in range(MEASURED_SLICES // 4):
        throttle.measure_slices(0.004, 4)
    assert throttle.slice_seconds == pytest.approx(0.001)
    throttle.reserve(8)
    assert not throttle.may_decide(print)
    assert loop.delays == [pytest.approx(0.008 / SLICE_SHARE)]
    for _ in range(4 * MEASURED_SLICES):
        throttle.measure_slices(0.020, 4)
    assert throttle.slice_seconds == pytest.approx(0.005)
    fake_time.work(1.0)
    throttle.reserve(1)
    assert not throttle.may_decide(print)
    assert loop.delays[1] == pytest.approx(0.005 / SLICE_SHARE)


def test_what_was_reserved_for_nothing_is_soon_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, throttle = FakeTime(monkeypatch), Throttle()
    FakeLoop(monkeypatch)
    for _ in range(100):
        throttle.reserve(1)
        fake_time.work(0.010)
    assert throttle.has_reservation
    fake_time.work(MAX_RESERVED_SECONDS + 0.1)
    throttle.mark_decisions(MAX_RESERVED_SECONDS + 0.1)
    assert not throttle.has_reservation
    assert not throttle.may_decide(print)


def test_no_pause_is_longer_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, loop, throttle = FakeTime(monkeypatch), FakeLoop(monkeypatch), Throttle()
    fake_time.work(100.0)
    for _ in range(10):
        throttle.mark_decisions(1.0)
    assert not throttle.may_decide(print)
    assert loop.delays == [pytest.approx(MAX_PAUSE_SECONDS)]


def test_so_many_slices_go_into_one_transaction_as_it_has_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeTime(monkeypatch)
    throttle = Throttle()
    assert throttle.slices_within(2.5 * FIRST_SLICE_SECONDS) == 2
    throttle.measure_slices(MEASURED_SLICES * 0.001, MEASURED_SLICES)
    assert throttle.slices_within(0.0105) == 10
    throttle.measure_slices(MEASURED_SLICES * 1.0, MEASURED_SLICES)
    assert throttle.slices_within(0.0105) == 1


def test_a_release_makes_room_for_slices_of_others_and_goes_on_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_time, loop, throttle = FakeTime(monkeypatch), FakeLoop(monkeypatch), Throttle()
    fake_time.now = last = 100.0
    assert throttle.may_decide(print, last)
    throttle.begin_slices()
    throttle.begin_slices()
    assert not throttle.may_decide(print, last)
    assert throttle.may_decide(print)  # slices do not wait for slices
    assert loop.delays == [pytest.approx(RELEASE_SECONDS)]
    throttle.end_slices()
    fake_time.work(RELEASE_SECONDS / 2)
    assert not throttle.may_decide(print, last)
    fake_time.work(RELEASE_SECONDS / 2 + 0.0001)
    assert throttle.may_decide(print, last)
    last = fake_time.now
    throttle.end_slices()
    assert throttle.may_decide(print, last)
