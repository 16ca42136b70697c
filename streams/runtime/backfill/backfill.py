"""How a slot brings a release into force that asks of the past: counted beside the traffic, told in slices.

    1  the slot appends the release's proposal; when that is decided, the decider says so (`proposal`)
    2  a second consumer reads the slot's own journal from its beginning up to the proposal, while the slot goes on
    3  what was counted is appended in slices, whatever else is going on: each concerns its contacts alone; the last
       contact told stands in the slot's positions
    4  where there are more contacts than have room, 2 and 3 again for those who come after by their ids
    5  when everybody is told, the release's marker is appended: from there on it decides

A new owner counts for those who come after the last contact told. A newer release gives up the one on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import structlog
from aiokafka import TopicPartition

from schemas.topics import DEAD_LETTERS
from schemas.values import instant_text
from streams.engine.journal.records import Slice
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.broadcast import PendingProposal
from streams.kafka.dead_letters import read_refused_sources
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.fatal import die
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import Decider

log = structlog.get_logger()

FETCH_RECORDS = 500
"""Records of one fetch."""

LOG_SECONDS = 5.0
"""How often a log line says how far it is."""

MAX_CONTACTS = 50_000
"""The most contacts whose past a worker keeps in memory while it counts."""

ConsumerFactory = Callable[[str], AbstractAsyncContextManager[Any]]
"""A consumer outside every group, by isolation level."""


class Backfill:
    """One slot's: at most one release at a time; others wait their turn."""

    def __init__(
        self,
        decider: Decider,
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
        self._slices: Iterator[Slice] | None = None
        self._is_complete = False
        self._slices_done = asyncio.Event()

    def start(self, checkpoint: SlotCheckpoint) -> None:
        """Begins what is proposed, all that was decided being committed: what was refused is among it."""
        self.cancel_superseded()
        if self._proposal is not None:
            return
        proposed = self._decider.pending_proposals()
        to_count = [each for each in proposed.items() if self._decider.has_contacts(each[0])]
        if to_count:
            self._account, self._proposal = min(to_count, key=lambda each: each[1].offset)
            told = checkpoint.introduced.get(self._account, (0, ""))
            after = told[1] if told[0] == self._proposal.number else ""
            self._task = asyncio.create_task(self._run(self._account, self._proposal, after), name="introduction")

    def cancel_superseded(self) -> None:
        """After records were decided: a newer release may have taken the place of the one on its way."""
        if self._proposal is not None and self._decider.pending_proposals().get(self._account) != self._proposal:
            self._cancel()

    def next_slice(self, checkpoint: SlotCheckpoint) -> tuple[Slice, SlotCheckpoint] | None:
        """The next slice, and the positions after it; None where there is none, or none yet."""
        if self._slices is None or self._proposal is None:
            return None
        if checkpoint.introduced.get(self._account, (0, ""))[0] != self._proposal.number:
            return None  # a newer one is appended and not decided yet
        part = next(self._slices, None)
        if part is None:
            self._slices = None
            self._slices_done.set()
            return None
        introduced = {**checkpoint.introduced, self._account: (self._proposal.number, next(reversed(part.contacts)))}
        return part, msgspec.structs.replace(checkpoint, introduced=introduced)

    def complete_release(self) -> tuple[str, int] | None:
        """Account and number of the release of which all is told."""
        if not self._is_complete or self._proposal is None:
            return None
        return self._account, self._proposal.number

    async def close(self) -> None:
        """The slot goes away, or the worker stops."""
        task = self._task
        self._cancel()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._proposal = self._slices = None
        self._is_complete = False

    async def _run(self, account: str, proposal: PendingProposal, after: str) -> None:
        about = log.bind(account=account, release=proposal.number, partition=self._journal.partition)
        try:
            async with self._throttle.memory_lock:
                await self._backfill(account, proposal, after, about)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever it is, the next start reads on
            die(f"the past of release {proposal.number} of account {account} cannot be counted", error)

    async def _backfill(self, account: str, proposal: PendingProposal, after: str, logger: Any) -> None:
        left_out_after: str | None = after
        while left_out_after is not None:
            began = time.monotonic()
            logger.info("counting the past", records=proposal.offset, after=left_out_after)
            history = self._decider.backfill_counter(account, left_out_after, MAX_CONTACTS)
            is_cut = await self._count_journal(history, proposal.offset, logger)
            if self._proposal is not proposal:
                return  # given up; a consumer that is being stopped swallows the cancellation
            logger.info("counted the past", records=proposal.offset, ms=round(1000 * (time.monotonic() - began)))
            left_out_after = history.continue_after()
            if is_cut and left_out_after is None:
                _warn_of_truncation(history, logger)
            await self._offer_slices(history.slices())
        self._is_complete = True
        self._wake()

    async def _offer_slices(self, slices: Iterator[Slice]) -> None:
        """Until the slot has appended all of them."""
        self._slices_done.clear()
        self._slices = slices
        self._wake()
        await self._slices_done.wait()

    async def _count_journal(self, counter: BackfillCounter, until: int, logger: Any) -> bool:
        """Feeds what is before an offset; whether the journal's beginning is gone."""
        told = time.monotonic()
        async with self._open_consumer("read_committed") as consumer:
            refused = await read_refused_sources(consumer, self._dead_letters)
            consumer.assign([self._journal])
            await consumer.seek_to_beginning(self._journal)
            while (position := await consumer.position(self._journal)) < until:
                fetched = await consumer.getmany(self._journal, timeout_ms=500, max_records=FETCH_RECORDS)
                records = fetched.get(self._journal, [])
                entries = [(record.offset, record.key, record.value) for record in records if record.offset < until]
                await self._throttle.run_throttled(entries, lambda entry: counter.count((entry,), refused))
                if time.monotonic() - told > LOG_SECONDS:
                    told = time.monotonic()
                    logger.info("counting the past", read=position, records=until)
            return bool((await consumer.beginning_offsets([self._journal]))[self._journal])


def _warn_of_truncation(counter: BackfillCounter, logger: Any) -> None:
    """`definitions apply` refuses such a release; one that came otherwise knows what there is."""
    speaks_from = counter.missing_before()
    if speaks_from is not None:
        logger.warning(
            "the release asks of a past that the journal's retention took away; what is left is counted",
            journal_speaks_from=instant_text(speaks_from),
        )
