"""Finds the counters that a visit or activity of the past matches; events with equal fields are looked at once.

Among millions of events the same pages come again and again; to decode and look them up is a third of counting.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.engine.conditions.activities.filter_index import FilterIndex
from streams.engine.conditions.protocols import Activity, ActivityCounter
from streams.engine.decisions.apply_event import activity_from_fields
from streams.engine.partition.backfill_contact import PastEvent, decode_fields

MAX_KNOWN_FIELDS = 4_096
MAX_FIELD_BYTES = 512
"""The fields of so many events are known at a time, each of at most so many bytes of JSON."""

Matches = tuple[Sequence[ActivityCounter], Activity]
"""The counters that an activity matches, in the order of the release, and the activity."""


class PastActivities:
    """Matches the events of a journal with the counters of `filter_index`.

    Where a filter compares dates, the instant of an event counts too: then each event is looked at.
    """

    def __init__(self, filter_index: FilterIndex) -> None:
        self._filter_index = filter_index
        self._known: dict[tuple[str, bytes], Matches] = {}

    def matches(self, event: PastEvent) -> Matches:
        """The counters of a visit or activity, and the activity that it is. Raises msgspec.MsgspecError."""
        fields = bytes(event.fields)
        if self._filter_index.depends_on_time or len(fields) > MAX_FIELD_BYTES:
            return self._look_up(event)
        key = event.type, fields
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MAX_KNOWN_FIELDS:
                self._known.clear()
            known = self._known[key] = self._look_up(event)
        counters, alike = known
        return (counters, Activity(event.at, alike.name, alike.is_visit, alike.fields)) if counters else known

    def _look_up(self, event: PastEvent) -> Matches:
        activity = activity_from_fields(event.type, event.at, decode_fields(event.fields))
        return self._filter_index.matching(activity), activity
