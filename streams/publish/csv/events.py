"""Turns rows of CSV files into `contact.changed` events, by a mapping of columns to fields.

A property has its declared type, or the type that the mapping names (`employees:number`), else it is text. An empty
cell changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import msgspec

from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.topics import CONTACT_CHANGES
from schemas.values import instant_ms
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.engine.state.limits import MAX_PROPERTY_BYTES
from streams.engine.state.properties import validate_property
from streams.errors import DataError
from streams.publish.csv.cells import CellReader
from streams.publish.csv.encoding import open_text
from streams.publish.csv.form import DEFAULT_DELIMITER, DEFAULT_FORM, CsvForm
from streams.publish.csv.header import read_header
from streams.publish.csv.mapping import AT, CONTACT, STATUS, ColumnMapping, TargetField, require_properties
from streams.publish.csv.null_cells import NullCells, null_option, null_word
from streams.publish.csv.records import CsvRecord, CsvRecordReader
from streams.publish.lines import ParsedLine, RefusedLine, line_from_event, open_input

_MAX_SHORT_ROW = MAX_PROPERTY_BYTES // 10
"""Characters of a row's cells: none takes more than six bytes in JSON."""

_encode = msgspec.json.Encoder(order="sorted").encode


class CsvEventBuilder:
    """Turns rows into events; one object for all files of a run.

    The id of an event depends on `load`, the row's content and how many equal rows came before it: a load that is
    continued repeats the ids of what was sent, and another load of the same file counts anew, so that the last one
    holds. `default_at` is the text of the instant for rows without one, `latest_instant` returns the last instant
    (ms) that a worker would accept now. Raises UsageError for a mapping that the declared properties do not fit.
    """

    def __init__(
        self,
        column_mapping: ColumnMapping,
        property_types: Mapping[str, PropertyType],
        account: str,
        default_at: str | None,
        latest_instant: Callable[[], int] | None = None,
        *,
        load: str,
        form: CsvForm = DEFAULT_FORM,
        engine_version: EngineVersion = NEWEST_VERSION,
    ) -> None:
        self.undeclared_properties: Sequence[str] = require_properties(column_mapping, property_types)
        self.column_mapping = column_mapping
        self.form = form
        self.load = load
        self.null_cells = NullCells(form.null_words)
        self._property_types = property_types
        self._engine_version = engine_version
        self._account = account
        self._default_at = default_at
        self._latest_instant = latest_instant
        self._cells = CellReader(form)
        types = {field.property_type or property_types.get(field.name) for field in column_mapping.values()}
        self._has_objects = "object" in types
        self._content_counts: Counter[bytes] = Counter()
        # The clock of the deployment is not needed: only `_latest_instant` limits `at`.
        self._validator = EventValidator("events")

    def build_event(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Returns the event of a row's mapped cells. Raises ValueError with what is wrong with the row."""
        event: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for column, cell in cells.items():
            field = self.column_mapping[column]
            try:
                text = self._cells.text_of(cell)
                if text is None and field.name not in (CONTACT, AT, STATUS):
                    properties[field.name] = None
                elif text:
                    self._set_field(event, properties, field, text)
            except ValueError as error:
                word = null_word(cell)
                hint = "" if word is None or "--null" in str(error) else f"; {null_option(word)} makes it no value"
                raise ValueError(f"{column}: {error}{hint}") from error
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
        event = {"id": id_, "type": "contact.changed", AT: self._default_at, **event}
        # Short rows without objects are neither too long nor too deep, and all else is read by its type.
        if self._has_objects or sum(map(len, cells.values())) > _MAX_SHORT_ROW:
            self._require_acceptable(event)
        return event

    def _set_field(self, event: dict[str, Any], properties: dict[str, Any], field: TargetField, text: str) -> None:
        if field.name == CONTACT:
            event[CONTACT] = self._cells.read_contact(text)
        elif field.name == AT:
            event[AT] = self._cells.read_at(text)
        elif field.name == STATUS:
            event[STATUS] = self._cells.read_status(text)
        else:
            properties[field.name] = self._property_value(field, text)

    def _property_value(self, field: TargetField, text: str) -> Any:
        """Returns the cell's value; raises ValueError where a worker would not accept it for that property."""
        declared = self._property_types.get(field.name)
        property_type = field.property_type or declared or "text"
        try:
            value = self._cells.read_property(property_type, text)
        except ValueError as error:
            if property_type not in ("date", "datetime"):
                raise
            raise ValueError(f"{field.name} is of the type {property_type}, and {error}") from error
        checked = validate_property(field.name, value, declared, self._engine_version)
        if isinstance(checked, Refusal):
            raise ValueError(checked.message)  # noqa: TRY004 - the cell's value is wrong, no type of ours
        return value

    def _next_event_id(self, fields: Mapping[str, Any]) -> str:
        content = _encode(fields)
        digest = hashlib.blake2b(content, digest_size=8).digest()
        self._content_counts[digest] += 1
        counted = content + b"#%d@%s" % (self._content_counts[digest], self.load.encode())
        return "csv-" + hashlib.sha256(counted).hexdigest()[:32]

    def _require_acceptable(self, event: Mapping[str, Any]) -> None:
        """Raises ValueError for what every worker refuses whatever the contact is."""
        properties = event.get("properties", {})
        size = len(_encode(properties))
        if size > MAX_PROPERTY_BYTES:
            raise ValueError(
                f"the row's properties take {size:,} bytes, and of a contact at most {MAX_PROPERTY_BYTES:,} are kept"
            )
        record = SourceRecord(CONTACT_CHANGES.name, 0, 0, None, None, _encode(event), (), 0)
        result = self._validator.validate(record)
        if isinstance(result, Refusal):
            raise ValueError(result.message)  # noqa: TRY004 - the row is wrong, no type of ours


def parse_csv_files(
    paths: Iterable[str],
    builder: CsvEventBuilder,
    on_bytes_read: Callable[[int], None] = lambda _: None,
) -> Iterator[ParsedLine]:
    """Yields what each row of the files says; a row that makes no sense is refused with its first line's number.

    Raises DataError for a file that cannot be read, or whose first line does not name every mapped column once.
    """
    for path in paths:
        name = "standard input" if path == "-" else path
        try:
            with open_input(path) as (raw, stream):
                for item in _parse_stream(name, stream, builder):
                    yield item
                    if raw.seekable():
                        on_bytes_read(raw.tell())
        except (OSError, EOFError) as error:
            raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _parse_stream(name: str, stream: BinaryIO, builder: CsvEventBuilder) -> Iterator[ParsedLine]:
    form = builder.form
    with open_text(name, stream, form.encoding) as text:
        reader = CsvRecordReader(text, form.delimiter or DEFAULT_DELIMITER, text.encoding)
        has_delimiter_line = _take_delimiter_of_file(name, reader, form)
        records = iter(reader)
        header = read_header(
            name,
            next(records, None),
            builder.column_mapping,
            reader.delimiter,
            form.unread_columns,
            has_delimiter_line=has_delimiter_line,
        )
        for record in records:
            yield _parse_record(name, record, header, builder)


def _take_delimiter_of_file(name: str, reader: CsvRecordReader, form: CsvForm) -> bool:
    """Returns whether the file begins with a line that says its delimiter. Raises DataError where that is another."""
    delimiter = reader.read_delimiter_line()
    if delimiter is None:
        return False
    if form.delimiter not in (None, delimiter):
        raise DataError(
            f"{name} says sep={delimiter} in its first line, and --delimiter says {form.delimiter}; leave that out"
        )
    reader.delimiter = delimiter
    return True


def _parse_record(name: str, record: CsvRecord, header: list[str], builder: CsvEventBuilder) -> ParsedLine:
    location, cells, error_text = f"{name}:{record.first_line}", record.cells, record.error
    if error_text is None and len(cells) != len(header):
        noun = "cell" if len(cells) == 1 else "cells"
        error_text = f"{len(cells)} {noun}, where the first line names {len(header)} columns"
        if len(cells) > len(header):
            error_text += "; a cell that holds the delimiter stands in double quotes"
    if error_text is not None:
        return _refused_line(location, record, error_text)
    mapped_cells = {
        column: cell for column, cell in zip(header, cells, strict=True) if column in builder.column_mapping
    }
    try:
        line = line_from_event(builder.build_event(mapped_cells), location)
    except ValueError as error:
        return _refused_line(location, record, str(error))
    builder.null_cells.add(name, record.first_line, mapped_cells)
    return line


def _refused_line(location: str, record: CsvRecord, reason: str) -> RefusedLine:
    if record.line_count == 1:
        return RefusedLine(location, reason)
    return RefusedLine(location, f"lines {record.first_line} to {record.last_line}: {reason}", record.line_count)
