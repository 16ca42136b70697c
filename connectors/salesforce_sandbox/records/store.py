"""The records of the sandbox in memory: ids, soft deletion, modification stamps and the org's clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Literal

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.records.field_index import FieldIndex
from connectors.salesforce_sandbox.records.schema import SObject

SandboxRow = dict[str, Any]
RecordAccess = Literal["none", "read", "edit"]
"""What the integration user may do with a record."""


def format_timestamp(instant: datetime) -> str:
    """Returns a date-time as Salesforce writes it, in whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class RecordStore:
    """All rows by object and id. It checks nothing: `rules` checks a write before the store makes it."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, SandboxRow]] = {}
        self._index = FieldIndex()
        self._visible_from: dict[str, datetime] = {}
        self._access: dict[str, RecordAccess] = {}
        self._purged: list[tuple[str, str, str]] = []
        """Object, id and time of deletion of the rows that were purged."""
        self._record_count = 0
        self._clock_offset = timedelta()
        self._undo_log: list[tuple[SObject, SandboxRow, SandboxRow | None]] | None = None

    # --- time ---

    def now(self) -> datetime:
        """Returns the org's time: this machine's, moved by `advance_clock` and `set_clock`."""
        return datetime.now(UTC) + self._clock_offset

    def advance_clock(self, seconds: float) -> None:
        """Moves the org's clock ahead."""
        self._clock_offset += timedelta(seconds=seconds)

    def set_clock(self, instant: datetime) -> None:
        """Sets the org's clock to this instant."""
        self._clock_offset = instant - datetime.now(UTC)

    # --- reading ---

    def all_rows(self, name: str) -> Iterable[SandboxRow]:
        """Returns every row of an object, in the order of creation."""
        return self._rows.get(name, {}).values()

    def rows(self, name: str, *, include_deleted: bool = False) -> Iterator[SandboxRow]:
        """Yields the rows of an object that a query can see, in the order of creation."""
        return self._visible(self.all_rows(name), include_deleted=include_deleted)

    def select(self, name: str, record_ids: Iterable[str], *, include_deleted: bool = False) -> Iterator[SandboxRow]:
        """Yields those of these rows that exist and that a query can see, in the order of the ids."""
        rows = self._rows.get(name, {})
        existing = (rows[each] for each in record_ids if each in rows)
        return self._visible(existing, include_deleted=include_deleted)

    def get(self, name: str, record_id: str) -> SandboxRow | None:
        """Returns the row of an id of 15 or 18 characters, deleted or not; None when there is none."""
        return self._rows.get(name, {}).get(ids.to_18(record_id))

    def find(self, name: str, field: str, value: str) -> list[SandboxRow]:
        """Returns the live rows whose field, one that is in the index, has this value, whatever its case."""
        rows = self._rows.get(name, {})
        matches = [rows[each] for each in sorted(self._index.find(name, field, value))]
        return [row for row in matches if not row["IsDeleted"]]

    def find_ids(self, name: str, field: str, value: str) -> Iterable[str]:
        """Returns the ids of all rows, deleted ones too, whose field, one that is in the index, has this value."""
        return self._index.find(name, field, value)

    def find_ids_by_stamp(self, name: str, start: str | None, end: str | None) -> list[str]:
        """Returns the ids of all rows whose SystemModstamp is in this range, in the order of their stamps."""
        return self._index.find_by_stamp(name, start, end)

    def deletions(self, name: str) -> list[tuple[str, str]]:
        """Returns id and time of deletion of the rows of an object that are in the recycle bin or were purged."""
        purged = [(record_id, stamp) for each, record_id, stamp in self._purged if each == name]
        binned = [(row["Id"], row["SystemModstamp"]) for row in self.all_rows(name) if row["IsDeleted"]]
        return sorted([*purged, *binned], key=itemgetter(1))

    def access(self, record_id: str) -> RecordAccess:
        """Returns what the integration user may do with a record."""
        return self._access.get(record_id, "edit")

    def counts(self) -> dict[str, dict[str, int]]:
        """Returns the numbers of `live` and `deleted` rows of each object."""
        result = {}
        for name, rows in self._rows.items():
            deleted = sum(1 for row in rows.values() if row["IsDeleted"])
            result[name] = {"live": len(rows) - deleted, "deleted": deleted}
        return result

    def _visible(self, rows: Iterable[SandboxRow], *, include_deleted: bool) -> Iterator[SandboxRow]:
        now = self.now()
        for row in rows:
            if row["IsDeleted"] and not include_deleted:
                continue
            if self._access and self._access.get(row["Id"]) == "none":
                continue
            if not self._visible_from or self._visible_from.get(row["Id"], now) <= now:
                yield row

    # --- writing ---

    def insert(self, sobject: SObject, values: SandboxRow, record_id: str | None = None) -> SandboxRow:
        """Adds a row, with the org's defaults for missing values, and returns it."""
        self._record_count += 1
        row: SandboxRow = {**sobject.defaults, **values}
        row["Id"] = ids.to_18(record_id) if record_id else ids.make_id(sobject.prefix, self._record_count)
        row["CreatedDate"] = row["LastModifiedDate"] = row["SystemModstamp"] = format_timestamp(self.now())
        self._rows.setdefault(sobject.name, {})[row["Id"]] = row
        self._index.add(sobject, row)
        if self._undo_log is not None:
            self._undo_log.append((sobject, row, None))
        return row

    def update(self, sobject: SObject, row: SandboxRow, values: SandboxRow) -> None:
        """Changes values of a row and moves its stamps."""
        stamp = format_timestamp(self.now())
        self._change(sobject, row, {**values, "LastModifiedDate": stamp, "SystemModstamp": stamp})

    def hide(self, sobject: SObject, record_id: str, seconds: float, stamped_ago: float) -> None:
        """Hides a row from queries for `seconds`, and dates its stamp `stamped_ago` seconds back."""
        now = self.now()
        row = self._rows[sobject.name][record_id]
        self._visible_from[record_id] = now + timedelta(seconds=seconds)
        self._change(sobject, row, {"SystemModstamp": format_timestamp(now - timedelta(seconds=stamped_ago))})

    def restrict(self, record_id: str, access: RecordAccess) -> None:
        """Sets what the integration user may do with a record."""
        self._access[record_id] = access

    def purge(self, sobject: SObject, record_id: str) -> None:
        """Removes a row for good, as the recycle bin does when it is emptied."""
        row = self._rows[sobject.name].pop(record_id)
        self._index.remove(sobject, row)
        stamp = row["SystemModstamp"] if row["IsDeleted"] else format_timestamp(self.now())
        self._purged.append((sobject.name, record_id, stamp))

    def redefine(self, former: SObject, sobject: SObject) -> None:
        """Gives every row of an object the fields of its new definition, with the default of each new one."""
        for row in self.all_rows(sobject.name):
            self._index.remove(former, row)
            for name in [each for each in row if each not in sobject.fields]:
                del row[name]
            for name, default in sobject.defaults.items():
                row.setdefault(name, default)
            self._index.add(sobject, row)

    def start_transaction(self) -> None:
        """Begins to note what `roll_back` has to undo."""
        self._undo_log = []

    def commit(self) -> None:
        """Keeps what was written since `start_transaction`."""
        self._undo_log = None

    def roll_back(self) -> None:
        """Undoes what was written since `start_transaction`."""
        changes, self._undo_log = self._undo_log or [], None
        for sobject, row, former in reversed(changes):
            self._index.remove(sobject, row)
            if former is None:
                del self._rows[sobject.name][row["Id"]]
            else:
                row.update(former)
                self._index.add(sobject, row)

    def _change(self, sobject: SObject, row: SandboxRow, values: SandboxRow) -> None:
        if self._undo_log is not None:
            self._undo_log.append((sobject, row, dict(row)))
        self._index.remove(sobject, row)
        row.update(values)
        self._index.add(sobject, row)
