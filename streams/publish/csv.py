"""Rows of CSV files as `contact.changed` events, by a mapping of columns to fields.

A field is `contact`, `default_at`, `status` or the name of a property. A property's type is the declared one, or the
one that
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
from streams.engine.state.properties import DERIVED_PROPERTIES, validate_property
from streams.errors import DataError, UsageError
from streams.publish.csv_records import CsvRecord, CsvRecordReader
from streams.publish.lines import ParsedLine, RefusedLine, line_from_event, open_input

CONTACT = "contact"
AT = "at"
STATUS = "status"

_DELIMITERS = (";", "\t", "|", ",")

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class TargetField:
    """Where a column's cells go; without a `kind` a property has its declared type."""

    name: str
    property_type: str | None = None


ColumnMapping = Mapping[str, TargetField]
"""Column -> its field."""


def parse_column_mapping(pairs: Iterable[tuple[str, str]]) -> dict[str, TargetField]:
    """Columns with their fields as written, `field_name` or `name:type`. Raises UsageError for what makes no
    sense.
    """
    mapped: dict[str, TargetField] = {}
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
        if name in DERIVED_PROPERTIES:
            raise UsageError(f"{column}={written}: {name} is derived from other properties and cannot be set")
        mapped[column] = TargetField(name, kind or None)
    counted = Counter(field.name for field in mapped.values())
    twice = [name for name, count in counted.items() if count > 1]
    if twice:
        raise UsageError(f"two columns are mapped to {twice[0]}")
    if CONTACT not in counted:
        raise UsageError("no column is mapped to contact; the contact's id is needed")
    return mapped


def parse_column_pair(text: str) -> tuple[str, str]:
    """`column=field` in two; a column may hold `=` itself, a field does not. Raises UsageError."""
    column, equals, field = text.rpartition("=")
    if not equals:
        raise UsageError(f"{text!r}: a column is mapped as column=field")
    return column.strip(), field.strip()


class CsvEventBuilder:
    """Turns rows into events; one object for all files of a run.

    The id of an event is made from what its row says and from how many rows before it said the same: the same file
    published again, with the same mapping, has the same ids. `default_at` is the text of the instant for rows
    without one, `latest_instant` returns the last instant (ms) that a worker would accept now. Raises UsageError for
    a mapping to another type than the declared one.
    """

    def __init__(
        self,
        column_mapping: ColumnMapping,
        property_types: Mapping[str, PropertyType],
        account: str,
        default_at: str | None,
        latest_instant: Callable[[], int] | None = None,
    ) -> None:
        for column, field in column_mapping.items():
            declared = property_types.get(field.name)
            if None not in (field.property_type, declared) and field.property_type != declared:
                raise UsageError(
                    f"{column}={field.name}:{field.property_type}: {field.name} is of the type {declared}"
                )
        self.column_mapping = column_mapping
        self._property_types = property_types
        self._account = account
        self._default_at = default_at
        self._latest_instant = latest_instant
        self._content_counts: Counter[bytes] = Counter()

    def build_event(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """The event of a row's mapped cells. Raises ValueError saying what is wrong with it."""
        said: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for column, cell in cells.items():
            field, text = self.column_mapping[column], cell.strip()
            if not text:
                continue
            if field.name in (CONTACT, AT, STATUS):
                said[field.name] = validate_cell(field.name, column, text)
            else:
                properties[field.name] = self._property_value(field, column, text)
        if self._latest_instant is not None and AT in said and instant_ms(said[AT]) > self._latest_instant():
            raise ValueError(f"{said[AT]} is in the future")
        if CONTACT not in said:
            raise ValueError("the cell of the contact's id is empty")
        if properties:
            said["properties"] = properties
        if self._account != "default":
            said["account"] = self._account
        id_ = self._next_event_id(said)
        if AT not in said and self._default_at is None:
            raise ValueError("the row says no time; map a column to at, or give --at")
        return {"id": id_, "type": "contact.changed", AT: self._default_at, **said}

    def _property_value(self, field: TargetField, column: str, text: str) -> Any:
        """What the cell says, if a worker would take it as that property."""
        declared = self._property_types.get(field.name)
        value = parse_cell(field.property_type or declared or "text", column, text)
        taken = validate_property(field.name, value, declared)
        if isinstance(taken, Refusal):
            raise ValueError(f"{column}: {taken.message}")  # noqa: TRY004 - the cell's value is wrong, no type of ours
        return value

    def _next_event_id(self, fields: Mapping[str, Any]) -> str:
        content = _encode(fields)
        known = hashlib.blake2b(content, digest_size=8).digest()
        self._content_counts[known] += 1
        return "csv-" + hashlib.sha256(content + b"#%d" % self._content_counts[known]).hexdigest()[:32]


def parse_csv_files(
    paths: Iterable[str],
    builder: CsvEventBuilder,
    delimiter: str,
    on_bytes_read: Callable[[int], None] = lambda _: None,
) -> Iterator[ParsedLine]:
    """What each row of the files says; a row that makes no sense is refused with the line that it begins on.

    Raises DataError for a file that cannot be read, whose first line is no list of columns, or lacks one that is
    mapped.
    """
    for path in paths:
        name = "standard input" if path == "-" else path
        try:
            with open_input(path) as (raw, stream):
                for item in _parse_stream(name, stream, builder, delimiter):
                    yield item
                    if raw.seekable():
                        on_bytes_read(raw.tell())
        except (OSError, EOFError) as error:
            raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _parse_stream(name: str, stream: BinaryIO, builder: CsvEventBuilder, delimiter: str) -> Iterator[ParsedLine]:
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        records = iter(CsvRecordReader(text, delimiter))
        header = _read_header(name, next(records, None), builder.column_mapping, delimiter)
        for record in records:
            yield _parse_record(f"{name}:{record.first_line}", record, header, builder)


def _read_header(name: str, record: CsvRecord | None, column_mapping: ColumnMapping, delimiter: str) -> list[str]:
    if record is None:
        raise DataError(f"{name} is empty; the first line names the columns")
    if record.error is not None:
        raise DataError(f"{name}:{record.first_line}: {record.error}")
    header = [column.strip() for column in record.cells]
    for column in column_mapping:
        if column not in header:
            raise DataError(f"{name} has no column {column!r}; {_columns_text(header, delimiter)}")
        if header.count(column) > 1:
            raise DataError(f"{name} has {header.count(column)} columns {column!r}; which one is meant is not clear")
    return header


def _columns_text(header: Sequence[str], delimiter: str) -> str:
    """What the first line names; one name with a usual delimiter in it was written with another one."""
    other = next((each for each in _DELIMITERS if each != delimiter and each in header[0]), None)
    if len(header) > 1 or other is None:
        return f"its columns are {', '.join(header)}"
    written = repr(other) if other != "\t" else "$'\\t'"
    return f"its only column is {header[0]!r}; is --delimiter {written} meant?"


def _parse_record(location: str, record: CsvRecord, header: list[str], builder: CsvEventBuilder) -> ParsedLine:
    cells, fault = record.cells, record.error
    if fault is None and len(cells) != len(header):
        fault = f"{len(cells)} cells, where the first line names {len(header)} columns"
    if fault is not None:
        return _refused_line(location, record, fault)
    mapped = {column: cell for column, cell in zip(header, cells, strict=True) if column in builder.column_mapping}
    try:
        return line_from_event(builder.build_event(mapped), location)
    except ValueError as error:
        return _refused_line(location, record, str(error))


def _refused_line(location: str, record: CsvRecord, reason: str) -> RefusedLine:
    if record.line_count == 1:
        return RefusedLine(location, reason)
    return RefusedLine(location, f"lines {record.first_line} to {record.last_line}: {reason}", record.line_count)


LIST_SEPARATOR = ";"


_TRUE = frozenset({"true", "yes", "1"})


_FALSE = frozenset({"false", "no", "0"})


_contact_id_adapter = TypeAdapter(ContactId)


_instant_adapter = TypeAdapter(EventInstant)


def validate_cell(field_name: str, column: str, text: str) -> str:
    """The text of a cell that goes to `contact`, `default_at` or `status`. Raises ValueError."""
    if field_name == "contact" and (fault := _validation_message(_contact_id_adapter, text)):
        raise ValueError(f"{column}: {text[:40]!r} is not a contact id: {fault}")
    if field_name == "at" and (fault := _validation_message(_instant_adapter, text)):
        raise ValueError(f"{column}: {fault}")
    if field_name == "status" and text not in get_args(ContactStatus):
        raise ValueError(f"{column}: {text!r} is no status; there are {', '.join(get_args(ContactStatus))}")
    return text


def _validation_message(adapter: TypeAdapter[Any], text: str) -> str | None:
    try:
        adapter.validate_python(text)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None


def parse_cell(property_type: str, column: str, text: str) -> Any:
    """A cell as a value of that type; a date is text. Raises ValueError."""
    if property_type == "number":
        return _parse_number(column, text)
    if property_type == "boolean":
        return _parse_boolean(column, text)
    if property_type == "list":
        return [part.strip() for part in text.split(LIST_SEPARATOR) if part.strip()]
    if property_type == "object":
        return _parse_object(column, text)
    return text


def _parse_number(column: str, text: str) -> int | float:
    try:
        number = json.loads(text, parse_constant=_reject_constant)
    except ValueError:
        number = None
    if isinstance(number, int | float) and not isinstance(number, bool):
        return number
    raise ValueError(f"{column}: {text!r} is no number such as 50 or 2.5")


def _parse_boolean(column: str, text: str) -> bool:
    folded = text.casefold()
    if folded not in _TRUE | _FALSE:
        raise ValueError(f"{column}: {text!r} is neither true nor false")
    return folded in _TRUE


def _parse_object(column: str, text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_reject_constant)
    except ValueError as error:
        raise ValueError(f"{column}: not JSON: {error}") from error
    if not isinstance(value, dict | list):
        raise ValueError(f"{column}: {text!r} is no object in JSON")  # noqa: TRY004 - a value, not a type of ours
    return value


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")
