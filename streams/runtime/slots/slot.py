"""A slot: journal partition s, changelog partition s, and every in-topic partition q with q mod N = s.

It has one transactional producer, and one transaction at a time holds everything the slot did. Its life:

    take over   the producer fences the former owner; only then the state is read (take_over.py); seek exactly; work
    work        take fetched records, ingest, write ahead (own_journal.py), decide, append control records, add the
                checkpoint; write; commit. Under load the next one is built while one is in flight (pipeline.py)
    suspend     revoked: no new transaction; what is built is committed within a bound; queued records are dropped.
                Producer and state stay: if the slot comes back they are valid as long as the producer's epoch is,
                which the broker checks
    close       the partition went to another worker, or the process stops
    any error   the process ends: no reader has seen anything uncommitted
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from streams.clock import now_ms
from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.backfill.backfill import Backfill, BackfillTools
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.disk.row_stores import LocalRows
from streams.runtime.fatal import die
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer, RecordBatch
from streams.runtime.inputs.slot_inputs import SlotInputs, stop_if_outside_log
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import BackfillingDecider, Decider, Ingest
from streams.runtime.slots.budget import DecisionBudget
from streams.runtime.slots.new_epoch import LogEnds, take_new_epoch
from streams.runtime.slots.own_journal import OwnJournal
from streams.runtime.slots.pipeline import TransactionPipeline
from streams.runtime.slots.probe import SlotProbe
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.traced_records import TracedRecords
from streams.runtime.slots.transaction import TransactionBatch
from streams.runtime.slots.work_pace import WorkPace
from streams.runtime.time.alignment import Alignment, AlignmentSettings
from streams.runtime.time.control_records import ControlRecordScheduler
from streams.runtime.time.ticks import TickScheduler
from streams.settings import Settings

MANY_RECORDS = 500
"""With so many records queued the next transaction is built while one is in flight, and no interval is waited for."""

IN_FLIGHT = 1 << 62
"""The place in the journal of a control record that is not committed yet."""


class Slot:
    """One slot in one worker, from its take-over to its close.

    `ends` is what the fetch thread knows of partition ends, `log_ends` reads the log ends of partitions, uncommitted
    records included. `transaction_partitions` are all partitions that its transactions may touch. `on_commit` is
    called after each commit with what was committed, `diagnose_error` with the error that ends the process.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        partitions: OutputPartitions,
        producer: SlotProducer,
        ingest: Ingest,
        decider: Decider,
        local_rows: LocalRows,
        inputs: SlotInputs,
        tick_scheduler: TickScheduler,
        ends: Mapping[Partition, FetchEnds],
        transaction_partitions: Sequence[Partition],
        log_ends: LogEnds,
        backfill_tools: BackfillTools,
        on_commit: Callable[[Slot, TransactionBatch], None],
        diagnose_error: Callable[[BaseException], Awaitable[BaseException]],
        is_traced: bool = False,
    ) -> None:
        self.partitions = partitions
        self.number = partitions.slot
        self._settings = settings
        self._producer = producer
        self._ingest = ingest
        self._decider = decider
        self.local_rows = local_rows
        self._inputs = inputs
        self._tick_scheduler = tick_scheduler
        self._ends = ends
        self._transaction_partitions = transaction_partitions
        self._log_ends = log_ends
        self._on_commit = on_commit
        self._diagnose_error = diagnose_error
        self._is_traced = is_traced
        self._pace = WorkPace(settings)
        self._backfill = (
            Backfill(decider, partitions, backfill_tools, self.wake)
            if isinstance(decider, BackfillingDecider)
            else None
        )
        self.probe = SlotProbe(decider, self._pace, self._backfill, tick_scheduler, ends)
        self._control_scheduler = ControlRecordScheduler(settings, tick_scheduler, decider, self._backfill)
        self._alignment = Alignment(AlignmentSettings.from_settings(settings))
        self._budget = DecisionBudget(decider, backfill_tools.throttle, self.wake)
        bound_seconds = settings.transaction_bound_ms / 1000
        self._own_journal = OwnJournal(partitions.own_journal(), producer, bound_seconds)
        self._pipeline = TransactionPipeline(self._commit_in_time, self._end_process, self.wake, bound_seconds)
        self._checkpoint = SlotCheckpoint()
        self._next_checkpoint = self._checkpoint
        """That of the last transaction built; the one before it may be in flight."""
        self._rows = 0
        self._control_barrier = 0
        """The journal is read up to here before another control record is appended."""
        self._is_waiting = self._is_active = False
        self._task: asyncio.Task[None] | None = None

    @property
    def transactional_id(self) -> str:
        """Names the slot across all workers."""
        return self._producer.id

    @property
    def checkpoint(self) -> SlotCheckpoint:
        """The checkpoint of the last committed transaction."""
        return self._checkpoint

    @property
    def rows(self) -> int:
        """How many changelog records were restored at take-over."""
        return self._rows

    @property
    def is_waiting(self) -> bool:
        """Whether records are held back to stay in step."""
        return self._is_waiting

    @property
    def buffers(self) -> Mapping[Partition, PartitionBuffer]:
        """The buffers of all input partitions."""
        return self._inputs.buffers

    def source_buffers(self) -> Iterable[PartitionBuffer]:
        """The buffers of in-topic partitions."""
        return self._inputs.source_buffers()

    def has_pending_advance(self) -> bool:
        """Whether a record of the topic `clock` is not answered with a tick yet."""
        return self._tick_scheduler.next_advance(self._checkpoint) is not None

    def claims_needed_in(self, now: int) -> int | None:
        """In how many ms, from `now` (ms) on, the slot waits for fresh claims; None while nothing is due."""
        if self._settings.clock == "events":
            return 0 if self.has_pending_advance() else None
        due = now if self._is_waiting else self._decider.next_due()
        return None if due is None else max(0, due - now)

    async def fence(self) -> None:
        """Fences the former owner: its transaction is over, and nothing of it can commit any more."""
        await self._producer.fence()

    async def abort_hanging_transactions(self) -> None:
        """Ends transactions that the broker left hanging in the partitions that the slot writes to."""
        await self._producer.abort_hanging_transactions(self._transaction_partitions)

    def start_restore(self, end: int) -> int:
        """Returns the changelog offset to restore from, where the changelog ends at `end`."""
        position, checkpoint = self.local_rows.start_restore(end)
        self._checkpoint = self._next_checkpoint = checkpoint_records.decode(checkpoint or b"{}")
        return position

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Takes one record of the changelog, in order, at take-over."""
        if key == CHECKPOINT_KEY:
            self._checkpoint = self._next_checkpoint = checkpoint_records.decode(value or b"{}")
            return
        self._rows += 1
        self._decider.restore(key, value)

    def mark_restored(self, position: int) -> None:
        """All before that offset of the changelog was restored."""
        self.local_rows.commit_restored(checkpoint_records.encode(self._checkpoint), position)

    def resume(self) -> None:
        """Completes the restore: the whole changelog was read."""
        self._decider.resume(self._checkpoint.checkpoint)

    def add_input(self, partition: Partition, beginning: int, end: int) -> None:
        """At take-over: an assigned partition is read on from the checkpoint, else from the log's beginning.

        No control record is appended before the journal is decided up to its present `end`. Raises Internal when the
        journal's position lies outside its log.
        """
        name = str(self.partitions.without_prefix(partition))
        position = self._checkpoint.feeds.get(name, beginning)
        buffer = self._inputs.add_buffer(partition, position, self._checkpoint.arrivals.get(name, 0))
        stop_if_outside_log(buffer, beginning, end)
        if partition == self._inputs.journal:
            if buffer.stop_reason:
                raise Internal(f"the journal cannot be read on: {buffer.stop_reason}")
            self._control_barrier = end

    def start(self, tokens: Mapping[Partition, int]) -> None:
        """Works from now on: its partitions were sought, with these tokens."""
        self._inputs.start(tokens)
        self._is_active = True
        self.wake()
        if self._task is None:
            self._task = asyncio.create_task(self._work_loop(), name=f"slot {self.number}")

    async def suspend(self) -> None:
        """Stops working after a revocation. Ends the process when the transaction in flight does not end in time."""
        self._is_active = False
        self._inputs.clear()
        try:
            async with asyncio.timeout(self._settings.drain_bound_ms / 1000):
                await self._pipeline.drain()
        except TimeoutError:
            die(f"{self.transactional_id} did not end its transaction in time")

    async def close(self) -> None:
        """Ends the slot in this worker."""
        if self._backfill is not None:
            await self._backfill.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._pipeline.close()
        self.local_rows.close()
        await self._producer.stop()

    def enqueue(self, run: RecordBatch, source: Partition) -> bool:
        """Queues a run; False when it was fetched before a rebalance. Whoever calls this wakes the slot later."""
        return self._inputs.enqueue(source, run)

    def has_records(self) -> bool:
        """Whether records are queued."""
        return self._inputs.count_records() > 0

    def wake(self) -> None:
        """Lets the slot look again: something changed that it may wait for."""
        self._pace.wake()

    async def _work_loop(self) -> None:
        try:
            while True:
                self._pace.begin_look()
                if not await self._work_once():
                    await self._pace.await_wake(self._pauses(now_ms()))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # a slot that failed is not to be trusted
            await self._end_process(error)

    async def _end_process(self, error: BaseException) -> None:
        die(f"{self.transactional_id} failed", await self._diagnose_error(error))

    def _pauses(self, now: int) -> Iterable[int | None]:
        """In how many ms time alone may give the slot something to do; None for never."""
        yield self.claims_needed_in(now)
        yield self._tick_scheduler.next_heartbeat_in(now)
        # What is there and waits, for its turn or for others, may go on at any moment.
        is_held = self._inputs.count_records() or self._decider.is_busy() or self._next_checkpoint.introduced
        yield 0 if is_held or self._tick_scheduler.next_marker(self._next_checkpoint) is not None else None

    async def _work_once(self) -> bool:
        """Sends one transaction on its way when there is something to write; returns whether there was."""
        is_under_load = self._inputs.count_records() >= MANY_RECORDS
        may_overlap = self._budget.may_overlap(is_loaded=is_under_load) and not self._next_checkpoint.introduced
        if self._pipeline.is_busy() and not may_overlap:
            return False  # its commit wakes the slot; what comes meanwhile goes into one transaction
        if not is_under_load:
            await self._pace.await_interval(is_waiting=self._is_waiting)
        await self._control_scheduler.prepare(self._next_checkpoint)
        if not self._is_active:
            return False
        self._pipeline.hold()
        began = time.monotonic()
        batch, now = self._new_batch(), now_ms()
        for _ in self.ingest(batch, now):
            await asyncio.sleep(0)  # answers to this slot and to others are read
        if self._is_active and not (is_under_load or self._pipeline.is_busy()):
            await self._own_journal.write_ahead(batch, self._inputs.journal_buffer())
        for _ in self.decide(batch, now):
            await asyncio.sleep(0)
        if not batch.has_content:
            self._pipeline.release()
            return False
        self._pace.mark_start(began)
        await self._pipeline.put(batch)
        return True

    async def _commit_in_time(self, batch: TransactionBatch) -> None:
        with self._pace.measure_commit():
            await self.commit(batch)

    def _new_batch(self) -> TransactionBatch:
        writer, traced = self._producer.new_batch_writer(), TracedRecords() if self._is_traced else None
        return TransactionBatch(self.partitions, writer, self._next_checkpoint, traced=traced)

    def ingest(self, batch: TransactionBatch, now: int) -> Iterator[None]:
        """Step 1 of a transaction: in-topic records, in step and by arrival, become journal records and dead letters.
        It pauses now and then.
        """
        if self._backfill is not None and not self._pipeline.is_busy():
            self._backfill.start(self._checkpoint)
        records = self._inputs.dequeue_sources(self._horizon(now))
        if records:
            self._budget.mark_busy()
        yield from batch.ingest(records, self._ingest)

    def decide(self, batch: TransactionBatch, now: int) -> Iterator[None]:
        """Steps 2 to 4 of a transaction, after `ingest`, with pauses.

        2. decide: journal records go to the decider, which decides as many as its budget allows
        3. append a control record: a tick, a release or its proposal, or a slice of a back-fill
        4. add the checkpoint, which makes all of it one step
        """
        yield from self._decide(batch, now)  # 2
        checkpoint = self._add_control_record(batch, now)  # 3
        if not batch.has_content:
            return
        batch.add_rows()
        batch.set_checkpoint(checkpoint, self._inputs, self._decider)
        self.add_checkpoint(batch)  # 4
        self._next_checkpoint = batch.checkpoint

    def add_checkpoint(self, batch: TransactionBatch) -> None:
        """Adds the checkpoint record."""
        value = checkpoint_records.encode(batch.checkpoint)
        batch.writer.add(self.partitions.own_changelog(), CHECKPOINT_KEY, value)

    def _horizon(self, now: int) -> int | None:
        """The latest arrival (ms) that may enter the journal now; None when nothing holds records back."""
        if self._control_scheduler.must_hold_events(self._next_checkpoint):
            return -1
        if self._settings.clock == "events":
            return None
        latest = self._inputs.latest_arrival()
        claims = self._tick_scheduler.control_state.claims
        horizon = (
            self._alignment.horizon(self._tick_scheduler.sources.present, claims, latest, now) if latest else None
        )
        self._is_waiting = horizon is not None
        marker = self._tick_scheduler.next_marker(self._next_checkpoint)
        if marker is None or marker.at is None or self._decider.is_busy():
            return horizon
        # Records of later arrivals follow the release; while a tick is being decided, they do not wait for it.
        return marker.at if horizon is None else min(horizon, marker.at)

    def _decide(self, batch: TransactionBatch, now: int) -> Iterator[None]:
        position = self._inputs.journal_buffer().taken_position
        undecided = position - self._decider.resume_offset(position)
        is_loaded = undecided + self._inputs.count_records() >= MANY_RECORDS
        if batch.feed_journal(self._inputs, self._decider, undecided):
            self._tick_scheduler.mark_record()
        budget = self._budget.next(self._inputs.journal_buffer().taken_position, is_loaded=is_loaded)
        for step in self._budget.steps(budget) if budget is not None else ():
            with self._budget.measure(step):
                batch.add_effects(self._decider.work(step), now)
            yield

    def _add_control_record(self, batch: TransactionBatch, now: int) -> SlotCheckpoint:
        """Adds a control record or a slice if one is due; returns the checkpoint after it.

        One control record at a time, slices aside. The slot's own queued records are no reason to wait: one that is
        always behind would never append a tick.
        """
        if self._backfill is not None:
            self._backfill.cancel_superseded()
        if not self._decider.is_busy() and self._inputs.effective_position(self._ends) >= self._control_barrier:
            scheduled = self._control_scheduler.next_record(self._next_checkpoint, now)
            if scheduled is not None:
                self._control_barrier = IN_FLIGHT
                batch.add_control_record(scheduled.record, scheduled.on_commit)
                return scheduled.checkpoint
        if self._backfill is not None:
            is_behind, is_busy = self._decider.has_pending(), self._budget.is_busy()
            step = self._backfill.next_slices(self._next_checkpoint, is_behind=is_behind, is_busy=is_busy)
            if step is not None:
                values, checkpoint = step
                batch.add_slices(values)
                return checkpoint
        return self._next_checkpoint

    async def commit(self, batch: TransactionBatch) -> None:
        """Writes the batch; from then on its checkpoint is the slot's."""
        last_offsets = await self._producer.write(batch.writer)
        changelog = self.partitions.own_changelog()
        if self._producer.has_unanswered_end():
            await take_new_epoch(self._producer, changelog, last_offsets[changelog], self._log_ends)
        self.local_rows.commit(batch.rows, checkpoint_records.encode(batch.checkpoint), last_offsets[changelog] + 1)
        self._checkpoint = batch.checkpoint
        self._inputs.mark_committed(batch.input_records)
        self._own_journal.mark_commit(batch, self._inputs.journal_buffer(), last_offsets)
        if batch.has_control_record:
            self._control_barrier = last_offsets[self.partitions.own_journal()] + 1
        for action in batch.commit_actions:
            action()
        self._on_commit(self, batch)
