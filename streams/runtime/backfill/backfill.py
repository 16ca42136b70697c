"""The back-fill of a release that depends on the past: counted beside the traffic, appended in slices.

    1  the slot appends the release's proposal; once that is decided, the decider names it in `pending_proposals`
    2  the slot's own journal is read from its beginning up to the proposal, while the slot goes on: by a process of
       its own, or in this one where it has few records
    3  the counts are appended in slices, whatever else is going on: each concerns its contacts alone; the last
       contact of the last slice is in the slot's checkpoint
    4  where there are more contacts than memory allows, 2 and 3 are repeated for those whose ids come after
    5  after the last slice the release's marker is appended: from there on the release decides

A new owner counts the contacts after the last one in the checkpoint. A newer release cancels the one under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from structlog.typing import FilteringBoundLogger

from schemas.topics import DEAD_LETTERS
from schemas.values import instant_text
from streams.engine.journal.records import Marker
from streams.engine.partition.backfill import BackfillCounter, JournalEntry
from streams.engine.partition.checkpoint import PendingProposal
from streams.errors import BrokerUnavailable, NoDiskSpace, PastCounterLost
from streams.kafka.dead_letters import read_refused_sources
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import fetch_end_offsets, read_batches_to_end, require_key, require_value
from streams.runtime.backfill.counting_messages import CountEnd, CountProgress, CountRequest
from streams.runtime.backfill.counting_process import CountingProcess
from streams.runtime.backfill.slice_queue import SliceQueue
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.fatal import die, error_summary
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import BackfillingDecider

log = structlog.get_logger()

FETCH_RECORDS = 500
"""Records of one fetch."""

LOG_SECONDS = 5.0
"""How often a log line reports the progress."""

FEW_RECORDS = 20_000
"""So many records of a journal are counted in the worker's own process, in less time than another takes to start."""

COUNT_BYTES = 96 << 20
"""About how much memory (bytes) of a worker the past of contacts takes while it is counted there."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until a count that failed is begun again; twice as many each time."""

BURST_RECORDS = 20
"""So many records are counted before the clock is looked at."""

SLICES_SECONDS = 0.006
"""So long may the slices of one transaction take to decide: events that come after them wait for it. With the events
beside them it is within SLICES_BUDGET, so that none is left for the transaction after it."""

BEHIND_SECONDS, BEHIND_SLICES = 0.2, 4
"""While the slot is behind: the least time between its slices, and how many go at a time at most."""

ConsumerFactory = Callable[[str], AbstractAsyncContextManager[Consumer]]
"""Makes a consumer outside every group, by isolation level."""


@dataclass(frozen=True, slots=True)
class BackfillTools:
    """What all slots of a worker count the past with; slices that are many wait in files in `folder`.

    Without a `process` of its own every past is counted in the worker's.
    """

    open_consumer: ConsumerFactory
    throttle: Throttle
    folder: Path
    process: CountingProcess | None = None

    async def close(self) -> None:
        """Ends the process: the worker stops."""
        if self.process is not None:
            await self.process.close()


class Backfill:
    """The back-fills of one slot: one release at a time; others wait their turn."""

    def __init__(
        self,
        decider: BackfillingDecider,
        partitions: OutputPartitions,
        tools: BackfillTools,
        wake: Callable[[], None],
    ) -> None:
        self._decider = decider
        self._journal = TopicPartition(*partitions.own_journal())
        self._dead_letters = TopicPartition(*partitions.output(DEAD_LETTERS.name))
        self._tools = tools
        self._throttle = tools.throttle
        self._wake = wake
        self._account = ""
        self._proposal: PendingProposal | None = None
        self._task: asyncio.Task[None] | None = None
        self._slices: SliceQueue | None = None
        self._is_complete = False
        self._slices_done = asyncio.Event()
        self._last_slice = 0.0
        self.records_read = 0
        """Records of the journal that all back-fills have read so far."""
        self.records_left = 0
        """Records that the back-fill under way has not read yet; 0 while there is none."""

    def needs_backfill(self, marker: Marker) -> bool:
        """Whether that release, taken up now, is to be proposed first."""
        return self._decider.needs_backfill(marker)

    def has_contacts(self, account: str) -> bool:
        """Whether the account has a contact here that a back-fill would count."""
        return self._decider.has_contacts(account)

    def start(self, checkpoint: SlotCheckpoint) -> None:
        """Begins with the oldest proposal. Every decision must be committed: refused records are read back."""
        self.cancel_superseded()
        if self._proposal is not None:
            return
        proposals = [item for item in self._decider.pending_proposals().items() if self.has_contacts(item[0])]
        if proposals:
            self._account, self._proposal = min(proposals, key=lambda item: item[1].offset)
            number, last_contact = checkpoint.introduced.get(self._account, (0, ""))
            after = last_contact if number == self._proposal.number else ""
            self.records_left = self._proposal.offset
            self._task = asyncio.create_task(self._run(self._account, self._proposal, after), name="backfill")

    def cancel_superseded(self) -> None:
        """Cancels the back-fill when the records just decided hold a newer release of its account."""
        if self._proposal is not None and self._decider.pending_proposals().get(self._account) != self._proposal:
            self._cancel()

    def next_slices(
        self, checkpoint: SlotCheckpoint, *, is_behind: bool = False, is_busy: bool = False
    ) -> tuple[Sequence[bytes], SlotCheckpoint] | None:
        """The journal values of the next slices, one or a few, and the checkpoint after them; None while there is
        none.

        Live records come first: while the slot `is_behind`, at most BEHIND_SLICES go in BEHIND_SECONDS, and while
        it `is_busy` with events, pauses follow.
        """
        now = time.monotonic()
        if self._slices is None or self._proposal is None or (is_behind and now < self._last_slice + BEHIND_SECONDS):
            return None
        if checkpoint.introduced.get(self._account, (0, ""))[0] != self._proposal.number:
            return None  # a newer one is appended and not decided yet
        if is_busy and not self._throttle.may_decide(self._wake):
            return None
        most = self._throttle.slices_within(SLICES_SECONDS)
        parts = list(islice(self._slices, min(most, BEHIND_SLICES) if is_behind else most))
        if not parts:
            self._drop_slices()
            self._slices_done.set()
            return None
        self._throttle.reserve(len(parts))
        self._last_slice = now
        introduced = {**checkpoint.introduced, self._account: (self._proposal.number, parts[-1].last_contact)}
        return [part.value for part in parts], msgspec.structs.replace(checkpoint, introduced=introduced)

    def release_without_contacts(self) -> tuple[str, int] | None:
        """Account and number of a proposed release that has nobody to count here."""
        for account, proposal in self._decider.pending_proposals().items():
            if not self.has_contacts(account):
                return account, proposal.number
        return None

    def complete_release(self) -> tuple[str, int] | None:
        """Account and number of the release whose slices are all appended."""
        if not self._is_complete or self._proposal is None:
            return None
        return self._account, self._proposal.number

    async def close(self) -> None:
        """Ends the back-fill under way: the slot goes away, or the worker stops."""
        task = self._task
        self._cancel()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._proposal = None
        self._drop_slices()
        self.records_left = 0
        self._is_complete = False

    def _drop_slices(self) -> None:
        slices, self._slices = self._slices, None
        if slices is not None:
            self._throttle.end_slices()
            slices.close()

    async def _run(self, account: str, proposal: PendingProposal, after: str) -> None:
        logger = log.bind(account=account, release=proposal.number, partition=self._journal.partition)
        try:
            await self._backfill(account, proposal, after, logger)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever it is, the next start reads on
            die(f"the past of release {proposal.number} of account {account} cannot be counted", error)

    async def _backfill(
        self, account: str, proposal: PendingProposal, after: str, logger: FilteringBoundLogger
    ) -> None:
        continue_after: str | None = after
        while continue_after is not None:
            slices = SliceQueue(self._tools.folder)
            try:
                async with self._throttle.memory_lock:
                    end = await self._count(account, proposal, continue_after, slices, logger)
            except BaseException:
                slices.close()
                raise
            if self._proposal is not proposal:
                slices.close()
                return  # cancelled; a consumer that is being stopped swallows the cancellation
            if end.missing_before is not None:
                _warn_of_truncation(end.missing_before, logger)
            await self._offer_slices(slices)
            continue_after = end.continue_after
        self._is_complete = True
        self._wake()

    async def _count(
        self, account: str, proposal: PendingProposal, after: str, slices: SliceQueue, logger: FilteringBoundLogger
    ) -> CountEnd:
        """One pass over the journal, which puts its slices into the queue; begun again until it succeeds.

        A broker that is away, or a leader that changes, ends no slot: what the slots need themselves they notice.
        """
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            logger.info("counting the past", records=proposal.offset, first_pass=not after)
            try:
                process, request = self._tools.process, await self._request(account, proposal, after)
                if process is None or proposal.offset <= FEW_RECORDS:
                    end = await self._count_here(request, slices, logger)
                else:
                    end = await self._count_there(process, request, slices, logger)
                slices.complete()
            except (PastCounterLost, NoDiskSpace, KafkaError, BrokerUnavailable) as error:
                logger.warning("counting the past again", cause=error_summary(error), after_ms=round(1000 * pause))
            else:
                ms = round(1000 * (time.monotonic() - began))
                logger.info("counted the past", records=proposal.offset, ms=ms)
                return end
            slices.clear()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _request(self, account: str, proposal: PendingProposal, after: str) -> CountRequest:
        # The broker answers the end of a transaction before readers see it: what a committed one has refused may lie
        # behind the last stable offset for a moment.
        async with self._tools.open_consumer("read_uncommitted") as consumer:
            ends = await fetch_end_offsets(consumer, [self._dead_letters])
        return CountRequest(
            account,
            self._decider.active_releases().get(account, 0),
            proposal.number,
            journal=(self._journal.topic, self._journal.partition),
            dead_letters=(self._dead_letters.topic, self._dead_letters.partition),
            until=proposal.offset,
            letters_until=ends[self._dead_letters],
            after=after,
        )

    async def _count_there(
        self, process: CountingProcess, request: CountRequest, slices: SliceQueue, logger: FilteringBoundLogger
    ) -> CountEnd:
        """Counts in another process: the slot goes on meanwhile."""
        read_before = self.records_read

        def note_progress(progress: CountProgress) -> None:
            self.records_read = read_before + progress.read
            self.records_left = max(0, request.until - progress.read)
            logger.info("counting the past", read=progress.read, records=request.until)

        return await process.count(request, slices, note_progress)

    async def _count_here(self, request: CountRequest, slices: SliceQueue, logger: FilteringBoundLogger) -> CountEnd:
        """Counts in this process, beside its slots."""
        counter = self._decider.backfill_counter(request.account, request.after, COUNT_BYTES)
        is_truncated = await self._count_journal(counter, request, logger)
        keys = counter.unsorted_keys()
        await self._throttle.run_throttled(keys, list.sort)
        await self._throttle.run_throttled(counter.slices(keys), slices.put)
        continue_after = counter.continue_after()
        is_missing = is_truncated and continue_after is None
        return CountEnd(continue_after, counter.missing_before() if is_missing else None)

    async def _offer_slices(self, slices: SliceQueue) -> None:
        """Waits until the slot has appended all of them."""
        self._slices_done.clear()
        self._slices = slices
        self._throttle.begin_slices()
        self._wake()
        await self._slices_done.wait()

    async def _count_journal(
        self, counter: BackfillCounter, request: CountRequest, logger: FilteringBoundLogger
    ) -> bool:
        """Feeds the records before the proposal; returns whether retention has removed the journal's beginning."""
        last_log, until = time.monotonic(), request.until
        async with self._tools.open_consumer("read_committed") as consumer:
            refused_sources = await read_refused_sources(consumer, self._dead_letters, request.letters_until)
            ends = {self._journal: until}
            async for batch in read_batches_to_end(consumer, [self._journal], ends=ends, max_records=FETCH_RECORDS):
                bursts = [batch[start : start + BURST_RECORDS] for start in range(0, len(batch), BURST_RECORDS)]
                await self._throttle.run_throttled(
                    bursts, lambda burst: counter.count(map(_to_entry, burst), refused_sources)
                )
                self.records_read += len(batch)
                self.records_left = max(0, until - batch[-1].offset - 1)
                if time.monotonic() - last_log > LOG_SECONDS:
                    last_log = time.monotonic()
                    logger.info("counting the past", read=batch[-1].offset + 1, records=until)
            return bool((await consumer.beginning_offsets([self._journal]))[self._journal])


def _to_entry(record: ConsumedRecord) -> JournalEntry:
    return record.offset, require_key(record), require_value(record)


def _warn_of_truncation(missing_before: int, logger: FilteringBoundLogger) -> None:
    """`definitions apply` refuses such a release; one that came another way gets the counts that are possible."""
    logger.warning(
        "the release asks of a past that the journal's retention took away; what is left is counted",
        journal_speaks_from=instant_text(missing_before),
    )
