"""The slot manager: all slots of this worker process, between Faust's rebalances and the slots' work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiokafka.errors import IllegalStateError

from schemas.topics import DEAD_LETTERS
from streams.clock import now_ms
from streams.errors import Internal
from streams.kafka.partitions import Partition, slot_for_partition
from streams.kafka.protocols import TopicPartitionLike
from streams.runtime.backfill.backfill import BackfillTools
from streams.runtime.backfill.counting_process import CountingProcess
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.completion import run_to_end
from streams.runtime.disk.row_stores import RowStores
from streams.runtime.faust.group_offsets import commit_group_offsets
from streams.runtime.faust.metadata import refresh_metadata
from streams.runtime.faust.protocols import FaustApp, FetchThread
from streams.runtime.inputs.partition_buffer import BatchGroup
from streams.runtime.inputs.slot_inputs import SlotInputs
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.slots.fetch_arrivals import FetchArrivals
from streams.runtime.slots.gap_watch import GapWatch
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.refusal_log import RefusalLog
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.stuck_log import StuckLog
from streams.runtime.slots.take_over import TakeOver
from streams.runtime.slots.transaction import TransactionBatch
from streams.runtime.slots.work_counts import WorkCounts
from streams.runtime.spec import AppSpec
from streams.runtime.time.claim_publisher import ClaimPublisher
from streams.runtime.time.claim_tracker import ClaimTracker
from streams.runtime.time.claims import Claim
from streams.runtime.time.control_topics import ControlTopicReader
from streams.runtime.time.source_partitions import SourceWatch
from streams.runtime.time.ticks import TickScheduler
from streams.settings import Settings
from streams.tracing.spans import SpanRecorder

log = structlog.get_logger()

LAG_SECONDS = 1.0
"""How long group offsets wait for a later transaction to be committed with them."""


class SlotManager:
    """Takes slots over, passes fetched runs on to them, suspends and closes them.

    `slot_class`, `producer_class` and `takeover_class` are the classes that it instantiates; `worker` is the name of
    this worker. `diagnose_error` finds the cause of an error that ends a slot.
    """

    slot_class = Slot
    producer_class = SlotProducer
    takeover_class = TakeOver

    def __init__(
        self,
        app: FaustApp,
        spec: AppSpec,
        settings: Settings,
        worker: str,
        diagnose_error: Callable[[BaseException], Awaitable[BaseException]],
    ) -> None:
        self.app = app
        self.spec = spec
        self.settings = settings
        self.worker = worker
        self._diagnose_error = diagnose_error
        self.slots: dict[int, Slot] = {}
        self.journal = spec.journal_topic(settings)
        self.source_topics = frozenset(spec.source_topics(settings))
        self.control_topics = ControlTopicReader(settings, spec, on_claims=self.handle_claims, on_control=self.wake)
        self.source_watch = SourceWatch(self._partition_counts, self._handle_look)
        self.claim_publisher = ClaimPublisher(
            settings, self.claims_at, self.claims_needed_in, self.source_watch.start_look
        )
        self._row_stores = RowStores(settings, spec, worker)
        self._ingest = spec.ingest(settings)
        self._takeover = self.takeover_class(settings)
        self._gap_watch = GapWatch(settings, self._takeover)
        self._claim_tracker = ClaimTracker(worker)
        counting_process = CountingProcess(spec.past_command) if spec.past_command else None
        self._backfill_tools = BackfillTools(
            self._takeover.open_consumer, Throttle(), settings.data_dir, counting_process
        )
        self._refusal_log = RefusalLog(spec.name)
        self.work_counts = WorkCounts(settings.prefix, spec)
        self.spans: SpanRecorder | None = None
        self.working_since: int | None = None
        """Since when (ms) it works on the slots that it was assigned; None before, and during a rebalance."""
        self._stuck_log = StuckLog(settings.stuck_after_ms)
        self._suspensions = 0
        self._suspensions_at_take_over = 0
        self._has_commits = asyncio.Event()
        self._arrivals = FetchArrivals(self.slots)
        self._lag_task: asyncio.Task[None] | None = None

    # Fetched records

    def forward(self, group: BatchGroup) -> None:
        """Passes runs on to their slots. A stale one, fetched before a rebalance, is dropped: it is fetched again."""
        for run in group.runs:
            slot = self.slots.get(slot_for_partition(run.source.number, self.spec.slots))
            if slot is not None:
                slot.enqueue(run, run.source)
        self._arrivals.mark(group)

    def handle_claims(self) -> None:
        """New claims concern a slot only while it waits for them."""
        self.claim_publisher.review_need()
        if self.claims_needed_in(now_ms()) == 0:
            self.wake()

    def wake(self) -> None:
        """Lets every slot look again: something changed that they may wait for."""
        for slot in self.slots.values():
            slot.wake()

    # Ownership

    async def take_over(self, assigned: Collection[TopicPartitionLike]) -> dict[Partition, int]:
        """Makes this worker the owner of the assigned slots; returns the position to seek each partition to.

        Slots that went away are closed and new ones are taken over. Slots that stay do nothing: their memory and
        producer are valid as long as the epoch is. Raises Internal for an assignment that breaks slots apart.
        """
        began = time.monotonic()
        self._suspensions_at_take_over = self._suspensions
        owned = {tp.partition for tp in assigned if tp.topic == self.journal}
        partitions = self._input_partitions(assigned, owned)
        for number in self.slots.keys() - owned:
            await run_to_end(self.slots.pop(number).close())
        await self._start_shared()
        new: list[Slot] = []
        async with _close_on_error(new):
            new += map(self._new_slot, sorted(owned - self.slots.keys()))
            await self._takeover.run(new)
            by_number = {**self.slots, **{slot.number: slot for slot in new}}
            assignments = [
                (by_number[slot_for_partition(partition.number, self.spec.slots)], partition)
                for partition in partitions
            ]
            fresh = [(slot, partition) for slot, partition in assignments if partition not in slot.buffers]
            await self._takeover.create_buffers(fresh)
            await self._gap_watch.settle(by_number.values())
        self._inherit_claims(fresh)
        self.slots.update({slot.number: slot for slot in new})
        self._log_take_over(owned, new, began)
        buffers = [slot.buffers[partition] for slot, partition in assignments]
        return {buffer.partition: buffer.committed_position for buffer in buffers if buffer.stop_reason is None}

    def _input_partitions(self, assigned: Collection[TopicPartitionLike], owned: set[int]) -> list[Partition]:
        inputs = [Partition(tp.topic, tp.partition) for tp in assigned if self._is_input(tp.topic)]
        strays = [
            partition for partition in inputs if slot_for_partition(partition.number, self.spec.slots) not in owned
        ]
        if strays:
            raise Internal(f"the assignment breaks slots apart: {', '.join(map(str, strays))}")
        return inputs

    def _is_input(self, topic: str) -> bool:
        return topic == self.journal or topic in self.source_topics

    async def _start_shared(self) -> None:
        """Reads what all slots share up to now: above all claims, which arrivals must not fall behind."""
        await self.source_watch.look()
        await self.control_topics.catch_up()
        await self.claim_publisher.start()
        await self._row_stores.prepare()
        if self._lag_task is None:
            self._lag_task = asyncio.create_task(self._commit_offsets_loop())

    def _new_slot(self, number: int) -> Slot:
        settings, spec = self.settings, self.spec
        log, key = spec.changelog_topic(settings), spec.partition_key
        partitions = OutputPartitions(number, spec.slots, settings.prefix, self.journal, log, key)
        rows, local_rows = self._row_stores.open(number)
        decider, control_state = spec.decider(settings, number, rows), self.control_topics.control_state
        sources = self.source_watch.sources
        return self.slot_class(
            settings=settings,
            partitions=partitions,
            producer=self.producer_class(settings, f"{spec.app_id(settings)}-slot-{number}"),
            ingest=self._ingest,
            decider=decider,
            local_rows=local_rows,
            inputs=SlotInputs(partitions.own_journal(), self.app.consumer),
            tick_scheduler=TickScheduler(settings, control_state, sources, decider.known_release),
            ends=self._fetch_thread().ends,
            transaction_partitions=self._transaction_partitions(partitions),
            log_ends=self._takeover.log_ends,
            backfill_tools=self._backfill_tools,
            on_commit=self._handle_commit,
            diagnose_error=self._diagnose_error,
            is_traced=self.spans is not None,
        )

    def _transaction_partitions(self, partitions: OutputPartitions) -> list[Partition]:
        """Every partition that a slot's transactions may touch."""
        journal = [Partition(self.journal, number) for number in range(self.spec.slots)]
        topics = {topic.name: topic for topic in (*self.spec.outputs, DEAD_LETTERS)}.values()
        outputs = [
            partitions.output(topic.name) for topic in topics if topic.partitioning != "one" or partitions.slot == 0
        ]
        return [partitions.own_changelog(), *journal, *outputs]

    def _inherit_claims(self, fresh: list[tuple[Slot, Partition]]) -> None:
        claims = self.control_topics.control_state.claims
        for slot, partition in fresh:
            if partition != slot.partitions.own_journal():
                name = slot.partitions.without_prefix(partition)
                self._claim_tracker.inherit(slot.buffers[partition], name, claims)

    def _log_take_over(self, owned: set[int], new: list[Slot], began: float) -> None:
        log.info(
            "take-over",
            kind=self.spec.name,
            slots=sorted(owned),
            new=[slot.number for slot in new],
            rows=sum(slot.rows for slot in new),
            ms=round(1000 * (time.monotonic() - began)),
        )
        if not owned:
            log.warning(
                "owns nothing", kind=self.spec.name, why="more workers than slots, or the others hold them all"
            )

    async def start(self, positions: Mapping[Partition, int]) -> None:
        """Seeks exactly and lets the slots work, unless they were revoked in between."""
        suspensions = self._suspensions_at_take_over
        try:
            tokens = await self._fetch_thread().seek_exactly(positions)
        except IllegalStateError:  # what is not assigned cannot be sought
            if self._suspensions == suspensions:
                raise
            return
        if self._suspensions != suspensions:
            return  # another take-over may have begun since
        self.app.consumer.forget_read_offsets(tokens)
        for slot in self.slots.values():
            slot.start({partition: token for partition, token in tokens.items() if partition in slot.buffers})
        self.working_since = now_ms()
        log.info("working", kind=self.spec.name, slots=sorted(self.slots))

    async def suspend(self, *_args: Any, **_options: Any) -> None:
        """Ends every slot's transaction, since partitions are being revoked. Faust's signal passes its own arguments,
        which are ignored.
        """
        began = time.monotonic()
        self._suspensions += 1
        self.working_since = None
        await asyncio.gather(*(slot.suspend() for slot in self.slots.values()))
        log.info("rested", kind=self.spec.name, ms=round(1000 * (time.monotonic() - began)))

    async def close(self) -> None:
        """Suspends and closes every slot, and what they share: the worker stops."""
        await self.suspend()
        await asyncio.gather(*(slot.close() for slot in self.slots.values()))
        self.slots.clear()
        await self._backfill_tools.close()
        if self._lag_task is not None:
            self._lag_task.cancel()
        await self.claim_publisher.stop()
        await self.source_watch.stop()
        await self.control_topics.stop()
        self._refusal_log.close()
        log.info("closed", kind=self.spec.name)

    # Claims and group offsets

    def claims_needed_in(self, now: int) -> int | None:
        """In how many ms, from `now` (ms) on, a slot of any worker waits for claims; None while nothing is due."""
        if self.control_topics.control_state.claims.have_waiter():
            return 0
        return self._own_claims_needed_in(now)

    def _own_claims_needed_in(self, now: int) -> int | None:
        if self.settings.clock == "wall" and self._unclaimed_sources():
            return 0
        needs = (slot.claims_needed_in(now) for slot in self.slots.values())
        return min((need for need in needs if need is not None), default=None)

    def claims_at(self, now: int) -> dict[Partition, Claim]:
        """The claims at `now` (ms) of every in-topic partition of this worker's slots, without prefix."""
        ends, others = self._fetch_thread().ends, self.control_topics.control_state.claims
        waits = self._own_claims_needed_in(now) == 0
        self._fetch_thread().shorten_waits(is_short=waits or others.have_waiter())
        claims = {
            (name := slot.partitions.without_prefix(buffer.partition)): self._claim_tracker.update_claim(
                buffer, name, ends, others, now, waits=waits
            )
            for slot in self.slots.values()
            for buffer in slot.source_buffers()
        }
        self._stuck_log.update(claims)
        return claims

    def _handle_commit(self, slot: Slot, batch: TransactionBatch) -> None:
        self._refusal_log.add(batch.refusal_counts)
        self.work_counts.add(batch)
        if batch.traced is not None and self.spans is not None:
            batch.traced.record(self.spans, slot.number, batch.began)
        self._has_commits.set()
        self.claim_publisher.review_need()
        if self._has_waiters(slot):
            self._add_own_claims()
            self.claim_publisher.publish_now()

    def _add_own_claims(self) -> None:
        """Makes a commit known to this worker's slots at once, not only when its claim is read back."""
        claims = self.control_topics.control_state.claims
        for name, claim in self.claims_at(now_ms()).items():
            claims.add(name, claim, claims.broker_time)
        self.wake()

    def _has_waiters(self, slot: Slot) -> bool:
        """Whether another slot may be waiting for the slot's commit: to be in step with it, or for its account's time
        to advance.
        """
        if self.settings.clock == "events":
            return slot.has_pending_advance()
        reach = self.control_topics.control_state.claims.largest() - self.settings.in_step_ms
        return slot.is_waiting or any(buffer.claim <= reach for buffer in slot.source_buffers())

    # Partitions of the in-topics

    async def _partition_counts(self) -> Mapping[str, int]:
        counts = await self.control_topics.partition_counts(sorted(self.source_topics))
        return {topic.removeprefix(self.settings.prefix): count for topic, count in counts.items()}

    async def _handle_look(self, new: Iterable[Partition]) -> None:
        """A partition that nobody owns yet makes the group share out again. A look also lets time go on."""
        if any(new) or self._unclaimed_sources():
            await refresh_metadata(self._fetch_thread())
        if self.claims_needed_in(now_ms()) == 0:
            self.wake()
        await self._resume_stopped()

    async def _resume_stopped(self) -> None:
        """Reads partitions on whose gaps were accepted; where the broker does not answer, at the next look.

        Not where a rebalance came meanwhile: the take-over knows their positions already, and starts the slots.
        """
        suspensions = self._suspensions

        def is_working() -> bool:
            is_same = self._suspensions == suspensions
            return is_same and self.working_since is not None and not self.app.rebalancing

        if not is_working():
            return
        positions = await self._gap_watch.look(self.slots.values(), is_working)
        if positions:
            self.app.consumer.read_on(positions)
            await self.start(positions)

    def _unclaimed_sources(self) -> bool:
        """Whether an in-topic partition has no claim yet: no tick is written before it has one."""
        claims = self.control_topics.control_state.claims
        return any(not claims.claim(partition) for partition in self.source_watch.sources.present)

    async def _commit_offsets_loop(self) -> None:
        while True:
            await self._has_commits.wait()
            await asyncio.sleep(LAG_SECONDS)
            if self.app.rebalancing:
                continue
            self._has_commits.clear()
            buffers = [buffer for slot in self.slots.values() for buffer in slot.buffers.values()]
            offsets = {buffer.partition: buffer.committed_position for buffer in buffers}
            if not await commit_group_offsets(self._fetch_thread(), offsets):
                self.work_counts.unsaved_offsets += 1

    def _fetch_thread(self) -> FetchThread:
        return self.app.consumer.fetch_thread


@asynccontextmanager
async def _close_on_error(slots: list[Slot]) -> AsyncIterator[None]:
    """Closes the slots where the block fails, most often by another rebalance: the next owner fences them anyway."""
    try:
        yield
    except BaseException:
        await run_to_end(asyncio.gather(*(slot.close() for slot in slots), return_exceptions=True))
        raise
