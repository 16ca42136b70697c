"""Indexes of the store: rows by the value of a field, and rows by the time of their last change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.salesforce_sandbox.records.schema import SObject


class FieldIndex:
    """The ids of rows by object, field and value; text is compared whatever its case, as Salesforce does."""

    def __init__(self) -> None:
        self._record_ids: dict[tuple[str, str, str], set[str]] = {}
        self._stamps: dict[str, list[tuple[str, str]]] = {}
        """Object -> (SystemModstamp, record id), in their order."""

    def add(self, sobject: SObject, row: Mapping[str, Any]) -> None:
        """Adds a row."""
        record_id = row["Id"]
        for key in _keys(sobject, row):
            self._record_ids.setdefault(key, set()).add(record_id)
        insort(self._stamps.setdefault(sobject.name, []), (row["SystemModstamp"], record_id))

    def remove(self, sobject: SObject, row: Mapping[str, Any]) -> None:
        """Removes a row, whose values are still those with which it was added."""
        record_id = row["Id"]
        for key in _keys(sobject, row):
            record_ids = self._record_ids[key]
            record_ids.discard(record_id)
            if not record_ids:
                del self._record_ids[key]
        stamps = self._stamps[sobject.name]
        del stamps[bisect_left(stamps, (row["SystemModstamp"], record_id))]

    def find(self, name: str, field: str, value: str) -> Iterable[str]:
        """Returns the ids of the rows of an object whose field has this value."""
        return self._record_ids.get((name, field, value.casefold()), ())

    def find_by_stamp(self, name: str, start: str | None, end: str | None) -> list[str]:
        """Returns the ids of the rows last changed from `start` to `end`, with both; None sets no bound."""
        stamps = self._stamps.get(name, [])
        first = 0 if start is None else bisect_left(stamps, (start, ""))
        last = len(stamps) if end is None else bisect_right(stamps, (end, "\uffff"))
        return [record_id for _, record_id in stamps[first:last]]


def _keys(sobject: SObject, row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (sobject.name, field.name, str(value).casefold())
        for field in sobject.fields_in_index
        if field.type != "id" and (value := row.get(field.name)) is not None
    ]
