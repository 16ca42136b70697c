"""A slot: journal partition s, changelog partition s, and every in-topic partition q with q mod N = s.

It has one transactional producer, and one transaction at a time holds everything it did. Its life:

    take over   the producer fences the former owner; only then the truth is read (takeover.py); seek exactly; work
    work        take what was fetched, ingest, decide, announce, note where it stands; write; commit
    rest        revoked: no new transaction; the one in flight ends within a bound; what is queued is forgotten.
                Producer and state are kept: if the slot comes back they are valid as long as the producer's epoch is,
                and that the broker checks
    close       the partition went to another worker, or the process stops
    any error   the process ends: nothing uncommitted was seen by anybody
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from streams.clock import now_ms
from streams.engine.journal.effects import Budget, Effects
from streams.engine.journal.records import Slice
from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as position_records
from streams.runtime.backfill.backfill import Backfill, ConsumerFactory
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.fatal import die
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer, RecordBatch
from streams.runtime.inputs.slot_inputs import SlotInputs
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.transaction import TransactionBatch
from streams.runtime.time.alignment import Alignment, AlignmentSettings
from streams.runtime.time.control_records import ControlRecordScheduler
from streams.runtime.time.ticks import TickScheduler
from streams.settings import Settings

log = structlog.get_logger()

IDLE_BUDGET = Budget()
BUSY_BUDGET = Budget(seconds=0.010)
"""The bound of a portion while events come: they wait no longer behind a release or a tick that reaches everybody,
and behind those of the other slots of this worker.
"""

BUSY_SECONDS = 0.5
"""How long after the last event a slot counts as busy."""

SLICE_SECONDS = 1.0
"""How long a slice of history waits at most because the slot is behind."""

MAX_UNDECIDED = 12_000
"""How many journal records may be fed and not decided before no more are fed."""

LogEnds = Callable[[list[Partition]], Awaitable[Mapping[Partition, int]]]


class Slot:
    """One slot in one worker, from its take-over to its close."""

    def __init__(
        self,
        *,
        settings: Settings,
        partitions: OutputPartitions,
        producer: SlotProducer,
        program: tuple[Ingest, Decider],
        inputs: SlotInputs,
        tick_scheduler: TickScheduler,
        ends: Mapping[Partition, FetchEnds],
        transaction_partitions: Sequence[Partition],
        log_ends: LogEnds,
        open_consumer: ConsumerFactory,
        throttle: Throttle,
    ) -> None:
        self.settings = settings
        self.partitions = partitions
        self.number = partitions.slot
        self.producer = producer
        self.ingest, self.decider = program
        self.inputs = inputs
        self.tick_scheduler = tick_scheduler
        self.ends = ends
        self.transaction_partitions = transaction_partitions
        self.log_ends = log_ends
        self.checkpoint = SlotCheckpoint()
        self.rows = 0
        self.control_barrier = 0  # the journal is read up to here before another tick or marker is appended
        self.on_commit: Callable[[], None] = lambda: None
        self.diagnose_error: Callable[[BaseException], Awaitable[BaseException]] = same_error
        self.is_waiting = False  # whether records are held back to stay in step
        self.backfill = Backfill(self.decider, partitions, open_consumer, throttle, self.wake)
        self.control_scheduler = ControlRecordScheduler(settings, tick_scheduler, self.decider, self.backfill)
        self._alignment = Alignment(AlignmentSettings.from_settings(settings))
        self._is_active = False
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._last_start = 0.0
        self._busy_until = 0.0
        self._last_slice = 0.0

    # Ownership

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog, in order, at take-over."""
        if key == CHECKPOINT_KEY:
            self.checkpoint = position_records.decode(value or b"{}")
            return
        self.rows += 1
        self.decider.restore(key, value)

    def set_journal_end(self, buffer: PartitionBuffer, log_end: int) -> None:
        """At take-over: nothing is announced before the journal is decided up to its present end."""
        if buffer.stop_reason:
            raise Internal(f"the journal cannot be read on: {buffer.stop_reason}")
        self.control_barrier = log_end

    def start(self, tokens: Mapping[Partition, int]) -> None:
        """Its partitions were sought: work."""
        self.inputs.start(tokens)
        self._is_active = True
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work_loop(), name=f"slot {self.number}")

    async def suspend(self) -> None:
        """Revoked: see above. Ends the process when the transaction in flight does not end in time."""
        self._is_active = False
        self.inputs.clear()
        try:
            await asyncio.wait_for(self._idle.wait(), self.settings.drain_bound_ms / 1000)
        except TimeoutError:
            die(f"{self.producer.id} did not end its transaction in time")

    async def close(self) -> None:
        """No more of this slot here."""
        await self.backfill.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.producer.stop()

    # Work

    def enqueue(self, run: RecordBatch, source: Partition) -> bool:
        """Takes in a run; False when it was fetched before a rebalance."""
        taken = self.inputs.enqueue(source, run)
        if taken:
            self._wake.set()
        return taken

    def wake(self) -> None:
        """Something was announced that may let the slot go on."""
        self._wake.set()

    async def _work_loop(self) -> None:
        try:
            while True:
                self._wake.clear()
                if await self._work_once():
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self.settings.tick_ms / 1000)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # a slot that failed is not to be trusted
            die(f"{self.producer.id} failed", await self.diagnose_error(error))

    async def _work_once(self) -> bool:
        """One transaction when there is something to write; whether there was."""
        await self._await_interval()
        if not self._is_active:
            return False
        self._idle.clear()
        try:
            began = time.monotonic()
            portion = self.build_transaction(now_ms())
            if portion is None:
                return False
            self._last_start = began
            await asyncio.wait_for(self.commit(portion), self.settings.transaction_bound_ms / 1000)
        except TimeoutError as error:
            raise Internal("a transaction took longer than its bound; the broker may be away") from error
        finally:
            self._idle.set()
        return True

    async def _await_interval(self) -> None:
        # The first record after silence goes at once; under load the interval lets batches grow. Whoever waits to
        # be in step makes small steps, and as fast as they go.
        interval = 0.0 if self.is_waiting else self.settings.interval_ms / 1000
        left = self._last_start + interval - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)

    def build_transaction(self, now: int) -> TransactionBatch | None:
        """What the next transaction holds; None when there is nothing to write.

        1. ingest: in-topic records, in step and by arrival, become journal records and dead letters
        2. decide: journal records go to the decider, which works off a portion
        3. announce: time, a release or its proposal, a slice of history, when its time has come
        4. the position record, which makes all of it one step
        """
        self.backfill.start(self.checkpoint)
        portion = TransactionBatch(self.partitions, self.producer.new_batch_writer())
        taken = self.inputs.dequeue_sources(self._horizon(now))
        if taken:
            self._busy_until = time.monotonic() + BUSY_SECONDS
        portion.ingest(taken, self.ingest)  # 1
        self._decide(portion, now)  # 2
        self._add_control_record(portion, now)  # 3
        if not portion.has_content:
            return None
        self.checkpoint = self._checkpoint_after(portion)
        self.add_checkpoint(portion)  # 4
        return portion

    def add_checkpoint(self, batch: TransactionBatch) -> None:
        """Adds the position record."""
        record = position_records.encode(self.checkpoint)
        batch.writer.add(self.partitions.own_changelog(), CHECKPOINT_KEY, record)

    def _horizon(self, now: int) -> int | None:
        if self.control_scheduler.must_hold_events(self.checkpoint):
            return -1
        if self.settings.clock == "events":
            return None
        wanted = self.inputs.latest_arrival()
        claims = self.tick_scheduler.control_state.claims
        horizon = self._alignment.horizon(self.tick_scheduler.sources, claims, wanted, now) if wanted else None
        self.is_waiting = horizon is not None
        marker = self.tick_scheduler.next_marker(self.checkpoint)
        if marker is None or marker.at is None or self.decider.is_busy():
            return horizon
        # What this slot reads of later arrivals follows the release; while a tick is worked off, life goes on.
        return marker.at if horizon is None else min(horizon, marker.at)

    def _decide(self, batch: TransactionBatch, now: int) -> None:
        journal = self.inputs.journal_buffer()
        ahead = journal.committed_position - self.decider.resume_offset(journal.committed_position)
        if not (self.decider.has_pending() and ahead > MAX_UNDECIDED):
            taken = self.inputs.dequeue_journal()
            batch.input_records.update(taken)
            for entries in taken.values():
                for entry in entries:
                    self.decider.feed(entry.record.offset, entry.record.key, entry.record.value)
                batch.has_content = True
        if self.decider.has_pending():
            batch.add_effects(self.run_decider(), now)

    def run_decider(self) -> Effects:
        """One portion of decisions."""
        return self.decider.work(BUSY_BUDGET if time.monotonic() < self._busy_until else IDLE_BUDGET)

    def _add_control_record(self, batch: TransactionBatch, now: int) -> None:
        # One at a time, slices aside. Own records that wait are no reason to wait: a slot that is always behind would
        # tell no time.
        self.backfill.cancel_superseded()
        if not self.decider.is_busy() and self.inputs.effective_position(self.ends) >= self.control_barrier:
            said = self.control_scheduler.next_record(self.checkpoint, now)
            if said is not None:
                self.checkpoint = said.checkpoint
                batch.add_control_record(said.record, said.on_commit)
                return
        part = self._next_slice()
        if part is not None:
            self.checkpoint = part[1]
            batch.add_slice(part[0])

    def _next_slice(self) -> tuple[Slice, SlotCheckpoint] | None:
        """Live records come first: while the slot is behind, a slice now and then."""
        now = time.monotonic()
        if self.decider.has_pending() and now < self._last_slice + SLICE_SECONDS:
            return None
        part = self.backfill.next_slice(self.checkpoint)
        if part is not None:
            self._last_slice = now
        return part

    def _checkpoint_after(self, batch: TransactionBatch) -> SlotCheckpoint:
        feeds, arrivals = {}, {}
        for partition, feed in self.inputs.buffers.items():
            entries = batch.input_records.get(partition)
            name = self.without_prefix(partition)
            following = entries[-1].next_position if entries else feed.committed_position
            if partition == self.inputs.journal:
                feeds[str(name)] = self.decider.resume_offset(following)
                continue
            feeds[str(name)] = following
            arrivals[str(name)] = entries[-1].arrival if entries else feed.committed_arrival
        return msgspec.structs.replace(
            self.checkpoint, feeds=feeds, arrivals=arrivals, checkpoint=self.decider.checkpoint()
        )

    def without_prefix(self, partition: Partition) -> Partition:
        """The partition with its topic's name without prefix."""
        return Partition(partition.topic.removeprefix(self.partitions.prefix), partition.number)

    async def commit(self, batch: TransactionBatch) -> None:
        """Writes the portion; from here on its positions are the slot's."""
        last = await self.producer.write(batch.writer)
        if self.producer.has_unanswered_end():
            await self._renew_epoch(last[self.partitions.own_changelog()])
        self.inputs.mark_committed(batch.input_records)
        if batch.has_control_record:
            self.control_barrier = last[self.partitions.own_journal()] + 1
        for action in batch.commit_actions:
            action()
        self.on_commit()

    async def _renew_epoch(self, checkpoint_offset: int) -> None:
        """The commit stands, but another copy of its EndTxn may be on the way: a new epoch makes that one harmless.

        Nobody may have owned the slot in between: its position record and the commit's marker must be the last things
        in its changelog partition.
        """
        changelog = self.partitions.own_changelog()
        await self.producer.renew_epoch()
        ends = await self.log_ends([changelog])
        log.info("renewed", slot=self.number, position_record=checkpoint_offset, log_end=ends[changelog])
        if ends[changelog] != checkpoint_offset + 2:
            raise Internal(f"{self.producer.id} was owned by somebody in between")


async def same_error(error: BaseException) -> BaseException:
    """An error that needs no examination."""
    return error
