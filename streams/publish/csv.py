"""Rows of CSV files as `contact.changed` events, by a mapping of columns to fields.

A field is `contact`, `at`, `status` or the name of a property. A property's type is the declared one, or the one that
the mapping names (`employees:number`), else text. An empty cell changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, get_args

import msgspec
from pydantic import TypeAdapter, ValidationError

from schemas.definitions import ContactStatus, PropertyType
from schemas.events.base import EventInstant
from schemas.values import ContactId, instant_ms
from streams.engine.journal.effects import Refusal
from streams.engine.state.properties import DERIVED, check
from streams.errors import DataError, UsageError
from streams.publish.csv_records import Record, Records
from streams.publish.lines import Item, RefusedLine, event_line, opened

CONTACT = "contact"
AT = "at"
STATUS = "status"

_DELIMITERS = (";", "\t", "|", ",")

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Field:
    """Where a column's cells go; without a `kind` a property has its declared type."""

    name: str
    kind: str | None = None


Mapped = Mapping[str, Field]
"""Column -> its field."""


def mapping_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Field]:
    """Columns with their fields as written, `name` or `name:type`. Raises UsageError for what makes no sense."""
    mapped: dict[str, Field] = {}
    for column, written in pairs:
        name, colon, kind = written.partition(":")
        if not column or not name:
            raise UsageError(f"{column}={written}: a column is mapped as column=field or column=field:type")
        if colon and kind not in get_args(PropertyType):
            raise UsageError(
                f"{column}={written}: {kind!r} is no type; there are {', '.join(get_args(PropertyType))}"
            )
        if column in mapped:
            raise UsageError(f"the column {column!r} is mapped twice")
        if name in DERIVED:
            raise UsageError(f"{column}={written}: {name} is derived from other properties and cannot be set")
        mapped[column] = Field(name, kind or None)
    counted = Counter(field.name for field in mapped.values())
    twice = [name for name, count in counted.items() if count > 1]
    if twice:
        raise UsageError(f"two columns are mapped to {twice[0]}")
    if CONTACT not in counted:
        raise UsageError("no column is mapped to contact; the contact's id is needed")
    return mapped


def pair_of(written: str) -> tuple[str, str]:
    """`column=field` in two; a column may hold `=` itself, a field does not. Raises UsageError."""
    column, equals, field = written.rpartition("=")
    if not equals:
        raise UsageError(f"{written!r}: a column is mapped as column=field")
    return column.strip(), field.strip()


class Rows:
    """Turns rows into events; one object for all files of a run.

    The id of an event is made from what its row says and from how many rows before it said the same: the same file
    published again, with the same mapping, has the same ids. `at` is the text of the instant for rows without one,
    `latest` tells the last instant (ms) that a worker would take now. Raises UsageError for a mapping to another type
    than the declared one.
    """

    def __init__(
        self,
        mapped: Mapped,
        types: Mapping[str, PropertyType],
        account: str,
        at: str | None,
        latest: Callable[[], int] | None = None,
    ) -> None:
        for column, field in mapped.items():
            declared = types.get(field.name)
            if None not in (field.kind, declared) and field.kind != declared:
                raise UsageError(f"{column}={field.name}:{field.kind}: {field.name} is of the type {declared}")
        self.mapped = mapped
        self._types = types
        self._account = account
        self._at = at
        self._latest = latest
        self._seen: Counter[bytes] = Counter()

    def event(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """The event of a row's mapped cells. Raises ValueError saying what is wrong with it."""
        said: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for column, cell in cells.items():
            field, text = self.mapped[column], cell.strip()
            if not text:
                continue
            if field.name in (CONTACT, AT, STATUS):
                said[field.name] = checked(field.name, column, text)
            else:
                properties[field.name] = self._value(field, column, text)
        if self._latest is not None and AT in said and instant_ms(said[AT]) > self._latest():
            raise ValueError(f"{said[AT]} is in the future")
        if CONTACT not in said:
            raise ValueError("the cell of the contact's id is empty")
        if properties:
            said["properties"] = properties
        if self._account != "default":
            said["account"] = self._account
        id_ = self._id(said)
        if AT not in said and self._at is None:
            raise ValueError("the row says no time; map a column to at, or give --at")
        return {"id": id_, "type": "contact.changed", AT: self._at, **said}

    def _value(self, field: Field, column: str, text: str) -> Any:
        """What the cell says, if a worker would take it as that property."""
        declared = self._types.get(field.name)
        value = value_of(field.kind or declared or "text", column, text)
        taken = check(field.name, value, declared)
        if isinstance(taken, Refusal):
            raise ValueError(f"{column}: {taken.message}")  # noqa: TRY004 - the cell's value is wrong, no type of ours
        return value

    def _id(self, said: Mapping[str, Any]) -> str:
        content = _encode(said)
        known = hashlib.blake2b(content, digest_size=8).digest()
        self._seen[known] += 1
        return "csv-" + hashlib.sha256(content + b"#%d" % self._seen[known]).hexdigest()[:32]


def csv_items(
    paths: Iterable[str], rows: Rows, delimiter: str, advance: Callable[[int], None] = lambda _: None
) -> Iterator[Item]:
    """What each row of the files says; a row that makes no sense is refused with the line that it begins on.

    Raises DataError for a file that cannot be read, whose first line is no list of columns, or lacks one that is
    mapped.
    """
    for path in paths:
        name = "standard input" if path == "-" else path
        try:
            with opened(path) as (raw, stream):
                for item in _items(name, stream, rows, delimiter):
                    yield item
                    if raw.seekable():
                        advance(raw.tell())
        except (OSError, EOFError) as error:
            raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _items(name: str, stream: BinaryIO, rows: Rows, delimiter: str) -> Iterator[Item]:
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        records = iter(Records(text, delimiter))
        header = _header(name, next(records, None), rows.mapped, delimiter)
        for record in records:
            yield _item(f"{name}:{record.first}", record, header, rows)


def _header(name: str, first: Record | None, mapped: Mapped, delimiter: str) -> list[str]:
    if first is None:
        raise DataError(f"{name} is empty; the first line names the columns")
    if first.fault is not None:
        raise DataError(f"{name}:{first.first}: {first.fault}")
    header = [column.strip() for column in first.cells]
    for column in mapped:
        if column not in header:
            raise DataError(f"{name} has no column {column!r}; {_columns(header, delimiter)}")
        if header.count(column) > 1:
            raise DataError(f"{name} has {header.count(column)} columns {column!r}; which one is meant is not clear")
    return header


def _columns(header: Sequence[str], delimiter: str) -> str:
    """What the first line names; one name with a usual delimiter in it was written with another one."""
    other = next((each for each in _DELIMITERS if each != delimiter and each in header[0]), None)
    if len(header) > 1 or other is None:
        return f"its columns are {', '.join(header)}"
    written = repr(other) if other != "\t" else "$'\\t'"
    return f"its only column is {header[0]!r}; is --delimiter {written} meant?"


def _item(where: str, record: Record, header: list[str], rows: Rows) -> Item:
    cells, fault = record.cells, record.fault
    if fault is None and len(cells) != len(header):
        fault = f"{len(cells)} cells, where the first line names {len(header)} columns"
    if fault is not None:
        return _refused(where, record, fault)
    mapped = {column: cell for column, cell in zip(header, cells, strict=True) if column in rows.mapped}
    try:
        return event_line(rows.event(mapped), where)
    except ValueError as error:
        return _refused(where, record, str(error))


def _refused(where: str, record: Record, fault: str) -> RefusedLine:
    if record.lines == 1:
        return RefusedLine(where, fault)
    return RefusedLine(where, f"lines {record.first} to {record.last}: {fault}", record.lines)


LIST_SEPARATOR = ";"


_TRUE = frozenset({"true", "yes", "1"})


_FALSE = frozenset({"false", "no", "0"})


_contact_id = TypeAdapter(ContactId)


_instant = TypeAdapter(EventInstant)


def checked(name: str, column: str, text: str) -> str:
    """The text of a cell that goes to `contact`, `at` or `status`. Raises ValueError."""
    if name == "contact" and (fault := _fault(_contact_id, text)):
        raise ValueError(f"{column}: {text[:40]!r} is not a contact id: {fault}")
    if name == "at" and (fault := _fault(_instant, text)):
        raise ValueError(f"{column}: {fault}")
    if name == "status" and text not in get_args(ContactStatus):
        raise ValueError(f"{column}: {text!r} is no status; there are {', '.join(get_args(ContactStatus))}")
    return text


def _fault(kind: TypeAdapter[Any], text: str) -> str | None:
    try:
        kind.validate_python(text)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None


def value_of(kind: str, column: str, text: str) -> Any:
    """A cell as a value of that type; a date is text. Raises ValueError."""
    if kind == "number":
        return _number(column, text)
    if kind == "boolean":
        return _boolean(column, text)
    if kind == "list":
        return [part.strip() for part in text.split(LIST_SEPARATOR) if part.strip()]
    if kind == "object":
        return _object(column, text)
    return text


def _number(column: str, text: str) -> int | float:
    try:
        number = json.loads(text, parse_constant=_no_number)
    except ValueError:
        number = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        return number
    raise ValueError(f"{column}: {text!r} is no number such as 50 or 2.5")


def _boolean(column: str, text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE | _FALSE:
        raise ValueError(f"{column}: {text!r} is neither true nor false")
    return folded in _TRUE


def _object(column: str, text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        raise ValueError(f"{column}: not JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise ValueError(f"{column}: {text!r} is no object in JSON")  # noqa: TRY004 - a value, not a type of ours
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")
