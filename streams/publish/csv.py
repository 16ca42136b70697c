"""Turns rows of CSV files into `contact.changed` events, by a mapping of columns to fields.

A field is `contact`, `at`, `status` or the name of a property. A property has its declared type, or the type that
the mapping names (`employees:number`), else it is text. An empty cell changes nothing.
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
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
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

LIST_SEPARATOR = ";"

_DELIMITERS = (";", "\t", "|", ",")
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})

_contact_id_adapter = TypeAdapter(ContactId)
_instant_adapter = TypeAdapter(EventInstant)
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class TargetField:
    """Where a column's cells go; where `property_type` is None a property has its declared type."""

    name: str
    property_type: str | None = None


ColumnMapping = Mapping[str, TargetField]
"""Column -> its field."""


def parse_column_mapping(pairs: Iterable[tuple[str, str]]) -> dict[str, TargetField]:
    """Returns column -> field of pairs (column, `field` or `field:type`).

    Raises UsageError for a mapping that makes no sense.
    """
    mapping: dict[str, TargetField] = {}
    for column, target in pairs:
        name, colon, property_type = target.partition(":")
        if not column or not name:
            raise UsageError(f"{column}={target}: a column is mapped as column=field or column=field:type")
        if colon and property_type not in get_args(PropertyType):
            raise UsageError(
                f"{column}={target}: {property_type!r} is no type; there are {', '.join(get_args(PropertyType))}"
            )
        if column in mapping:
            raise UsageError(f"the column {column!r} is mapped twice")
        if name in DERIVED_PROPERTIES:
            raise UsageError(f"{column}={target}: {name} is derived from other properties and cannot be set")
        mapping[column] = TargetField(name, property_type or None)
    counts = Counter(field.name for field in mapping.values())
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise UsageError(f"two columns are mapped to {repeated[0]}")
    if CONTACT not in counts:
        raise UsageError("no column is mapped to contact; the contact's id is needed")
    return mapping


def parse_column_pair(text: str) -> tuple[str, str]:
    """Splits `column=field`; a column may contain `=`, a field may not. Raises UsageError."""
    column, equals, field = text.rpartition("=")
    if not equals:
        raise UsageError(f"{text!r}: a column is mapped as column=field")
    return column.strip(), field.strip()


class CsvEventBuilder:
    """Turns rows into events; one object for all files of a run.

    The id of an event depends on the row's content and on how many equal rows came before it: the same file
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
        *,
        engine_version: EngineVersion = NEWEST_VERSION,
    ) -> None:
        for column, field in column_mapping.items():
            declared = property_types.get(field.name)
            if None not in (field.property_type, declared) and field.property_type != declared:
                raise UsageError(
                    f"{column}={field.name}:{field.property_type}: {field.name} is of the type {declared}"
                )
        self.column_mapping = column_mapping
        self._property_types = property_types
        self._engine_version = engine_version
        self._account = account
        self._default_at = default_at
        self._latest_instant = latest_instant
        self._content_counts: Counter[bytes] = Counter()

    def build_event(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Returns the event of a row's mapped cells. Raises ValueError with what is wrong with the row."""
        event: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for column, cell in cells.items():
            field, text = self.column_mapping[column], cell.strip()
            if not text:
                continue
            if field.name in (CONTACT, AT, STATUS):
                event[field.name] = validate_cell(field.name, column, text)
            else:
                properties[field.name] = self._property_value(field, column, text)
        if self._latest_instant is not None and AT in event and instant_ms(event[AT]) > self._latest_instant():
            raise ValueError(f"{event[AT]} is in the future")
        if CONTACT not in event:
            raise ValueError("the cell of the contact's id is empty")
        if properties:
            event["properties"] = properties
        if self._account != "default":
            event["account"] = self._account
        id_ = self._next_event_id(event)
        if AT not in event and self._default_at is None:
            raise ValueError("the row says no time; map a column to at, or give --at")
        return {"id": id_, "type": "contact.changed", AT: self._default_at, **event}

    def _property_value(self, field: TargetField, column: str, text: str) -> Any:
        """Returns the cell's value; raises ValueError where a worker would not accept it for that property."""
        declared = self._property_types.get(field.name)
        value = parse_cell(field.property_type or declared or "text", column, text)
        checked = validate_property(field.name, value, declared, self._engine_version)
        if isinstance(checked, Refusal):
            raise ValueError(f"{column}: {checked.message}")  # noqa: TRY004 - the cell's value is wrong, no type of ours
        return value

    def _next_event_id(self, fields: Mapping[str, Any]) -> str:
        content = _encode(fields)
        digest = hashlib.blake2b(content, digest_size=8).digest()
        self._content_counts[digest] += 1
        return "csv-" + hashlib.sha256(content + b"#%d" % self._content_counts[digest]).hexdigest()[:32]


def parse_csv_files(
    paths: Iterable[str],
    builder: CsvEventBuilder,
    delimiter: str,
    on_bytes_read: Callable[[int], None] = lambda _: None,
) -> Iterator[ParsedLine]:
    """Yields what each row of the files says; a row that makes no sense is refused with its first line's number.

    Raises DataError for a file that cannot be read, or whose first line does not name every mapped column once.
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
    """Describes the columns; a single column with a common delimiter in its name hints at that delimiter."""
    other = next((each for each in _DELIMITERS if each != delimiter and each in header[0]), None)
    if len(header) > 1 or other is None:
        return f"its columns are {', '.join(header)}"
    delimiter_text = repr(other) if other != "\t" else "$'\\t'"
    return f"its only column is {header[0]!r}; is --delimiter {delimiter_text} meant?"


def _parse_record(location: str, record: CsvRecord, header: list[str], builder: CsvEventBuilder) -> ParsedLine:
    cells, error_text = record.cells, record.error
    if error_text is None and len(cells) != len(header):
        error_text = f"{len(cells)} cells, where the first line names {len(header)} columns"
    if error_text is not None:
        return _refused_line(location, record, error_text)
    mapped_cells = {
        column: cell for column, cell in zip(header, cells, strict=True) if column in builder.column_mapping
    }
    try:
        return line_from_event(builder.build_event(mapped_cells), location)
    except ValueError as error:
        return _refused_line(location, record, str(error))


def _refused_line(location: str, record: CsvRecord, reason: str) -> RefusedLine:
    if record.line_count == 1:
        return RefusedLine(location, reason)
    return RefusedLine(location, f"lines {record.first_line} to {record.last_line}: {reason}", record.line_count)


def validate_cell(field_name: str, column: str, text: str) -> str:
    """Returns the text of a cell for the field `contact`, `at` or `status`. Raises ValueError."""
    if field_name == "contact" and (reason := _validation_message(_contact_id_adapter, text)):
        raise ValueError(f"{column}: {text[:40]!r} is not a contact id: {reason}")
    if field_name == "at" and (reason := _validation_message(_instant_adapter, text)):
        raise ValueError(f"{column}: {reason}")
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
    """Returns a cell as a value of that type; dates stay text. Raises ValueError."""
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
