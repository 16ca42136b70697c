"""Lines of files as what is to be published: events, told time, definitions; or why not. Pure but for reading."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from schemas.events.base import EARLIEST, LATEST
from schemas.values import instant_ms
from streams.engine.journal.event_types import KINDS
from streams.errors import DataError
from streams.publish.access_log import AccessLog
from streams.publish.ordering import Outgoing

STANDARD_INPUT = "-"
LARGEST = 1_000_000
"""Bytes; a longer value is not taken by a broker with Kafka's defaults."""

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty; `where` names file and line."""

    where: str
    text: bytes


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event; `at` in ms, None where it has none that can be read (the worker will refuse it)."""

    outgoing: Outgoing
    account: str
    at: int | None
    of_several: bool = False
    """Whether it speaks of more than one contact, as a merge does."""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """`clock.advanced`: every instant before `at` is closed for the account."""

    where: str
    account: str
    at: int


@dataclass(frozen=True, slots=True)
class DefinitionsLine:
    """`definitions.applied`: from here on these definitions decide; `at` is None where the line has none."""

    where: str
    account: str
    at: int | None
    definitions: Any


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be published; a row of CSV may stand in several `lines`."""

    where: str
    reason: str
    lines: int = 1


Item = EventLine | ClockLine | DefinitionsLine | RefusedLine

_OF_SEVERAL = frozenset({"contact.merged", "contact.identified"})


class _Envelope(msgspec.Struct):
    """What publishing looks at; everything else travels as it is."""

    type: Any = None
    account: Any = None
    at: Any = None
    contact: Any = None
    opportunity: Any = None
    definitions: Any = None


_decode = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder().encode


def read_lines(paths: Iterable[str], advance: Callable[[int], None]) -> Iterator[Line]:
    """All lines of the files, `-` being standard input, unpacked where they are gzipped.

    `advance` is told how many bytes of the present file are read. Raises DataError for a file that cannot be read.
    """
    for path in paths:
        name = "standard input" if path == STANDARD_INPUT else path
        try:
            with opened(path) as (raw, stream):
                yield from _lines_of(name, raw, stream, advance)
        except (OSError, EOFError) as error:
            raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def over_all(paths: Sequence[str], report: Callable[[int, int], None]) -> Callable[[int], None]:
    """What `read_lines` can tell its progress: `report` gets the bytes read of all files, and how many there are."""
    total = size_of(paths)
    before = last = 0

    def read(done: int) -> None:
        nonlocal before, last
        if done < last:  # the next file has begun
            before += last
        last = done
        report(before + done, total)

    return read


def size_of(paths: Iterable[str]) -> int:
    """Bytes of all files together; 0 when that cannot be known."""
    sizes = []
    for path in paths:
        if path == STANDARD_INPUT or not Path(path).is_file():
            return 0
        sizes.append(Path(path).stat().st_size)
    return sum(sizes)


@contextmanager
def opened(path: str) -> Iterator[tuple[BufferedReader, BinaryIO]]:
    """A file, `-` being standard input, and its bytes unpacked where they are gzipped. Raises OSError."""
    with _raw(path) as raw:
        yield raw, _unpacked(raw)


def _raw(path: str) -> BufferedReader:
    if path == STANDARD_INPUT:
        return cast(BufferedReader, sys.stdin.buffer)
    return Path(path).open("rb")


def _unpacked(raw: BufferedReader) -> BinaryIO:
    packed = raw.peek(2)[:2] == _GZIP
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw


def _lines_of(name: str, raw: BufferedReader, stream: BinaryIO, advance: Callable[[int], None]) -> Iterator[Line]:
    seekable = raw.seekable()
    for number, text in enumerate(stream, start=1):
        content = text.removeprefix(_BOM).strip() if number == 1 else text.strip()
        if seekable and number % 1_000 == 0:
            advance(raw.tell())
        if content:
            yield Line(f"{name}:{number}", content)


def json_items(lines: Iterable[Line]) -> Iterator[Item]:
    """What each line of a JSON lines file says. The bytes of an event are published as they stand in the line."""
    for line in lines:
        yield _json_item(line)


def access_log_items(lines: Iterable[Line], log: AccessLog) -> Iterator[Item]:
    """A visit for each line of an access log."""
    for line in lines:
        try:
            event = log.visit(line.text.decode("utf-8", "replace"))
        except ValueError as error:
            yield RefusedLine(line.where, str(error))
        else:
            yield event_line(event, line.where)


def event_line(event: dict[str, Any], where: str) -> Item:
    """What an event that is not in a file says; like a line of JSON."""
    return _json_item(Line(where, _encode(event)))


def _json_item(line: Line) -> Item:
    try:
        envelope = _decode(line.text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return RefusedLine(line.where, f"not a JSON object: {error}")
    account = envelope.account if isinstance(envelope.account, str) else "default"
    at = _instant(envelope.at)
    if envelope.type == "clock.advanced":
        return _clock(line, account, at)
    if envelope.type == "definitions.applied":
        return _definitions(line, envelope, at)
    return _event(line, envelope, account, at)


def _clock(line: Line, account: str, at: int | None) -> Item:
    if at is None:
        return RefusedLine(line.where, "clock.advanced needs `at`, an instant such as 2026-03-01T09:30:00Z")
    return ClockLine(line.where, account, at)


def _definitions(line: Line, envelope: _Envelope, at: int | None) -> Item:
    definitions = envelope.definitions
    inside = definitions.get("account") if isinstance(definitions, dict) else None
    account = envelope.account or inside or "default"
    if not isinstance(account, str):
        return RefusedLine(line.where, "`account` must be text")
    return DefinitionsLine(line.where, account, at, definitions)


def _event(line: Line, envelope: _Envelope, account: str, at: int | None) -> Item:
    if not isinstance(envelope.type, str):
        return RefusedLine(line.where, "it has no `type`, so there is no topic for it")
    route = route_of(envelope.type)
    if route is None:
        return RefusedLine(line.where, f"no topic takes events of type {envelope.type!r}")
    if len(line.text) > LARGEST:
        return RefusedLine(line.where, f"{len(line.text):,} bytes are more than a record may have ({LARGEST:,})")
    owner = getattr(envelope, route.key_field)
    # Without a key it is published all the same: the worker refuses it with its coordinates.
    known = owner if isinstance(owner, str) and owner else None
    outgoing = Outgoing(
        topic=route.topic,
        key=known.encode() if known else None,
        value=line.text,
        whose=(account, known) if known else None,
        where=line.where,
    )
    return EventLine(outgoing, account, at, envelope.type in _OF_SEVERAL)


def _instant(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        at = instant_ms(value)
    except ValueError:
        return None
    # What the worker refuses must not move anybody's time.
    return at if EARLIEST <= at < LATEST else None


@dataclass(frozen=True, slots=True)
class Route:
    """An in-topic (without prefix) and the field of an event that becomes the record's key."""

    topic: str
    key_field: str


def route_of(event_type: str) -> Route | None:
    """Where events of this type go; None for a type that Leadstream has never heard of."""
    kind = KINDS.get(event_type)
    return Route(kind.topic, kind.owner) if kind else None
