"""Reads the topic `dead-letters`, across its partitions in the order of writing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import TopicPartition

from schemas.topics import DEAD_LETTERS
from streams.errors import TopicsMissing, UsageError
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import Consumer
from streams.kafka.reader import Offsets, fetch_end_offsets, open_consumer
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.dead_letters.letter import Letter, LetterCoordinates
from streams.store.dead_letters.marks import RetryMarks, read_marks
from streams.store.dead_letters.selection import LetterSelection
from streams.store.outputs.feed import read_merged

_PROGRESS_STEP = 500

CLIENT = "leadstream-dead-letters"


class LetterReader:
    """The letters that were there when it was opened, and their marks; `open_letters` opens it.

    `beginnings` and `ends` are the first offset of each partition and the one after the last letter.
    """

    def __init__(self, consumer: Consumer, beginnings: Offsets, ends: Offsets, marks: RetryMarks) -> None:
        self.marks = marks
        self._consumer = consumer
        self._beginnings = beginnings
        self._ends = ends

    @property
    def first_offsets(self) -> Mapping[int, int]:
        """The first offset that each partition keeps."""
        return {partition.partition: offset for partition, offset in self._beginnings.items()}

    @property
    def end_offsets(self) -> Mapping[int, int]:
        """The offset behind the last letter of each partition."""
        return {partition.partition: offset for partition, offset in self._ends.items()}

    async def read(
        self, selection: LetterSelection, activity: str, on_progress: ProgressCallback
    ) -> AsyncIterator[Letter]:
        """The letters that are meant, in the order of their writing; `on_progress` gets `activity` and offsets.

        Can be called again. Raises BrokerUnavailable.
        """
        starts, ends = await self._bounds(selection)
        # The assignment stays: aiokafka cannot be stopped in the moment after another one.
        for partition in self._ends.keys() - starts.keys():
            self._consumer.seek(partition, self._ends[partition])
        by_number = {partition.partition: partition for partition in starts}
        offsets = dict(starts)
        total = sum(ends[each] - start for each, start in starts.items())
        count = 0
        async for record in read_merged(self._consumer, list(starts), starts=starts, ends=ends):
            partition = by_number[record.partition]
            if record.offset >= ends[partition]:
                continue  # it came in the same answer
            offsets[partition] = record.offset + 1
            count += 1
            if count % _PROGRESS_STEP == 0:
                on_progress(activity, sum(offsets[each] - start for each, start in starts.items()), total)
            letter = Letter.from_record(record)
            if selection.fits(letter, is_retried=self.marks.mark_of(letter) is not None):
                yield letter
        on_progress(activity, total, total)

    async def require(self, coordinates: LetterCoordinates) -> Letter:
        """The letter that stands there. Raises UsageError where there is none (any more), BrokerUnavailable."""
        selection = LetterSelection(coordinates={coordinates})
        async for letter in self.read(selection, "reading the dead letter", lambda *_: None):
            return letter
        raise no_such_letter(coordinates)

    async def _bounds(self, selection: LetterSelection) -> tuple[Offsets, Offsets]:
        """Where to begin and to end in each partition that may hold a letter that is meant."""
        starts, ends = dict(self._beginnings), dict(self._ends)
        if selection.since is not None:
            found = await self._consumer.offsets_for_times(dict.fromkeys(starts, max(selection.since, 0)))
            for partition, place in found.items():
                first = ends[partition] if place is None else place.offset
                starts[partition] = max(starts[partition], min(first, ends[partition]))
        if selection.coordinates:
            by_partition = _offsets_by_partition(selection.coordinates)
            starts = {each: start for each, start in starts.items() if each.partition in by_partition}
            for partition in starts:
                offsets = by_partition[partition.partition]
                ends[partition] = min(ends[partition], max(offsets) + 1)
                starts[partition] = min(max(starts[partition], min(offsets)), ends[partition])
        return starts, {each: ends[each] for each in starts}


def no_such_letter(coordinates: LetterCoordinates) -> UsageError:
    """The error for coordinates where no letter stands."""
    return UsageError(
        f"there is no dead letter {coordinates} (any more); `leadstream dead-letters list` shows those that are kept"
    )


@asynccontextmanager
async def open_letters(settings: Settings, bounds: Mapping[int, int] | None = None) -> AsyncIterator[LetterReader]:
    """Opens the letters of a deployment, those before `bounds` (by partition) where given.

    Raises TopicsMissing, BrokerUnavailable.
    """
    partitions: Sequence[TopicPartition]
    topic = settings.prefix + DEAD_LETTERS.name
    partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
    async with open_consumer(settings.bootstrap, CLIENT) as consumer:
        try:
            marks = await read_marks(settings, consumer)
        except TopicsMissing:  # of an engine that could not retry; retrying asks for the topic
            marks = RetryMarks({})
        ends = await fetch_end_offsets(consumer, partitions)
        if bounds is not None:
            ends = {each: min(end, bounds.get(each.partition, end)) for each, end in ends.items()}
        yield LetterReader(consumer, await consumer.beginning_offsets(partitions), ends, marks)


def _offsets_by_partition(coordinates: Collection[LetterCoordinates]) -> Mapping[int, Sequence[int]]:
    by_partition: dict[int, list[int]] = {}
    for each in coordinates:
        by_partition.setdefault(each.partition, []).append(each.offset)
    return by_partition
