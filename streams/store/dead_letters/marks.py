"""The marks of dead letters that were sent again: records of the compacted topic `dead-letter-retries`.

A mark is written in the same transaction as the event that goes back, so there is never one without the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from schemas.topics import DEAD_LETTER_RETRIES
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import Consumer
from streams.kafka.reader import read_to_end
from streams.settings import Settings
from streams.store.dead_letters.letter import Letter, LetterCoordinates


class RetryMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """When (`at`, text) a letter was sent again, and the id of the event that was sent.

    `letter_time` (ms) is when the letter was written: a mark speaks of no other letter, also where `dead-letters` was
    made anew and its offsets begin again.
    """

    letter_time: int
    id: str
    at: str
    is_edited: bool = msgspec.field(default=False, name="edited")


class RetryMarks:
    """All marks of a deployment, by the coordinates of their letters."""

    def __init__(self, marks: Mapping[LetterCoordinates, RetryMark]) -> None:
        self._marks = dict(marks)

    def mark_of(self, letter: Letter) -> RetryMark | None:
        """The mark of a letter; None where it was not sent again."""
        mark = self._marks.get(letter.coordinates)
        return mark if mark is not None and mark.letter_time == letter.timestamp else None

    def add(self, letter: Letter, mark: RetryMark) -> None:
        """Adds the mark of a letter that was sent."""
        self._marks[letter.coordinates] = mark

    def marks_before(self, beginnings: Mapping[int, int]) -> Iterator[LetterCoordinates]:
        """The marks of letters that retention deleted; `beginnings` is the first offset of each partition."""
        return (each for each in self._marks if each.offset < beginnings.get(each.partition, 0))


async def read_marks(settings: Settings, consumer: Consumer) -> RetryMarks:
    """The marks now. Assigns `consumer`. Raises TopicsMissing, BrokerUnavailable."""
    topic = settings.prefix + DEAD_LETTER_RETRIES.name
    partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
    marks: dict[LetterCoordinates, RetryMark] = {}
    async for record in read_to_end(consumer, partitions):
        coordinates = _parse_key(record.key)
        if coordinates is None:
            continue
        mark = _decode_mark(record.value)
        if mark is None:
            marks.pop(coordinates, None)
        else:
            marks[coordinates] = mark
    return RetryMarks(marks)


def _parse_key(key: bytes | None) -> LetterCoordinates | None:
    """None for a record that no Leadstream wrote."""
    try:
        partition, offset = (key or b"").decode().split(":")
        return LetterCoordinates(int(partition), int(offset))
    except ValueError:
        return None


def _decode_mark(value: bytes | None) -> RetryMark | None:
    try:
        return None if value is None else msgspec.json.decode(value, type=RetryMark)
    except msgspec.DecodeError:
        return None
