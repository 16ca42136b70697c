"""A partition whose next release is proposed, and its back-fill, without a broker."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import TopicPartition

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal import records
from streams.engine.journal.records import Proposal, Slice
from streams.engine.partition.release_records import release_records
from streams.errors import PastCounterLost
from streams.runtime.backfill.backfill import Backfill, BackfillTools
from streams.runtime.backfill.counting_messages import CountEnd, CountProgress, CountRequest
from streams.runtime.backfill.counting_process import CountingProcess
from streams.runtime.backfill.slice_queue import SliceQueue
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.output_partitions import OutputPartitions
from tests.harness.engine.engine_driver import BUDGET, EngineDriver, day, sound_definitions

PARTITIONS = OutputPartitions(slot=0, slots=1, prefix="p-", journal="p-journal", changelog="p-changelog")
COUNTED: dict[str, Any] = {"segments": [{"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}]}


class FakeJournalRecord(NamedTuple):
    """A record of aiokafka's consumer."""

    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class FakeJournalConsumer:
    """Returns the journal's records; `dead-letters` has none that can be read, and ends at `letters_end`. A question
    for offsets raises `failure`.
    """

    def __init__(
        self, journal: list[tuple[int, bytes, bytes]], letters_end: int = 0, failure: Exception | None = None
    ) -> None:
        self._letters_end = letters_end
        self._failure = failure
        self._journal = [FakeJournalRecord(*entry) for entry in journal]
        self._next = 0
        self._tp: Any = None

    def assign(self, partitions: list[TopicPartition]) -> None:
        (self._tp,) = partitions

    async def seek_to_beginning(self, _partition: TopicPartition) -> None:
        self._next = 0

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self._next = sum(record.offset < offset for record in self._journal)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self._fail()
        return dict.fromkeys(partitions, self._letters_end)

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        self._fail()
        return dict.fromkeys(partitions, 0)

    def _fail(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def position(self, partition: TopicPartition) -> int:
        if partition.topic != "p-journal":
            return 0
        return self._journal[self._next].offset if self._next < len(self._journal) else self._journal[-1].offset + 1

    async def getmany(
        self, partition: TopicPartition, **_options: Any
    ) -> dict[TopicPartition, list[FakeJournalRecord]]:
        batch = self._journal[self._next : self._next + 3]
        self._next += len(batch)
        return {partition: batch}


class FakeCountingProcess(CountingProcess):
    """Counts in this process; the first `failures` times it is lost after a slice."""

    def __init__(self, driver: EngineDriver, failures: int = 0) -> None:
        super().__init__([])
        self._driver = driver
        self._failures = failures
        self.requests: list[CountRequest] = []
        self.is_ended = False

    async def count(
        self, request: CountRequest, slices: SliceQueue, on_progress: Callable[[CountProgress], None]
    ) -> CountEnd:
        self.requests.append(request)
        on_progress(CountProgress(1))
        counter = self._driver.decider.backfill_counter(request.account, request.after)
        counter.count(self._driver.journal[: request.until], set())
        for part in counter.slices():
            slices.put(part)
        if len(self.requests) <= self._failures:
            raise PastCounterLost("the process that counts the past ended")
        return CountEnd()

    async def close(self) -> None:
        self.is_ended = True


class BackfillSetup:
    """A partition whose next release is proposed, and its back-fill."""

    def __init__(self, driver: EngineDriver) -> None:
        self.driver = driver
        self.wake_event = asyncio.Event()
        self.checkpoint = SlotCheckpoint()
        self.closing = asyncio.Event()
        self.throttle = Throttle()
        self.swallows_cancellation = False  # whether the next consumer's stop swallows a cancellation
        self.process: FakeCountingProcess | None = None
        self.failures: dict[str, Exception] = {}  # of the next consumer, by isolation level
        self.letters_end = 0  # the end of the log of `dead-letters`, beyond its last stable offset
        self.backfill = self.new()

    def new(self) -> Backfill:
        """A back-fill as a new owner of the slot makes it."""

        @asynccontextmanager
        async def open_consumer(isolation: str) -> AsyncIterator[Any]:
            letters_end = self.letters_end if isolation == "read_uncommitted" else 0
            yield FakeJournalConsumer(self.driver.journal, letters_end, self.failures.pop(isolation, None))
            if self.swallows_cancellation:
                self.swallows_cancellation = False
                self.closing.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        self.tools = BackfillTools(open_consumer, self.throttle, Path(tempfile.gettempdir()), self.process)
        return Backfill(self.driver.decider, PARTITIONS, self.tools, self.wake_event.set)

    def propose(self, definitions: dict[str, Any]) -> records.Marker:
        """Appends the proposal of a release."""
        driver = self.driver
        driver.releases.append(sound_definitions(definitions))
        number = len(driver.releases)
        marker = records.Marker("default", number, number, "", None, NEWEST_VERSION)
        proposal = next(release_records(driver.decider, marker, list, set()))
        assert isinstance(records.decode(proposal.value), Proposal)
        self.feed(proposal.key, proposal.value)
        self.checkpoint = msgspec.structs.replace(self.checkpoint, introduced={"default": (number, "")})
        return marker

    def feed(self, key: bytes, value: bytes) -> None:
        driver = self.driver
        offset = len(driver.journal)
        driver.journal.append((offset, key, value))
        driver.decider.feed(offset, key, value)
        while driver.decider.has_pending():
            driver.decider.work(BUDGET)

    async def await_counts(self) -> None:
        """Waits until everything is counted."""
        self.backfill.start(self.checkpoint)
        await asyncio.wait_for(self.wake_event.wait(), 10)
        self.wake_event.clear()

    async def next(self, *, is_behind: bool = False) -> list[Slice] | tuple[str, int] | None:
        """The next slices, or the release that is complete."""
        step = self.backfill.next_slices(self.checkpoint, is_behind=is_behind)
        if step is not None:
            values, self.checkpoint = step
            parts = [part for part in map(records.decode, values) if isinstance(part, Slice)]
            assert list(map(records.encode, parts)) == values
            return parts
        await asyncio.sleep(0)  # lets the task that waits for the last slice go on
        return self.backfill.complete_release()

    async def next_slice(self) -> Slice:
        """The next slice, which goes into a transaction alone."""
        step = await self.next()
        assert isinstance(step, list)
        (part,) = step
        return part

    async def append_all_slices(self) -> list[Slice]:
        """Appends every slice of all passes; returns them."""
        parts = []
        while (step := await self.next()) is None or isinstance(step, list):
            if step is None:
                await self.await_counts()
                continue
            for part in step:
                self.feed(records.SLICE_KEY, records.encode(part))
            parts += step
        return parts


def driver_with_contacts(contacts: int = 3) -> EngineDriver:
    driver = EngineDriver(segments=[])
    for number in range(contacts):
        driver.visit(day(0, number), contact=f"c{number:05}")
    return driver
