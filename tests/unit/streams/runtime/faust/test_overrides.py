"""The overrides of Faust's own writes, seeks, restarts and hidden errors."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.types import TP

from agents.forward import forward_to_slots
from streams.errors import Internal
from streams.runtime.faust.consumer import SlotConsumer
from streams.runtime.faust.fetch_thread import ConsumerThread
from streams.runtime.faust.recovery import Recovery, TableManager
from streams.runtime.faust.runs import FetchedRun, FetchedRuns, RunSchema
from streams.runtime.faust.slot_app import SlotApp
from streams.runtime.faust.table import SlotTable
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.process_exit import ProcessExit, patch_process_exit


@pytest.fixture(autouse=True)
def _no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    patch_process_exit(monkeypatch)


def uninitialized(cls: Any, **members: Any) -> Any:
    """An object of a Faust class whose constructor did not run."""
    instance = cls.__new__(cls)
    for name, value in members.items():
        object.__setattr__(instance, name, value)
    return instance


async def test_faust_commits_no_offset() -> None:
    assert await uninitialized(SlotConsumer).commit() is False


async def test_faust_seeks_nowhere() -> None:
    consumer = uninitialized(SlotConsumer)  # any attribute it used would be missing
    await consumer.perform_seek()
    await consumer.verify_all_partitions_active()


async def test_faust_does_not_sleep_a_second_while_no_partition_is_active() -> None:
    consumer = uninitialized(SlotConsumer, flow_active=True, _active_partitions=set(), _paused_partitions=set())
    consumer._get_active_partitions = set
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    consumer.sleep = sleep
    records, active = await consumer._wait_next_records(1.0)
    assert (records, active) == ({}, set())
    assert slept == [0.01]


async def test_a_worker_that_has_nothing_to_fetch_is_not_taken_for_stuck() -> None:
    subscription = SubscriptionState()
    subscription._last_fetch_ended -= 1_000.0  # as long as Faust's interval
    thread = uninitialized(ConsumerThread, _consumer=SimpleNamespace(_subscription=subscription))
    consumer = uninitialized(SlotConsumer, _thread=thread, _stopped=asyncio.Event(), _crashed=asyncio.Event())

    async def sleep(_seconds: float) -> None:
        consumer._stopped.set()

    consumer.sleep = sleep
    assert subscription.fetcher_idle_time >= 1_000
    await SlotConsumer._mark_alive.fun(consumer)
    assert subscription.fetcher_idle_time < 100


def test_a_thread_that_has_not_started_has_no_idle_time() -> None:
    uninitialized(ConsumerThread, _consumer=None).mark_alive()  # the consumer is made in the thread, a moment later


def test_a_write_to_a_table_ends_the_process() -> None:
    with pytest.raises(ProcessExit):
        uninitialized(SlotTable).send_changelog(None, b"key", b"value")


async def test_faust_drops_no_key_by_its_own_map_after_recovery() -> None:
    await uninitialized(SlotTable).on_recovery_completed({TP("changelog", 0)}, set())  # uses no attribute


async def test_a_crash_inside_faust_ends_the_process() -> None:
    with pytest.raises(ProcessExit):
        await uninitialized(SlotApp).crash(ValueError("an agent failed"))


async def test_an_error_in_an_agent_ends_the_process_instead_of_skipping_the_run() -> None:
    async def runs() -> Any:
        yield "a run"

    def fail(_run: Any) -> None:
        raise Internal("a gap")

    with pytest.raises(ProcessExit):
        await forward_to_slots(runs(), SimpleNamespace(forward=fail))


async def test_when_the_app_stops_the_slots_are_closed_before_faust_takes_the_consumer_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    async def close() -> None:
        calls.append("slots closed")

    async def stop(_self: Any) -> None:
        calls.append("Faust stopped")

    monkeypatch.setattr("faust.App.on_stop", stop)
    thread = SimpleNamespace(leave_group_on_stop=lambda: calls.append("will leave"))
    app = uninitialized(SlotApp, slot_manager=SimpleNamespace(close=close), _consumer=SimpleNamespace(_thread=thread))
    await app.on_stop()
    assert calls == ["slots closed", "will leave", "Faust stopped"]


async def test_runs_pass_faust_as_they_are() -> None:
    runs = FetchedRuns([FetchedRun([FakeRecord("web-visits", 0, 4, timestamp=9)], 4, 5, 1, 0)])
    app = SimpleNamespace(create_event=lambda key, value, headers, message: (key, value, headers, message))
    decode = RunSchema().compile(app, on_key_decode_error=None, on_value_decode_error=None)
    message = SimpleNamespace(value=runs.value, headers=())
    assert (await decode(message))[1] is runs
    assert (runs.topic, runs.partition, runs.offset, runs.timestamp, runs.key) == ("web-visits", 0, 4, 9, None)


class FakeApp:
    """The app, as far as recovery uses it; records the order of the calls."""

    def __init__(self, take_over: Any) -> None:
        self.calls: list[str] = []
        self.consumer_generation_id = 5
        self.consumer = SimpleNamespace(
            assignment=lambda: {TP("journal", 0)},
            resume_partitions=lambda tps: self.calls.append(f"resumed {sorted(tps)}"),
            resume_flow=lambda: self.calls.append("consumer flows"),
        )
        self.flow_control = SimpleNamespace(resume=lambda: self.calls.append("flow opened"))
        self._fetcher = SimpleNamespace(maybe_start=self._step("fetcher runs"))
        self.on_rebalance_complete = SimpleNamespace(send=self._step("rebalance complete"))
        self.slot_manager = SimpleNamespace(take_over=take_over, start=self._step("sought and started"))

    def _step(self, name: str) -> Any:
        async def step(*_args: Any) -> None:
            self.calls.append(name)

        return step

    def on_rebalance_end(self) -> None:
        self.calls.append("rebalance ended")


def recovery_of(app: FakeApp) -> Any:
    """The recovery in a fake app."""

    async def wait(coroutine: Any) -> Any:
        return await coroutine

    tables = SimpleNamespace(on_actives_ready=lambda: None, on_standbys_ready=lambda: None)
    recovery = uninitialized(Recovery, app=app, tables=tables, completed=asyncio.Event())
    recovery._wait = wait
    recovery._turn = asyncio.Lock()
    recovery._set_recovery_started = recovery._set_recovery_ended = lambda: None
    return recovery


async def test_after_a_rebalance_the_truth_is_read_first_and_seeking_comes_last() -> None:
    async def take_over(_assigned: Any) -> dict[Any, int]:
        app.calls.append("taken over")
        return {TP("journal", 0): 7}

    app = FakeApp(take_over)
    await recovery_of(app)._take_over(generation=5)
    assert app.calls[0] == "taken over"
    assert app.calls.index("flow opened") < app.calls.index("sought and started")
    assert app.calls.index("fetcher runs") < app.calls.index("sought and started")


async def test_nothing_starts_when_another_rebalance_came_meanwhile() -> None:
    async def take_over(_assigned: Any) -> dict[Any, int]:
        app.consumer_generation_id = 6
        return {}

    app = FakeApp(take_over)
    await recovery_of(app)._take_over(generation=5)
    assert "sought and started" not in app.calls


async def test_a_take_over_begins_when_the_one_that_was_made_void_has_closed_its_slots() -> None:
    calls: list[str] = []
    is_open, may_close = asyncio.Event(), asyncio.Event()

    async def take_over(_assigned: Any) -> dict[Any, int]:
        calls.append("opened")
        is_open.set()
        try:
            await asyncio.Event().wait()
        finally:
            await may_close.wait()
            calls.append("closed")
        return {}

    app = FakeApp(take_over)
    recovery = recovery_of(app)
    void = asyncio.create_task(recovery._take_over(generation=5))
    await is_open.wait()
    void.cancel()

    async def take_over_again(_assigned: Any) -> dict[Any, int]:
        calls.append("opened again")
        return {}

    app.slot_manager.take_over = take_over_again
    next_one = asyncio.create_task(recovery._take_over(generation=5))
    await asyncio.sleep(0)
    may_close.set()
    await asyncio.gather(next_one, void, return_exceptions=True)
    assert calls == ["opened", "closed", "opened again"]


async def test_a_void_take_over_that_never_ends_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.faust.recovery.TURN_SECONDS", 0.01)
    recovery = recovery_of(FakeApp(None))
    await recovery._turn.acquire()
    with pytest.raises(Internal, match="did not end"):
        await recovery._take_over(generation=5)


async def test_an_error_in_a_take_over_ends_the_process() -> None:
    async def take_over(_assigned: Any) -> dict[Any, int]:
        raise Internal("the changelog holds an open transaction")

    recovery = recovery_of(FakeApp(take_over))
    recovery._generation_id = 5
    recovery._stopped = recovery._crashed = asyncio.Event()
    recovery._shutdown = asyncio.Event()

    async def not_stopped(_event: Any) -> bool:
        return False

    recovery.wait_for_stopped = not_stopped
    recovery._signal_recovery_start = asyncio.Event()
    with pytest.raises(ProcessExit):
        await Recovery._restart_recovery.fun(recovery)


async def test_the_table_manager_makes_our_recovery_and_does_not_sleep() -> None:
    calls: list[str] = []

    async def step() -> None:
        calls.append("step")

    async def sleep(_seconds: float) -> None:
        calls.append("sleep")

    manager = uninitialized(TableManager, _recovery=SimpleNamespace(start=step), sleep=sleep)
    manager._update_channels = step
    await manager.on_start()
    assert calls == ["step", "step"]
