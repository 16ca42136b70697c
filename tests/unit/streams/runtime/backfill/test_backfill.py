"""A slot brings a proposed release into force: counted beside the traffic, told in slices, then its marker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import TopicPartition

from streams.engine.journal import records
from streams.engine.journal.records import Proposal, Slice
from streams.engine.partition.backfill import MAX_SLICE_CONTACTS
from streams.engine.partition.release_records import release_records
from streams.engine.version import ENGINE_VERSION
from streams.runtime.backfill import backfill as introduction_module
from streams.runtime.backfill.backfill import Backfill
from streams.runtime.backfill.throttle import Throttle
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.output_partitions import OutputPartitions
from tests.harness.engine.engine_driver import BUDGET, EngineDriver, day, sound_definitions

PLACES = OutputPartitions(slot=0, slots=1, prefix="p-", journal="p-journal", changelog="p-changelog")
COUNTED: dict[str, Any] = {"segments": [{"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}]}


class FakeJournalRecord(NamedTuple):
    """A record as a consumer gives it."""

    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class FakeJournalConsumer:
    """Gives what is in the journal; `dead-letters` are empty."""

    def __init__(self, journal: list[tuple[int, bytes, bytes]]) -> None:
        self._journal = [FakeJournalRecord(*entry) for entry in journal]
        self._next = 0
        self._tp: Any = None

    def assign(self, partitions: list[TopicPartition]) -> None:
        (self._tp,) = partitions

    async def seek_to_beginning(self, _partition: TopicPartition) -> None:
        self._next = 0

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    async def position(self, partition: TopicPartition) -> int:
        if partition.topic != "p-journal":
            return 0
        return self._journal[self._next].offset if self._next < len(self._journal) else self._journal[-1].offset + 1

    async def getmany(
        self, partition: TopicPartition, **_options: Any
    ) -> dict[TopicPartition, list[FakeJournalRecord]]:
        found = self._journal[self._next : self._next + 3]
        self._next += len(found)
        return {partition: found}


class BackfillSetup:
    """A story whose next release is proposed, and the introduction of it."""

    def __init__(self, story: EngineDriver) -> None:
        self.story = story
        self.woken = asyncio.Event()
        self.positions = SlotCheckpoint()
        self.closing = asyncio.Event()
        self.pace = Throttle()
        self.stubborn = False  # whether the next consumer's stop swallows a cancellation
        self.introduction = self.new()

    def new(self) -> Backfill:
        """As a new owner of the slot makes it."""

        @asynccontextmanager
        async def reader(_isolation: str) -> AsyncIterator[Any]:
            yield FakeJournalConsumer(self.story.journal)
            if self.stubborn:
                self.stubborn = False
                self.closing.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()

        return Backfill(self.story.decider, PLACES, reader, self.pace, self.woken.set)

    def propose(self, definitions: dict[str, Any]) -> records.Marker:
        """The first record of a release."""
        story = self.story
        story.releases.append(sound_definitions(definitions))
        number = len(story.releases)
        marker = records.Marker("default", number, number, "", None, ENGINE_VERSION)
        proposal = next(release_records(story.decider, marker, list, set()))
        assert isinstance(records.decode(proposal.value), Proposal)
        self.feed(proposal.key, proposal.value)
        self.positions = msgspec.structs.replace(self.positions, introduced={"default": (number, "")})
        return marker

    def feed(self, key: bytes, value: bytes) -> None:
        story = self.story
        offset = len(story.journal)
        story.journal.append((offset, key, value))
        story.decider.feed(offset, key, value)
        while story.decider.has_pending():
            story.decider.work(BUDGET)

    async def counted(self) -> None:
        """Until everything is counted."""
        self.introduction.start(self.positions)
        await asyncio.wait_for(self.woken.wait(), 10)
        self.woken.clear()

    async def next(self) -> Slice | tuple[str, int] | None:
        told = self.introduction.next_slice(self.positions)
        if told is not None:
            part, self.positions = told
            return part
        await asyncio.sleep(0)  # what waits for the last slice goes on
        return self.introduction.complete_release()

    async def all_told(self) -> list[Slice]:
        """Every slice, appended as it comes, over all passes."""
        parts = []
        while (told := await self.next()) is None or isinstance(told, Slice):
            if told is None:
                await self.counted()
                continue
            self.feed(records.SLICE_KEY, records.encode(told))
            parts.append(told)
        return parts


def company(contacts: int = 3) -> EngineDriver:
    story = EngineDriver(segments=[])
    for number in range(contacts):
        story.visit(day(0, number), contact=f"c{number:05}")
    return story


async def test_what_was_counted_is_told_and_then_the_marker_is_due() -> None:
    stage = BackfillSetup(company())
    stage.propose(COUNTED)
    assert await stage.next() is None
    await stage.counted()
    part = await stage.next()
    assert isinstance(part, Slice)
    assert sorted(part.contacts) == ["c00000", "c00001", "c00002"]
    assert stage.positions.introduced == {"default": (2, "c00002")}
    assert await stage.next() == ("default", 2)
    await stage.introduction.close()


async def test_what_comes_after_the_proposal_is_followed_by_the_row_and_not_counted_again() -> None:
    stage = BackfillSetup(company(1))
    stage.propose(COUNTED)
    stage.story.visit(day(1), contact="c00000")
    await stage.counted()
    part = await stage.next()
    assert isinstance(part, Slice)
    assert list(part.contacts["c00000"].counts.values()) == [[day(0)]]
    stage.feed(records.SLICE_KEY, records.encode(part))
    assert list(stage.story.contact("c00000").counts.values()) == [[day(0), day(1)]]
    await stage.introduction.close()


async def test_a_new_owner_goes_on_behind_the_last_contact_told() -> None:
    stage = BackfillSetup(company(MAX_SLICE_CONTACTS + 2))
    stage.propose(COUNTED)
    await stage.counted()
    first = await stage.next()
    assert isinstance(first, Slice)
    await stage.introduction.close()
    stage.introduction = stage.new()
    await stage.counted()
    second = await stage.next()
    assert isinstance(second, Slice)
    assert len(first.contacts) == MAX_SLICE_CONTACTS
    assert sorted(second.contacts) == [f"c{MAX_SLICE_CONTACTS:05}", f"c{MAX_SLICE_CONTACTS + 1:05}"]
    assert await stage.next() == ("default", 2)
    await stage.introduction.close()


async def test_a_newer_release_gives_up_the_one_on_its_way() -> None:
    stage = BackfillSetup(company())
    stage.propose(COUNTED)
    await stage.counted()
    assert isinstance(await stage.next(), Slice)
    longer = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
    stage.propose({"segments": [longer]})
    await stage.counted()
    part = await stage.next()
    assert isinstance(part, Slice)
    assert part.number == 3
    assert await stage.next() == ("default", 3)
    await stage.introduction.close()


async def test_nothing_is_begun_where_nothing_is_proposed() -> None:
    stage = BackfillSetup(company())
    stage.introduction.start(stage.positions)
    assert await stage.next() is None
    await stage.introduction.close()


async def test_a_count_that_was_given_up_tells_nothing_even_where_its_end_swallows_the_cancellation() -> None:
    stage = BackfillSetup(company())
    stage.stubborn = True
    stage.propose(COUNTED)
    stage.introduction.start(stage.positions)
    await asyncio.wait_for(stage.closing.wait(), 10)
    longer = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
    stage.propose({"segments": [longer]})
    stage.introduction.start(stage.positions)
    await asyncio.wait_for(stage.woken.wait(), 10)
    part = await stage.next()
    assert isinstance(part, Slice)
    assert part.number == 3
    await stage.introduction.close()


async def test_more_contacts_than_have_room_are_counted_in_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(introduction_module, "MAX_CONTACTS", 2)
    story = EngineDriver(segments=[])
    for name in ("e", "b", "a", "d", "c", "b", "a"):
        story.visit(day(0), contact=name)
    stage = BackfillSetup(story)
    stage.propose(COUNTED)
    parts = await stage.all_told()
    assert [list(part.contacts) for part in parts] == [["a", "b"], ["c", "d"], ["e"]]
    assert {name: list(story.contact(name).counts.values()) for name in "abcde"} == {
        "a": [[day(0), day(0)]],
        "b": [[day(0), day(0)]],
        "c": [[day(0)]],
        "d": [[day(0)]],
        "e": [[day(0)]],
    }
    await stage.introduction.close()


async def test_a_pass_in_which_nobody_has_anything_kept_is_followed_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(introduction_module, "MAX_CONTACTS", 2)
    story = EngineDriver(segments=[])
    for name in ("a", "b", "c"):
        story.change_contact(day(0), contact=name, country="DE")
    story.visit(day(0), contact="d")
    stage = BackfillSetup(story)
    stage.propose(COUNTED)
    assert [list(part.contacts) for part in await stage.all_told()] == [["d"]]
    await stage.introduction.close()


async def test_a_new_owner_tells_nobody_twice_though_retention_took_the_first_records() -> None:
    story = EngineDriver(segments=[])
    for name in ("a", "b", "c"):
        story.visit(day(0), contact=name)
    for name in ("b", "a", "c"):
        story.visit(day(40), contact=name)
    stage = BackfillSetup(story)
    stage.propose(COUNTED)
    stage.positions = msgspec.structs.replace(stage.positions, introduced={"default": (2, "b")})
    stage.story.journal[:4] = []  # a new owner reads from what is left on
    assert [list(part.contacts) for part in await stage.all_told()] == [["c"]]
    await stage.introduction.close()


async def test_slots_of_one_worker_count_one_after_the_other() -> None:
    first, second = BackfillSetup(company()), BackfillSetup(company())
    second.pace = first.pace
    second.introduction = second.new()
    first.propose(COUNTED)
    second.propose(COUNTED)
    await first.counted()
    second.introduction.start(second.positions)
    await asyncio.sleep(0)
    assert await second.next() is None
    await first.all_told()
    await asyncio.wait_for(second.woken.wait(), 10)
    assert isinstance(await second.next(), Slice)
    await first.introduction.close()
    await second.introduction.close()


async def test_no_slice_is_told_while_a_newer_release_is_appended_and_not_decided() -> None:
    stage = BackfillSetup(company())
    stage.propose(COUNTED)
    await stage.counted()
    stage.positions = msgspec.structs.replace(stage.positions, introduced={"default": (3, "")})
    assert await stage.next() is None
    await stage.introduction.close()
