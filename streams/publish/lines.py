"""Parses lines of files into what is published: events, clock lines, definitions; or into refusals with reasons."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from schemas.events.base import EARLIEST, LATEST
from schemas.topics import CRM_OPPORTUNITIES
from schemas.values import instant_ms, normalize_contact_id
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.spelling import unknown_type_hint
from streams.errors import DataError
from streams.progress import ProgressCallback
from streams.publish.access_log.escapes import decode_line
from streams.publish.access_log.parser import AccessLogParser
from streams.publish.ordering import OutgoingEvent

STANDARD_INPUT = "-"
MAX_VALUE_BYTES = 1_000_000
"""A broker with Kafka's default settings does not accept a longer value."""

CLOCK_TYPE = "clock.advanced"
DEFINITIONS_TYPE = "definitions.applied"

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty; `location` names file and line."""

    location: str
    text: bytes


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event; `at` is in ms, None where the line has no valid one (the worker will refuse the event)."""

    event: OutgoingEvent
    account: str
    at: int | None
    has_several_contacts: bool = False
    """Whether the event concerns more than one contact, as a merge does."""


@dataclass(frozen=True, slots=True)
class ClockLine:
    """`clock.advanced`: for the account every instant before `at` (ms) is over."""

    location: str
    account: str
    at: int


@dataclass(frozen=True, slots=True)
class DefinitionsLine:
    """`definitions.applied`: from `at` (ms) on these definitions decide; None where the line has no instant."""

    location: str
    account: str
    at: int | None
    definitions: Any


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that cannot be published; a row of CSV may have more than one line."""

    location: str
    reason: str
    line_count: int = 1


ParsedLine = EventLine | ClockLine | DefinitionsLine | RefusedLine

_SEVERAL_CONTACT_TYPES = frozenset({"contact.merged", "contact.identified"})


class _Envelope(msgspec.Struct):
    """The fields that publishing needs; an event is published as its line has it."""

    type: Any = None
    account: Any = None
    at: Any = None
    contact: Any = None
    opportunity: Any = None
    definitions: Any = None


_decode = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder().encode


def read_lines(paths: Iterable[str], on_bytes_read: Callable[[int], None]) -> Iterator[Line]:
    """Yields all lines of the files, decompressed where they are gzipped; `-` is standard input.

    `on_bytes_read` gets the number of bytes read of the current file. Raises DataError for an unreadable file.
    """
    for path in paths:
        name = "standard input" if path == STANDARD_INPUT else path
        try:
            with open_input(path) as (raw, stream):
                yield from _stream_lines(name, raw, stream, on_bytes_read)
        except (OSError, EOFError) as error:
            raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def total_progress(paths: Sequence[str], activity: str, on_progress: ProgressCallback) -> Callable[[int], None]:
    """Returns a callback for `read_lines`; `on_progress` gets `activity`, the bytes read and the total."""
    total = total_size(paths)
    before = last = 0

    def read(done: int) -> None:
        nonlocal before, last
        if done < last:  # this is the next file
            before += last
        last = done
        on_progress(activity, before + done, total)

    return read


def total_size(paths: Iterable[str]) -> int:
    """Returns the bytes of all files together; 0 when that is unknown."""
    sizes = []
    for path in paths:
        if path == STANDARD_INPUT or not Path(path).is_file():
            return 0
        sizes.append(Path(path).stat().st_size)
    return sum(sizes)


@contextmanager
def open_input(path: str) -> Iterator[tuple[BufferedReader, BinaryIO]]:
    """Yields a raw file and its content, decompressed where it is gzipped; `-` is standard input. Raises OSError."""
    with _open_raw(path) as raw:
        yield raw, _decompress(raw)


def _open_raw(path: str) -> BufferedReader:
    if path == STANDARD_INPUT:
        return cast(BufferedReader, sys.stdin.buffer)
    return Path(path).open("rb")


def _decompress(raw: BufferedReader) -> BinaryIO:
    is_gzipped = raw.peek(2)[:2] == _GZIP
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_gzipped else raw


def _stream_lines(
    name: str, raw: BufferedReader, stream: BinaryIO, on_bytes_read: Callable[[int], None]
) -> Iterator[Line]:
    is_seekable = raw.seekable()
    for number, text in enumerate(stream, start=1):
        content = text.removeprefix(_BOM).strip() if number == 1 else text.strip()
        if is_seekable and number % 1_000 == 0:
            on_bytes_read(raw.tell())
        if content:
            yield Line(f"{name}:{number}", content)


def parse_json_lines(lines: Iterable[Line]) -> Iterator[ParsedLine]:
    """Yields what each line of a JSON lines file says. An event is published with exactly the bytes of its line."""
    for line in lines:
        yield _parse_json_line(line)


def parse_access_log(lines: Iterable[Line], parser: AccessLogParser) -> Iterator[ParsedLine]:
    """Yields a visit for each line of an access log."""
    for line in lines:
        try:
            event = parser.parse_visit(decode_line(line.text))
        except ValueError as error:
            yield RefusedLine(line.location, str(error))
        else:
            yield line_from_event(event, line.location)


def line_from_event(event: dict[str, Any], location: str) -> ParsedLine:
    """Returns what an event says that comes from no file, as if it were a line of JSON."""
    return _parse_json_line(Line(location, _encode(event)))


def normalize_keys(items: Iterable[ParsedLine]) -> Iterator[ParsedLine]:
    """Yields the lines; the key of a contact's event is as a worker writes the id that the line has.

    So all spellings of an id go to one partition, and their order is kept. The values stay as they are.
    """
    for item in items:
        yield _with_normal_key(item) if isinstance(item, EventLine) else item


def _with_normal_key(line: EventLine) -> EventLine:
    owner = line.event.owner
    if owner is None or line.event.topic == CRM_OPPORTUNITIES.name:
        return line
    contact = normalize_contact_id(owner[1])
    event = replace(line.event, key=contact.encode() or None, owner=(line.account, contact) if contact else None)
    return replace(line, event=event)


def _parse_json_line(line: Line) -> ParsedLine:
    try:
        envelope = _decode(line.text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return RefusedLine(line.location, _describe_no_object(line.text, error))
    account = envelope.account if isinstance(envelope.account, str) else "default"
    at = _parse_instant(envelope.at)
    if envelope.type == CLOCK_TYPE:
        return _clock_line(line, account, at)
    if envelope.type == DEFINITIONS_TYPE:
        return _definitions_line(line, envelope, at)
    return _event_line(line, envelope, account, at)


def _describe_no_object(text: bytes, error: Exception) -> str:
    """Returns why a line is no event, and what to type where the file is of another form."""
    if isinstance(error, RecursionError):
        return "not a JSON object: nested too deeply"
    if text.startswith(b"["):
        return "not a JSON object but a list; each line is one event, without a list around them"
    if not text.startswith(b"{"):
        return "not a JSON object, as each line has to be; other files need --format csv or --format access-log"
    if str(error) == "Input data was truncated":
        return "not a JSON object: it does not end on its line; each line is one event"
    return f"not a JSON object: {error}"


def _clock_line(line: Line, account: str, at: int | None) -> ParsedLine:
    if at is None:
        return RefusedLine(line.location, "clock.advanced needs `at`, an instant such as 2026-03-01T09:30:00Z")
    return ClockLine(line.location, account, at)


def _definitions_line(line: Line, envelope: _Envelope, at: int | None) -> ParsedLine:
    definitions = envelope.definitions
    inner_account = definitions.get("account") if isinstance(definitions, dict) else None
    account = envelope.account or inner_account or "default"
    if not isinstance(account, str):
        return RefusedLine(line.location, "`account` must be text")
    return DefinitionsLine(line.location, account, at, definitions)


def _event_line(line: Line, envelope: _Envelope, account: str, at: int | None) -> ParsedLine:
    if not isinstance(envelope.type, str):
        return RefusedLine(line.location, "it has no `type`, so there is no topic for it")
    route = find_route(envelope.type)
    if route is None:
        hint = unknown_type_hint(envelope.type, (DEFINITIONS_TYPE, CLOCK_TYPE))
        return RefusedLine(line.location, f"no topic takes events of type {envelope.type!r}{hint}")
    if len(line.text) > MAX_VALUE_BYTES:
        return RefusedLine(
            line.location, f"{len(line.text):,} bytes are more than a record may have ({MAX_VALUE_BYTES:,})"
        )
    value = getattr(envelope, route.key_field)
    # An event without a key is published too: the worker refuses it with its position in the topic.
    owner = value if isinstance(value, str) and value else None
    outgoing = OutgoingEvent(
        topic=route.topic,
        key=owner.encode() if owner else None,
        value=line.text,
        owner=(account, owner) if owner else None,
        location=line.location,
    )
    return EventLine(outgoing, account, at, envelope.type in _SEVERAL_CONTACT_TYPES)


def _parse_instant(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        at = instant_ms(value)
    except ValueError:
        return None
    # An instant that the worker refuses must not advance the clock of an account.
    return at if EARLIEST <= at < LATEST else None


@dataclass(frozen=True, slots=True)
class Route:
    """An in-topic (without prefix) and the field of an event that becomes the record's key."""

    topic: str
    key_field: str


def find_route(event_type: str) -> Route | None:
    """Returns where events of this type go; None for an unknown type."""
    known_type = EVENT_TYPES.get(event_type)
    return Route(known_type.topic, known_type.owner) if known_type else None
