"""The consumer's thread: committed records only, never a silent reset, runs instead of single records.

`Any` stands for aiokafka's consumer where its private parts are used, and for its private objects.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers import aiokafka as driver

from streams.clock import now_ms
from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord, TopicPartitionLike
from streams.kafka.refusals import refusal_of_setting
from streams.runtime.fatal import die
from streams.runtime.faust.fetch_connection import close_fetch_connections, separate_fetches, stop_polling
from streams.runtime.faust.fetch_pace import FetchPace
from streams.runtime.faust.metadata import mend_metadata
from streams.runtime.faust.request_timeouts import patch_connections, patch_coordinator
from streams.runtime.faust.runs import FetchedAnswer, FetchedRun, FetchedRuns
from streams.runtime.inputs.partition_buffer import FetchEnds

log = structlog.get_logger()

LEAVE_SECONDS = 5.0
"""How long a stop waits for the group; the slots are closed by then."""
CANCEL_SECONDS = 0.2
"""After this time a task that is still there is cancelled again."""


class FetchCursor:
    """Where a partition's next run begins: the token of the last seek and the end of the last run."""

    __slots__ = ("end", "token")

    def __init__(self, token: int, end_: int) -> None:
        self.token = token
        self.end = end_


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust publishes no types
    """Faust's consumer thread with exact positions. Its methods run in its own event loop, except `seek_exactly`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cursors: dict[TopicPartitionLike, FetchCursor] = {}
        self.ends: dict[Partition, FetchEnds] = {}
        self.last_token = 0
        self.paces: defaultdict[int, FetchPace] = defaultdict(FetchPace)
        self.is_awaited = False

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        patch_connections(consumer._client, self.app.request_seconds)
        mend_metadata(consumer)
        separate_fetches(consumer)
        return patch_consumer(consumer)

    async def on_start(self) -> None:
        """Patches the fetcher and the coordinator, which exist from here on; called by Faust."""
        await super().on_start()
        consumer = self._ensure_consumer()
        stop_polling(consumer)
        self._patch_fetches(consumer._fetcher)
        patch_coordinator(consumer._coordinator, self.app.request_seconds)
        end_on_refusal(consumer._coordinator)

    def pause_assignment(self, assigned: Iterable[TopicPartitionLike]) -> None:
        """Stops a new assignment until `seek_exactly`, and forgets what was fetched before."""
        consumer = self._ensure_consumer()
        self.cursors.clear()
        self.ends.clear()
        for tp in assigned:
            consumer.pause(tp)
            consumer.seek(tp, 0)

    async def _fetch_records(
        self,
        consumer: Any,
        active: Any,
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,
    ) -> Mapping[TopicPartitionLike, list[FetchedRuns]]:
        try:
            # Faust calls the fetcher directly, and so would never notice a dead coordination task.
            consumer._coordinator.check_errors()
            fetched = await super()._fetch_records(consumer, active, timeout=timeout, max_records=max_records)
        except driver.ConsumerStoppedError:
            raise
        except KafkaError as error:
            # An offset outside the log, a refused topic, a coordinator that gave up: never skipped.
            die("the consumer cannot go on", error)
        return self._group_runs(self._build_runs(consumer, fetched))

    def _group_runs(
        self, runs: Mapping[TopicPartitionLike, FetchedRun]
    ) -> dict[TopicPartitionLike, list[FetchedRuns]]:
        """One Faust message for each agent: one reads the journal, one all in-topics."""
        journal = self.app.journal_topic
        groups = [
            [(tp, run) for tp, run in runs.items() if (tp.topic == journal) == is_journal]
            for is_journal in (False, True)
        ]
        answer = FetchedAnswer(sum(map(bool, groups)))
        return {group[-1][0]: [FetchedRuns([run for _, run in group], answer)] for group in groups if group}

    def _build_runs(
        self, consumer: Any, fetched: Mapping[TopicPartitionLike, list[ConsumedRecord]]
    ) -> dict[TopicPartitionLike, FetchedRun]:
        assignment = consumer._subscription.subscription.assignment
        runs: dict[TopicPartitionLike, FetchedRun] = {}
        fetched_at = now_ms()
        for tp, records in fetched.items():
            cursor = self.cursors.get(tp)
            if cursor is None or assignment is None or tp not in assignment.tps:
                continue  # fetched for a former assignment
            start = cursor.end
            if records[0].offset < start:
                die(f"{tp.topic}:{tp.partition} went back to {records[0].offset} from {start}")
            cursor.end = assignment.state_value(tp).position
            runs[tp] = FetchedRun(records, start, cursor.end, cursor.token, fetched_at)
        return runs

    async def seek_exactly(self, positions: Mapping[Partition, int]) -> dict[Partition, int]:
        """Seeks and resumes; returns the token of each partition's seek. Callable from any event loop.

        Raises aiokafka's IllegalStateError, and changes nothing, when a partition is not assigned.
        """
        tokens: dict[Partition, int] = await self.call_thread(self._seek_exactly, positions)
        return tokens

    async def _seek_exactly(self, positions: Mapping[Partition, int]) -> dict[Partition, int]:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        missing = [partition for partition in positions if TopicPartition(*partition) not in assigned]
        if missing:
            raise IllegalStateError(f"{', '.join(map(str, missing))} are not assigned")
        if not self.cursors:
            close_fetch_connections(consumer)  # what is under way was sent for a former assignment
        tokens = {}
        for partition, offset in positions.items():
            tp = TopicPartition(*partition)
            self.last_token += 1
            tokens[partition] = self.last_token
            self.cursors[tp] = FetchCursor(self.last_token, offset)
            self.ends.pop(partition, None)
            consumer.seek(tp, offset)
            consumer.resume(tp)
        return tokens

    async def on_thread_stop(self) -> None:
        """Stops the consumer; called by Faust. Gives up a join of the group that is under way: it would wait for the
        assignment to be taken over by the main thread, which is stopping too.
        """
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await super().on_thread_stop()
        except TimeoutError:
            log.warning("did not leave the group", seconds=LEAVE_SECONDS)

    async def _gather_remaining_tasks(self) -> None:
        """Ends the tasks that aiokafka has left in this thread's event loop; called by mode.

        Its coordination task can lose a cancellation: it awaits its heartbeat task while it cancels it, and that task
        ends normally. It would then join the group again and wait for the main thread, which waits for this one.
        """
        rest = asyncio.all_tasks(self.thread_loop) - {asyncio.current_task()}
        pending = await cancel_until_done(rest, LEAVE_SECONDS)
        if pending:
            log.warning("tasks did not end", tasks=sorted(str(task.get_coro()) for task in pending))

    def leave_group_on_stop(self) -> None:
        """Before a planned stop: aiokafka will send LeaveGroup, which it does not for a static member, so that the
        others take over at once instead of after the session timeout. A worker that dies comes back under its name.
        """
        if self._consumer is not None and self._consumer._coordinator is not None:
            self._consumer._coordinator._group_instance_id = None

    def mark_alive(self) -> None:
        """The main thread is alive, whether or not it has something to fetch. Callable from any thread."""
        if self._consumer is not None:
            self._consumer._subscription._last_fetch_ended = time.monotonic()

    def shorten_waits(self, *, is_short: bool) -> None:
        """Says whether a slot waits for claims: fetches are answered sooner then. Callable from any thread."""
        self.is_awaited = is_short

    def _patch_fetches(self, fetcher: Any) -> None:
        """Sets each fetch's terms; records, for each answer, the partitions' ends in it and when it was asked for."""
        fetch = fetcher._proc_fetch_request

        async def fetch_and_record(assignment: Any, node_id: int, request: Any) -> Any:
            pace = self.paces[node_id]
            request._max_wait_ms, request._min_bytes = pace.next_terms(time.monotonic(), is_awaited=self.is_awaited)
            sent_at, began = now_ms(), time.monotonic()
            needs_wakeup = await fetch(assignment, node_id, request)
            if needs_wakeup:
                pace.mark_answer(time.monotonic())
            if assignment.active:
                self._record_ends(assignment, request, sent_at)
                if not needs_wakeup and _holds_error(assignment, request, sent_at):
                    # The broker answers at once then, and aiokafka asks again at once, perhaps for hours.
                    await asyncio.sleep(max(0.0, began + fetcher._retry_backoff - time.monotonic()))
            return needs_wakeup

        async def fetch_unless_cancelled(assignment: Any, node_id: int, request: Any) -> Any:
            try:
                return await fetch_and_record(assignment, node_id, request)
            except asyncio.CancelledError:
                return False  # the fetcher stops or has another assignment; it awaits what it cancels

        fetcher._proc_fetch_request = fetch_unless_cancelled

    def _record_ends(self, assignment: Any, request: Any, sent_at: int) -> None:
        for topic, partitions in request.topics:
            for number, position, _ in partitions:
                tp = TopicPartition(topic, number)
                state = assignment.state_value(tp)
                cursor = self.cursors.get(tp)
                is_answered = _is_answered(state, sent_at)
                if cursor is None or not is_answered or not state.has_valid_position or state.lso is None:
                    continue
                if state.position != position:
                    continue  # sought meanwhile
                self.ends[Partition(topic, number)] = FetchEnds(
                    cursor.token, sent_at, cursor.end, position, state.lso, state.highwater
                )


def _is_answered(state: Any, sent_at: int) -> bool:
    """Whether the answer to the fetch sent then (ms) held a partition without an error."""
    return state.timestamp is not None and bool(state.timestamp >= sent_at)


def _holds_error(assignment: Any, request: Any, sent_at: int) -> bool:
    """Whether the fetch sent at `sent_at` (ms) failed, or its answer held an error in place of a partition."""
    for topic, partitions in request.topics:
        for number, position, _ in partitions:
            state = assignment.state_value(TopicPartition(topic, number))
            is_asked = state.has_valid_position and state.position == position  # not sought meanwhile
            if is_asked and not _is_answered(state, sent_at):
                return True
    return False


async def cancel_until_done(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> set[asyncio.Task[Any]]:
    """Cancels tasks, again and again, until they are done; returns those that are not after `seconds`."""
    pending = set(tasks)
    ends_at = time.monotonic() + seconds
    while pending and time.monotonic() < ends_at:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_SECONDS)
    return pending


def end_on_refusal(coordinator: Any) -> None:
    """Ends the process when the broker refuses a setting as the worker joins its group.

    aiokafka shows an error to whoever fetches, and a worker that is in no group fetches nothing.
    """
    push = coordinator._push_error_to_user

    async def push_or_end(error: BaseException) -> None:
        refusal = refusal_of_setting(error)
        if refusal is not error:
            die("the consumer cannot go on", refusal)
        await push(error)

    coordinator._push_error_to_user = push_or_end


def patch_consumer(consumer: Any) -> Any:
    """Sets what Faust does not pass on, before the consumer starts; returns the consumer."""
    # Faust reads uncommitted records unless its own `exactly_once` is on.
    consumer._isolation_level = "read_committed"
    # A reset is a silent gap: an offset outside the log must be an error.
    consumer._auto_offset_reset = "none"
    return consumer
