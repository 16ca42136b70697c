"""The process that counts the past reads the releases itself, and sends what the worker's own counter would make."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import TopicPartition

from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal.records import PROPOSAL_KEY, Marker, encode, proposal_from_marker
from streams.engine.partition.backfill import EncodedSlice
from streams.engine.partition.backfill_contact import CONTACT_BYTES, COUNTS_BYTES
from streams.runtime.backfill import past_counter
from streams.runtime.backfill.counting_messages import CountAnswer, CountEnd, CountRequest, SliceMessage
from streams.runtime.backfill.past_counter import PastCounter
from streams.settings import Settings
from tests.harness.engine.engine_driver import BUDGET, EngineDriver, day, sound_definitions

JOURNAL, DEAD_LETTERS, DEFINITIONS = (
    TopicPartition(name, 0) for name in ("p-journal", "p-dead-letters", "p-definitions")
)
BUSY = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
FIRST: dict[str, Any] = {"properties": {"country": "text"}, "segments": []}
SECOND: dict[str, Any] = {"properties": {"country": "text"}, "segments": [BUSY]}


class FakeLogRecord(NamedTuple):
    """A record as aiokafka decodes it."""

    offset: int
    key: bytes | None
    value: bytes
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class FakeCluster:
    """Partitions with their records; retention may have removed the first ones."""

    def __init__(self, logs: dict[TopicPartition, list[FakeLogRecord]]) -> None:
        self.logs = logs
        self._positions: dict[TopicPartition, int] = {}

    @asynccontextmanager
    async def open_consumer(self, _bootstrap: str, _client: str) -> AsyncIterator[Any]:
        yield self

    def assign(self, partitions: list[TopicPartition]) -> None:
        self._positions = dict.fromkeys(partitions, 0)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._positions[partition] = offset

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        for partition, offset in (await self.beginning_offsets(list(partitions))).items():
            self._positions[partition] = offset

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: self.logs[each][0].offset if self.logs[each] else 0 for each in partitions}

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: self.logs[each][-1].offset + 1 if self.logs[each] else 0 for each in partitions}

    async def position(self, partition: TopicPartition) -> int:
        return self._positions[partition]

    async def getmany(self, *partitions: TopicPartition, **_: Any) -> dict[TopicPartition, list[FakeLogRecord]]:
        batches = {}
        for each in partitions:
            batch = [record for record in self.logs[each] if record.offset >= self._positions[each]][:7]
            if batch:
                batches[each] = batch
                self._positions[each] = batch[-1].offset + 1
        return batches


def release(offset: int, based_on: int, definitions: dict[str, Any]) -> FakeLogRecord:
    document = {"engine_version": NEWEST_VERSION, **definitions}
    record = {"id": f"r{offset}", "type": "definitions.applied", "based_on": based_on, "definitions": document}
    return FakeLogRecord(offset, b"default", msgspec.json.encode(record))


class CounterSetup:
    """A journal of thirty contacts, two releases, and what is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.driver = EngineDriver(**FIRST)
        for number in range(30):
            for visit in range(1 + number % 3):
                self.driver.visit(day(visit, number), contact=f"c{number:02}")
        journal = [FakeLogRecord(*entry) for entry in self.driver.journal]
        self.until, self.letters_until = len(journal), 0
        after = journal[-1]._replace(offset=self.until)  # comes after the proposal: is not counted
        definitions = [release(0, 0, FIRST), release(1, 1, SECOND)]
        self.cluster = FakeCluster({JOURNAL: [*journal, after], DEAD_LETTERS: [], DEFINITIONS: definitions})
        monkeypatch.setattr(past_counter, "open_consumer", self.cluster.open_consumer)
        monkeypatch.setattr(past_counter, "return_plain_records", lambda _consumer: None)
        self.answers: list[CountAnswer] = []
        self.counter = PastCounter(Settings(prefix="p-", clock="events"), self.answers.append)

    async def count(self, after: str = "") -> tuple[list[EncodedSlice], CountEnd]:
        self.answers.clear()
        request = CountRequest("default", 1, 2, JOURNAL, DEAD_LETTERS, self.until, self.letters_until, after)
        await self.counter.answer(request)
        *slices, end = self.answers
        assert isinstance(end, CountEnd)
        return [each.encoded_slice for each in slices if isinstance(each, SliceMessage)], end

    def expected_slices(self) -> list[EncodedSlice]:
        """What the worker's own counter makes of the same journal."""
        driver = self.driver
        driver.releases.append(sound_definitions({**SECOND, "engine_version": NEWEST_VERSION}))
        marker = Marker("default", 2, 2, "", None, NEWEST_VERSION)
        driver.decider.feed(self.until, PROPOSAL_KEY, encode(proposal_from_marker(marker)))
        driver.decider.work(BUDGET)
        counter = driver.decider.backfill_counter("default")
        counter.count(driver.journal, set())
        return list(counter.slices())


async def test_it_sends_the_slices_that_the_worker_would_make(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = CounterSetup(monkeypatch)
    slices, end = await setup.count()
    assert slices == setup.expected_slices()
    assert [each.last_contact for each in slices] == ["c29"]
    assert end == CountEnd(None, None)


async def test_more_contacts_than_memory_allows_are_counted_in_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = CounterSetup(monkeypatch)
    monkeypatch.setattr(past_counter, "COUNT_BYTES", 12 * (CONTACT_BYTES + COUNTS_BYTES + 100))
    contacts: list[str] = []
    after: str | None = ""
    passes = 0
    while after is not None:
        slices, end = await setup.count(after)
        contacts += [name for each in slices for name in msgspec.json.decode(each.value)["contacts"]]
        after, passes = end.continue_after, passes + 1
    assert contacts == [f"c{number:02}" for number in range(30)]
    assert passes > 2


async def test_it_knows_a_release_that_came_after_its_first_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = CounterSetup(monkeypatch)
    first, _ = await setup.count()
    longer = {"id": "settled", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
    setup.cluster.logs[DEFINITIONS].append(release(2, 2, {**SECOND, "segments": [longer]}))
    await setup.counter.answer(
        CountRequest("default", 1, 3, JOURNAL, DEAD_LETTERS, setup.until, setup.letters_until, "")
    )
    last = setup.answers[-2]
    assert isinstance(last, SliceMessage)
    assert msgspec.json.decode(last.value)["number"] == 3
    assert msgspec.json.decode(first[0].value)["number"] == 2


async def test_it_tells_where_the_journal_begins_when_retention_took_what_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup = CounterSetup(monkeypatch)
    del setup.cluster.logs[JOURNAL][:10]
    _, end = await setup.count()
    assert end.missing_before is not None
    assert end.missing_before >= day(0)
