"""The records of the sandbox in memory: ids, soft deletion, modification stamps and the org's clock."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.schema import SOBJECTS, SObject

SandboxRow = dict[str, Any]
Savepoint = tuple[dict[str, dict[str, SandboxRow]], dict[tuple[str, str, str], set[str]], int]
"""Rows, external ids and record count of a store."""


def format_timestamp(instant: datetime) -> str:
    """Returns a date-time as Salesforce writes it, in whole seconds."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class RecordStore:
    """All rows by object and id. It checks nothing: `rules` checks a write before the store makes it."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, SandboxRow]] = {name: {} for name in SOBJECTS}
        self._external_ids: dict[tuple[str, str, str], set[str]] = {}
        """(object, field, casefolded value) -> record ids."""
        self._visible_from: dict[str, datetime] = {}
        self._record_count = 0
        self._clock_offset = timedelta()

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

    def rows(self, name: str, *, include_deleted: bool = False) -> Iterator[SandboxRow]:
        """Yields the rows of an object that a query can see, in the order of creation."""
        now = self.now()
        for record_id, row in self._rows[name].items():
            if row["IsDeleted"] and not include_deleted:
                continue
            if self._visible_from.get(record_id, now) <= now:
                yield row

    def get(self, name: str, record_id: str) -> SandboxRow | None:
        """Returns the row of an id of 15 or 18 characters, deleted or not; None when there is none."""
        return self._rows[name].get(ids.to_18(record_id))

    def find_by_external_id(self, name: str, field: str, value: str) -> list[SandboxRow]:
        """Returns the live rows whose external id has this value, whatever its case."""
        record_ids = self._external_ids.get((name, field, value.casefold()), set())
        return [self._rows[name][each] for each in sorted(record_ids) if not self._rows[name][each]["IsDeleted"]]

    def counts(self) -> dict[str, dict[str, int]]:
        """Returns the numbers of `live` and `deleted` rows of each object."""
        result = {}
        for name, rows in self._rows.items():
            deleted = sum(1 for row in rows.values() if row["IsDeleted"])
            result[name] = {"live": len(rows) - deleted, "deleted": deleted}
        return result

    # --- writing ---

    def insert(self, sobject: SObject, values: SandboxRow, record_id: str | None = None) -> SandboxRow:
        """Adds a row, with the org's defaults for missing values, and returns it."""
        self._record_count += 1
        row: SandboxRow = {field.name: field.default for field in sobject.fields.values()}
        row.update(values)
        row["Id"] = ids.to_18(record_id) if record_id else ids.make_id(sobject.prefix, self._record_count)
        row["CreatedDate"] = format_timestamp(self.now())
        self._rows[sobject.name][row["Id"]] = row
        self._touch(sobject, row)
        return row

    def update(self, sobject: SObject, row: SandboxRow, values: SandboxRow) -> None:
        """Changes values of a row and moves its stamps."""
        self._unindex(sobject, row)
        row.update(values)
        self._touch(sobject, row)

    def hide(self, record_id: str, seconds: float, stamped_ago: float) -> None:
        """Hides a row from queries for `seconds`, and dates its stamp `stamped_ago` seconds back."""
        row = next(rows[record_id] for rows in self._rows.values() if record_id in rows)
        self._visible_from[record_id] = self.now() + timedelta(seconds=seconds)
        row["SystemModstamp"] = format_timestamp(self.now() - timedelta(seconds=stamped_ago))

    def savepoint(self) -> Savepoint:
        """Returns a copy of the present state for `roll_back`."""
        return copy.deepcopy((self._rows, self._external_ids, self._record_count))

    def roll_back(self, savepoint: Savepoint) -> None:
        """Restores the state of a savepoint."""
        self._rows, self._external_ids, self._record_count = savepoint

    def _touch(self, sobject: SObject, row: SandboxRow) -> None:
        row["LastModifiedDate"] = row["SystemModstamp"] = format_timestamp(self.now())
        for key in self._external_keys(sobject, row):
            self._external_ids.setdefault(key, set()).add(row["Id"])

    def _unindex(self, sobject: SObject, row: SandboxRow) -> None:
        for key in self._external_keys(sobject, row):
            self._external_ids[key].discard(row["Id"])

    @staticmethod
    def _external_keys(sobject: SObject, row: SandboxRow) -> list[tuple[str, str, str]]:
        return [
            (sobject.name, field.name, str(row[field.name]).casefold())
            for field in sobject.fields.values()
            if field.external_id and row[field.name] is not None
        ]
