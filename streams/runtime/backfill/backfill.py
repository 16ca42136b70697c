"""The back-fill of a release that depends on the past: counted beside the traffic, appended in slices.

    1  the slot appends the release's proposal; once that is decided, the decider names it in `pending_proposals`
    2  a second consumer reads the slot's own journal from its beginning up to the proposal, while the slot goes on
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import islice

import msgspec
import structlog
from aiokafka import TopicPartition
from structlog.typing import FilteringBoundLogger

from schemas.topics import DEAD_LETTERS
from schemas.values import instant_text
from streams.engine.journal.records import Marker
from streams.engine.partition.backfill import BackfillCounter, EncodedSlice, JournalEntry
from streams.engine.partition.broadcast import PendingProposal
from streams.kafka.dead_letters import read_refused_sources
from streams.kafka.protocols import ConsumedRecord, Consumer
from streams.kafka.reader import read_batches_to_end, require_key, require_value
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.fatal import die
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import BackfillingDecider

log = structlog.get_logger()

FETCH_RECORDS = 500
"""Records of one fetch."""

LOG_SECONDS = 5.0
"""How often a log line reports the progress."""

COUNT_BYTES = 96 << 20
"""About how much memory (bytes) of a worker the past of contacts takes while it is counted."""

BURST_RECORDS = 20
"""So many records are counted before the clock is looked at."""

TRANSACTION_SLICES = 2
"""So many slices go into one transaction: events that come after them wait until they are decided."""

SLICE_SECONDS = 0.2
"""How long a slice waits at most because the slot is behind."""

ConsumerFactory = Callable[[str], AbstractAsyncContextManager[Consumer]]
"""Makes a consumer outside every group, by isolation level."""


class Backfill:
    """The back-fills of one slot: one release at a time; others wait their turn."""

    def __init__(
        self,
        decider: BackfillingDecider,
        partitions: OutputPartitions,
        open_consumer: ConsumerFactory,
        throttle: Throttle,
        wake: Callable[[], None],
    ) -> None:
        self._decider = decider
        self._journal = TopicPartition(*partitions.own_journal())
        self._dead_letters = TopicPartition(*partitions.output(DEAD_LETTERS.name))
        self._open_consumer = open_consumer
        self._throttle = throttle
        self._wake = wake
        self._account = ""
        self._proposal: PendingProposal | None = None
        self._task: asyncio.Task[None] | None = None
        self._slices: Iterator[EncodedSlice] | None = None
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
        self, checkpoint: SlotCheckpoint, *, is_behind: bool = False
    ) -> tuple[Sequence[bytes], SlotCheckpoint] | None:
        """The journal values of the next slices, one or a few, and the checkpoint after them; None while there is
        none.

        Live records come first: while the slot `is_behind`, a slice goes at most once in SLICE_SECONDS.
        """
        now = time.monotonic()
        if self._slices is None or self._proposal is None or (is_behind and now < self._last_slice + SLICE_SECONDS):
            return None
        if checkpoint.introduced.get(self._account, (0, ""))[0] != self._proposal.number:
            return None  # a newer one is appended and not decided yet
        parts = list(islice(self._slices, 1 if is_behind else TRANSACTION_SLICES))
        if not parts:
            self._slices = None
            self._slices_done.set()
            return None
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
        self._task = self._proposal = self._slices = None
        self.records_left = 0
        self._is_complete = False

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
            async with self._throttle.slots:
                async with self._throttle.memory_lock:
                    slices, continue_after = await self._count(account, proposal, continue_after, logger)
                if self._proposal is not proposal:
                    return  # cancelled; a consumer that is being stopped swallows the cancellation
                await self._offer_slices(iter(slices))
        self._is_complete = True
        self._wake()

    async def _count(
        self, account: str, proposal: PendingProposal, after: str, logger: FilteringBoundLogger
    ) -> tuple[Sequence[EncodedSlice], str | None]:
        """One pass over the journal: its slices, and the last contact in them where others come after it.

        The slices take a small part of the memory that was needed to count them: other slots count meanwhile.
        """
        began = time.monotonic()
        logger.info("counting the past", records=proposal.offset, first_pass=not after)
        counter = self._decider.backfill_counter(account, after, COUNT_BYTES)
        is_truncated = await self._count_journal(counter, proposal.offset, logger)
        logger.info("counted the past", records=proposal.offset, ms=round(1000 * (time.monotonic() - began)))
        if is_truncated and counter.continue_after() is None:
            _warn_of_truncation(counter, logger)
        keys, slices = counter.unsorted_keys(), list[EncodedSlice]()
        await self._throttle.run_throttled(keys, list.sort)
        await self._throttle.run_throttled(counter.slices(keys), slices.append)
        return slices, counter.continue_after()

    async def _offer_slices(self, slices: Iterator[EncodedSlice]) -> None:
        """Waits until the slot has appended all of them."""
        self._slices_done.clear()
        self._slices = slices
        self._wake()
        await self._slices_done.wait()

    async def _count_journal(self, counter: BackfillCounter, until: int, logger: FilteringBoundLogger) -> bool:
        """Feeds the records before offset `until`; returns whether retention has removed the journal's beginning."""
        last_log = time.monotonic()
        async with self._open_consumer("read_committed") as consumer:
            refused_sources = await read_refused_sources(consumer, self._dead_letters)
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


def _warn_of_truncation(counter: BackfillCounter, logger: FilteringBoundLogger) -> None:
    """`definitions apply` refuses such a release; one that came another way gets the counts that are possible."""
    missing_before = counter.missing_before()
    if missing_before is not None:
        logger.warning(
            "the release asks of a past that the journal's retention took away; what is left is counted",
            journal_speaks_from=instant_text(missing_before),
        )
