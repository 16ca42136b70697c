"""The records of the stand-in org, in memory: ids, soft deletion, modification stamps and the org's clock."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.schema import SOBJECTS, SObject

Row = dict[str, Any]


def stamp(instant: datetime) -> str:
    """A date-time as Salesforce writes it; stamps have whole seconds."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Store:
    """All rows by object and id. Knows no rules: `rules` checks a write before the store makes it."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in SOBJECTS}
        self._external: dict[tuple[str, str, str], set[str]] = {}
        self._visible_from: dict[str, datetime] = {}
        self._made = 0
        self._ahead = timedelta()

    # --- time ---

    def now(self) -> datetime:
        """The org's clock: this machine's, moved by `advance`."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Moves the org's clock ahead."""
        self._ahead += timedelta(seconds=seconds)

    def set_clock(self, instant: datetime) -> None:
        """Lets the org's clock show this instant now."""
        self._ahead = instant - datetime.now(UTC)

    # --- reading ---

    def rows(self, name: str, *, deleted: bool = False) -> Iterator[Row]:
        """The rows of an object that a query can see, in the order of their making."""
        now = self.now()
        for record_id, row in self._rows[name].items():
            if row["IsDeleted"] and not deleted:
                continue
            if self._visible_from.get(record_id, now) <= now:
                yield row

    def get(self, name: str, record_id: str) -> Row | None:
        """The row of an id of 15 or 18 characters, deleted or not."""
        return self._rows[name].get(ids.to_18(record_id))

    def matches(self, name: str, field: str, value: str) -> list[Row]:
        """The live rows whose external id has this value, without regard to case."""
        found = self._external.get((name, field, value.casefold()), set())
        return [self._rows[name][each] for each in sorted(found) if not self._rows[name][each]["IsDeleted"]]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many live and deleted rows each object has."""
        result = {}
        for name, rows in self._rows.items():
            deleted = sum(1 for row in rows.values() if row["IsDeleted"])
            result[name] = {"live": len(rows) - deleted, "deleted": deleted}
        return result

    # --- writing ---

    def insert(self, sobject: SObject, values: Row, record_id: str | None = None) -> Row:
        """A new row with the org's defaults."""
        self._made += 1
        row: Row = {field.name: field.default for field in sobject.fields.values()}
        row.update(values)
        row["Id"] = ids.to_18(record_id) if record_id else ids.make(sobject.prefix, self._made)
        row["CreatedDate"] = stamp(self.now())
        self._rows[sobject.name][row["Id"]] = row
        self._touch(sobject, row)
        return row

    def update(self, sobject: SObject, row: Row, values: Row) -> None:
        """New values for a row; every update moves its stamps."""
        self._forget(sobject, row)
        row.update(values)
        self._touch(sobject, row)

    def hide(self, record_id: str, seconds: float, stamped_ago: float) -> None:
        """Lets a row become visible to queries only later, with a stamp that lies in the past."""
        row = next(rows[record_id] for rows in self._rows.values() if record_id in rows)
        self._visible_from[record_id] = self.now() + timedelta(seconds=seconds)
        row["SystemModstamp"] = stamp(self.now() - timedelta(seconds=stamped_ago))

    def savepoint(self) -> Any:
        """What `roll_back` needs to forget everything written from here on."""
        return copy.deepcopy((self._rows, self._external, self._made))

    def roll_back(self, saved: Any) -> None:
        """Back to a savepoint."""
        self._rows, self._external, self._made = saved

    def _touch(self, sobject: SObject, row: Row) -> None:
        row["LastModifiedDate"] = row["SystemModstamp"] = stamp(self.now())
        for key in self._external_keys(sobject, row):
            self._external.setdefault(key, set()).add(row["Id"])

    def _forget(self, sobject: SObject, row: Row) -> None:
        for key in self._external_keys(sobject, row):
            self._external[key].discard(row["Id"])

    @staticmethod
    def _external_keys(sobject: SObject, row: Row) -> list[tuple[str, str, str]]:
        return [
            (sobject.name, field.name, str(row[field.name]).casefold())
            for field in sobject.fields.values()
            if field.external_id and row[field.name] is not None
        ]
