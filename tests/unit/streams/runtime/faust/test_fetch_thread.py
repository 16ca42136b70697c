"""The consumer thread reads committed records only, never resets silently, and loses and repeats nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, InvalidSessionTimeoutError, KafkaError, OffsetOutOfRangeError
from faust.transport.drivers import aiokafka as driver

from streams.kafka.partitions import Partition
from streams.runtime.faust import fetch_thread
from streams.runtime.faust.fetch_pace import AWAITED, LOADED, SILENT, FetchPace
from streams.runtime.faust.fetch_thread import ConsumerThread, FetchCursor, end_on_refusal, patch_consumer
from streams.runtime.faust.rebalance_listener import SlotRebalanceListener
from tests.harness.runtime.fake_records import FakeRecord
from tests.harness.runtime.process_exit import ProcessExit, patch_process_exit

VISITS = TopicPartition("web-visits", 0)
SCORES = TopicPartition("scoring-events", 0)
JOURNAL = TopicPartition("journal", 0)


@pytest.fixture(autouse=True)
def _no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    patch_process_exit(monkeypatch)


def test_only_committed_records_are_read_and_an_offset_outside_the_log_is_an_error() -> None:
    consumer = patch_consumer(SimpleNamespace())
    assert consumer._isolation_level == "read_committed"
    assert consumer._auto_offset_reset == "none"


async def test_each_fetch_is_sent_on_the_terms_of_its_brokers_pace() -> None:
    sent: list[tuple[int, int]] = []

    async def fetch(_assignment: Any, _node_id: int, request: Any) -> bool:
        sent.append((request._max_wait_ms, request._min_bytes))
        return True

    fetcher = SimpleNamespace(_proc_fetch_request=fetch)
    thread = thread_with(FakeConsumer())
    thread._patch_fetches(fetcher)
    gone = SimpleNamespace(active=False)
    for node_id in (1, 1, 1, 1, 1, 2):
        await fetcher._proc_fetch_request(gone, node_id, SimpleNamespace(topics=[]))
    thread.shorten_waits(is_short=True)
    await fetcher._proc_fetch_request(gone, 2, SimpleNamespace(topics=[]))
    assert sent == [SILENT] * 4 + [LOADED, SILENT, AWAITED]


class FakeConsumer:
    """aiokafka's consumer, as far as the thread uses it."""

    def __init__(self, position: int = 0) -> None:
        self.calls: list[tuple[str, Any]] = []
        state = SimpleNamespace(position=position)
        assignment = SimpleNamespace(tps={VISITS, SCORES, JOURNAL}, state_value=lambda _tp: state)
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=assignment))
        self._coordinator = SimpleNamespace(check_errors=lambda: None)
        self._client = SimpleNamespace(_conns={})

    def assignment(self) -> set[Any]:
        return {VISITS}

    def pause(self, tp: Any) -> None:
        self.calls.append(("pause", tp))

    def resume(self, tp: Any) -> None:
        self.calls.append(("resume", tp))

    def seek(self, tp: Any, offset: int) -> None:
        self.calls.append(("seek", (tp, offset)))


def thread_with(consumer: FakeConsumer) -> ConsumerThread:
    """A consumer thread that was never started."""
    thread = ConsumerThread.__new__(ConsumerThread)
    thread.cursors, thread.ends, thread.last_token = {}, {}, 0
    thread.paces, thread.is_awaited = defaultdict(FetchPace), False
    thread._consumer = consumer
    thread.app = SimpleNamespace(journal_topic=JOURNAL.topic)
    return thread


async def fetch_runs(thread: ConsumerThread, monkeypatch: pytest.MonkeyPatch, result: Any) -> Any:
    """The thread's messages when aiokafka's fetcher returns these records or raises this error."""

    async def fetch(*_args: Any, **_options: Any) -> Any:
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    return await thread._fetch_records(thread._consumer, {VISITS})


def records(*offsets: int) -> list[FakeRecord]:
    """Records of `web-visits`."""
    return [FakeRecord(VISITS.topic, VISITS.partition, offset) for offset in offsets]


@pytest.mark.parametrize("error", [OffsetOutOfRangeError({VISITS: 5}), KafkaError("whatever")])
async def test_any_error_of_a_fetch_ends_the_process(monkeypatch: pytest.MonkeyPatch, error: KafkaError) -> None:
    with pytest.raises(ProcessExit):
        await fetch_runs(thread_with(FakeConsumer()), monkeypatch, error)


async def test_a_dead_coordinator_ends_the_process_though_faust_never_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = FakeConsumer()

    def dead() -> None:
        raise KafkaError("the coordination task died")

    consumer._coordinator.check_errors = dead
    with pytest.raises(ProcessExit):
        await fetch_runs(thread_with(consumer), monkeypatch, {})


async def test_records_become_one_run_that_joins_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = thread_with(FakeConsumer(position=14))
    thread.cursors[VISITS] = FetchCursor(3, 10)
    (message,) = (await fetch_runs(thread, monkeypatch, {VISITS: records(10, 11, 12)}))[VISITS]
    (run,) = message.runs
    assert (run.start, run.next_position, run.token, len(run.records)) == (10, 14, 3, 3)  # a control record at 13
    assert thread.cursors[VISITS].end == 14


async def test_what_was_fetched_together_is_one_message_for_each_agent_and_tells_when_all_has_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = thread_with(FakeConsumer(position=11))
    thread.cursors.update({tp: FetchCursor(3, 10) for tp in (VISITS, SCORES, JOURNAL)})
    former = TopicPartition("web-visits", 1)  # its records are dropped, and nobody waits for them
    found = {tp: [FakeRecord(tp.topic, tp.partition, 10)] for tp in (VISITS, JOURNAL, former, SCORES)}
    fetched = await fetch_runs(thread, monkeypatch, found)
    assert fetched.keys() == {SCORES, JOURNAL}, "Faust routes by the last partition"
    (events,), (decided,) = fetched[SCORES], fetched[JOURNAL]
    assert [run.source for run in events.runs] == [VISITS, SCORES]
    assert [run.source for run in decided.runs] == [JOURNAL]
    assert (events.topic, events.partition, events.offset) == (SCORES.topic, 0, 10)
    assert not events.mark_arrival()
    assert decided.mark_arrival()


async def test_a_partition_that_goes_back_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = thread_with(FakeConsumer(position=11))
    thread.cursors[VISITS] = FetchCursor(3, 10)
    with pytest.raises(ProcessExit):
        await fetch_runs(thread, monkeypatch, {VISITS: records(9, 10)})


async def test_what_was_fetched_for_a_former_assignment_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    thread = thread_with(FakeConsumer(position=11))
    assert await fetch_runs(thread, monkeypatch, {VISITS: records(10)}) == {}


def test_an_assigned_partition_is_held_with_a_position_and_old_fetches_are_forgotten() -> None:
    consumer = FakeConsumer()
    thread = thread_with(consumer)
    thread.cursors[VISITS] = FetchCursor(3, 10)
    thread.pause_assignment([VISITS])
    assert consumer.calls == [("pause", VISITS), ("seek", (VISITS, 0))]
    assert thread.cursors == {}


async def test_each_seek_has_a_token_of_its_own_and_resumes_last() -> None:
    consumer = FakeConsumer()
    thread = thread_with(consumer)
    first = await thread._seek_exactly({VISITS: 7})
    second = await thread._seek_exactly({VISITS: 7})
    assert first[VISITS] != second[VISITS]
    assert consumer.calls[:2] == [("seek", (VISITS, 7)), ("resume", VISITS)]
    assert thread.cursors[VISITS].end == 7


async def test_a_seek_in_a_former_assignment_touches_nothing_of_the_present_one() -> None:
    consumer = FakeConsumer()
    thread = thread_with(consumer)
    with pytest.raises(IllegalStateError, match="web-visits:1"):
        await thread._seek_exactly({VISITS: 7, Partition("web-visits", 1): 9})
    assert consumer.calls == []
    assert thread.cursors == {}


class FakeThread:
    """The thread, as far as the listener uses it."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def pause_assignment(self, _assigned: Any) -> None:
        self.calls.append("held")


async def test_partitions_are_held_before_faust_hears_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    async def record_call(_self: Any, _assigned: Any) -> None:
        calls.append("told")

    monkeypatch.setattr(driver.ConsumerRebalanceListener, "on_partitions_assigned", record_call)
    await SlotRebalanceListener(FakeThread(calls)).on_partitions_assigned([VISITS])
    assert calls == ["held", "told"]


async def test_an_error_while_partitions_are_assigned_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_self: Any, _assigned: Any) -> None:
        raise ValueError("half assigned")

    monkeypatch.setattr(driver.ConsumerRebalanceListener, "on_partitions_assigned", fail)
    with pytest.raises(ProcessExit):
        await SlotRebalanceListener(FakeThread([])).on_partitions_assigned([VISITS])


def test_a_planned_stop_lets_aiokafka_leave_the_group() -> None:
    consumer = FakeConsumer()
    consumer._coordinator = SimpleNamespace(_group_instance_id="w1")
    thread_with(consumer).leave_group_on_stop()
    assert consumer._coordinator._group_instance_id is None


async def test_a_stop_gives_up_a_join_of_the_group_that_waits_for_the_thread_that_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_given_up = asyncio.Event()

    async def join(_thread: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            is_given_up.set()

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "on_thread_stop", join)
    monkeypatch.setattr(fetch_thread, "LEAVE_SECONDS", 0.01)
    await thread_with(FakeConsumer()).on_thread_stop()
    assert is_given_up.is_set()


async def test_a_stop_ends_tasks_that_lose_a_cancellation() -> None:
    async def join() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()  # as where aiokafka awaits a task that it cancels
        await asyncio.Event().wait()

    task = asyncio.create_task(join())
    await asyncio.sleep(0)
    assert await fetch_thread.cancel_until_done([task], seconds=5) == set()
    assert task.cancelled()


async def test_a_stop_gives_up_a_task_that_no_cancellation_ends() -> None:
    is_released = asyncio.Event()

    async def wait() -> None:
        while not is_released.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await is_released.wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    assert await fetch_thread.cancel_until_done([task], seconds=0.01) == {task}
    is_released.set()
    await task


async def test_a_session_timeout_that_the_broker_refuses_ends_the_worker_for_good() -> None:
    errors: list[BaseException] = []

    async def push(error: BaseException) -> None:
        errors.append(error)

    coordinator = SimpleNamespace(_push_error_to_user=push)
    end_on_refusal(coordinator)
    other = KafkaError("another")
    await coordinator._push_error_to_user(other)
    assert errors == [other]
    with pytest.raises(ProcessExit) as end:
        await coordinator._push_error_to_user(InvalidSessionTimeoutError())
    assert (end.value.code, errors) == (78, [other])
