"""Rows of CSV files as `contact.changed` events, by a mapping of columns to fields.

A field is `contact`, `at`, `status` or the name of a property. A property's type is the declared one, or the one that
the mapping names (`employees:number`), else text. An empty cell changes nothing.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, get_args

import msgspec

from schemas.definitions import PropertyType
from streams.errors import DataError, UsageError
from streams.publish.cells import checked, value_of
from streams.publish.lines import Item, RefusedLine, event_line, opened

CONTACT = "contact"
AT = "at"
STATUS = "status"

_LONGEST_CELL = 1_000_000

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
    published again, with the same mapping, has the same ids. `at` is the text of the instant for rows without one.
    """

    def __init__(self, mapped: Mapped, types: Mapping[str, PropertyType], account: str, at: str | None) -> None:
        self.mapped = mapped
        self._types = types
        self._account = account
        self._at = at
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
                kind = field.kind or self._types.get(field.name, "text")
                properties[field.name] = value_of(kind, column, text)
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

    def _id(self, said: Mapping[str, Any]) -> str:
        content = _encode(said)
        known = hashlib.blake2b(content, digest_size=8).digest()
        self._seen[known] += 1
        return "csv-" + hashlib.sha256(content + b"#%d" % self._seen[known]).hexdigest()[:32]


def csv_items(
    paths: Iterable[str], rows: Rows, delimiter: str, advance: Callable[[int], None] = lambda _: None
) -> Iterator[Item]:
    """What each row of the files says; a row that makes no sense is refused with the line that it begins on.

    Raises DataError for a file that cannot be read, is not UTF-8, or lacks a column that is mapped.
    """
    csv.field_size_limit(_LONGEST_CELL)
    for path in paths:
        name = "standard input" if path == "-" else path
        try:
            with opened(path) as (raw, stream):
                for item in _items(name, stream, rows, delimiter):
                    yield item
                    if raw.seekable():
                        advance(raw.tell())
        except UnicodeDecodeError as error:
            raise DataError(f"{name} is not UTF-8 text: {error.reason}") from error
        except (OSError, EOFError) as error:
            raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _items(name: str, stream: BinaryIO, rows: Rows, delimiter: str) -> Iterator[Item]:
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        header = _header(name, reader, rows.mapped)
        while True:
            where = f"{name}:{reader.line_num + 1}"
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield RefusedLine(where, f"not CSV: {error}")
                continue
            if cells:
                yield _item(where, cells, header, rows)


def _header(name: str, reader: Iterator[list[str]], mapped: Mapped) -> list[str]:
    try:
        header = [column.strip() for column in next(reader)]
    except StopIteration:
        raise DataError(f"{name} is empty; the first line names the columns") from None
    except csv.Error as error:
        raise DataError(f"{name}:1: not CSV: {error}") from error
    missing = [column for column in mapped if column not in header]
    if missing:
        raise DataError(f"{name} has no column {missing[0]!r}; its columns are {', '.join(header)}")
    return header


def _item(where: str, cells: list[str], header: list[str], rows: Rows) -> Item:
    if len(cells) != len(header):
        return RefusedLine(where, f"{len(cells)} cells, where the first line names {len(header)} columns")
    mapped = {column: cell for column, cell in zip(header, cells, strict=True) if column in rows.mapped}
    try:
        return event_line(rows.event(mapped), where)
    except ValueError as error:
        return RefusedLine(where, str(error))
