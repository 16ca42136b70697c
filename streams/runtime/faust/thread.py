"""The consumer's thread: committed records only, never a silent reset, runs instead of single records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver

from streams.clock import now_ms
from streams.kafka.partitions import Partition
from streams.runtime.fatal import die
from streams.runtime.faust.request_timeouts import patch_connections, patch_coordinator
from streams.runtime.faust.runs import FetchedRun
from streams.runtime.inputs.partition_buffer import FetchEnds

FETCH_WAIT_MS = 20
FETCH_MIN_BYTES = 65_536


class FetchCursor:
    """Where a partition's runs join: the token of the last seek and the end of the last run."""

    __slots__ = ("end", "token")

    def __init__(self, token: int, end_: int) -> None:
        self.token = token
        self.end = end_


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust publishes no types
    """Faust's consumer thread with every read under our rules. All methods run in its own event loop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cursors: dict[Any, FetchCursor] = {}
        self.ends: dict[Partition, FetchEnds] = {}
        self.last_token = 0

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        patch_connections(consumer._client, self.app.request_seconds)
        return patch_consumer(consumer)

    async def on_start(self) -> None:
        """Started by Faust; the fetcher exists from here on."""
        await super().on_start()
        consumer = self._ensure_consumer()
        self._track_ends(consumer._fetcher)
        patch_coordinator(consumer._coordinator, self.app.request_seconds)

    def pause_assignment(self, assigned: Iterable[Any]) -> None:
        """A new assignment: nothing flows until `seek_exactly`, and what was fetched before is forgotten."""
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
    ) -> Mapping[Any, list[FetchedRun]]:
        try:
            # Faust calls the fetcher directly, and so would never hear of a dead coordination task.
            consumer._coordinator.check_errors()
            got = await super()._fetch_records(consumer, active, timeout=timeout, max_records=max_records)
        except driver.ConsumerStoppedError:
            raise
        except KafkaError as error:
            # An offset outside the log, a refused topic, a coordinator that gave up: never skipped.
            die("the consumer cannot go on", error)
        return self._build_runs(consumer, got)

    def _build_runs(self, consumer: Any, got: Mapping[Any, list[Any]]) -> dict[Any, list[FetchedRun]]:
        assignment = consumer._subscription.subscription.assignment
        runs: dict[Any, list[FetchedRun]] = {}
        fetched = now_ms()
        for tp, records in got.items():
            chain = self.cursors.get(tp)
            if chain is None or assignment is None or tp not in assignment.tps:
                continue  # fetched for a former assignment
            start = chain.end
            if records[0].offset < start:
                die(f"{tp.topic}:{tp.partition} went back to {records[0].offset} from {start}")
            chain.end = assignment.state_value(tp).position
            runs[tp] = [FetchedRun(records, start, chain.end, chain.token, fetched)]
        return runs

    async def seek_exactly(self, positions: Mapping[Partition, int]) -> dict[Partition, int]:
        """Seeks and resumes; the token of each partition's seek. Callable from any loop."""
        tokens: dict[Partition, int] = await self.call_thread(self._seek_exactly, positions)
        return tokens

    async def _seek_exactly(self, positions: Mapping[Partition, int]) -> dict[Partition, int]:
        consumer = self._ensure_consumer()
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

    def leave_group_on_stop(self) -> None:
        """A planned stop: aiokafka will send LeaveGroup, which it keeps back for a static member, and the others take
        over at once instead of waiting for the whole session. A worker that dies comes back under its name.
        """
        if self._consumer is not None and self._consumer._coordinator is not None:
            self._consumer._coordinator._group_instance_id = None

    def _track_ends(self, fetcher: Any) -> None:
        """Notes, for every fetch answer, what it says of the partitions' ends and when the fetch was sent."""
        fetch = fetcher._proc_fetch_request

        async def fetch_and_note(assignment: Any, node_id: int, request: Any) -> Any:
            sent = now_ms()
            needs_wakeup = await fetch(assignment, node_id, request)
            if assignment.active:
                self._record_ends(assignment, request, sent)
            return needs_wakeup

        fetcher._proc_fetch_request = fetch_and_note

    def _record_ends(self, assignment: Any, request: Any, sent_at: int) -> None:
        for topic, partitions in request.topics:
            for number, position, _ in partitions:
                tp = TopicPartition(topic, number)
                state = assignment.state_value(tp)
                chain = self.cursors.get(tp)
                answered = state.timestamp is not None and state.timestamp >= sent_at
                if chain is None or not answered or not state.has_valid_position or state.lso is None:
                    continue
                if state.position != position:
                    continue  # sought meanwhile
                self.ends[Partition(topic, number)] = FetchEnds(
                    chain.token, sent_at, chain.end, position, state.lso, state.highwater
                )


def patch_consumer(consumer: Any) -> Any:
    """Settings that Faust does not pass on, set before the consumer starts; returns the consumer."""
    # Faust reads uncommitted records unless its own `exactly_once` is on.
    consumer._isolation_level = "read_committed"
    # A reset is a silent gap: an offset outside the log must be an error.
    consumer._auto_offset_reset = "none"
    # 1,500 ms is hard-coded, and there is one fetch at a time per broker: a partition with data would wait for those
    # without.
    consumer._fetch_max_wait_ms = FETCH_WAIT_MS
    consumer._fetch_min_bytes = FETCH_MIN_BYTES
    return consumer
