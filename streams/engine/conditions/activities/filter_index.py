"""Finds the counters that an event matches without asking each: by one text that a filter needs.

A filter with `eq`, `in` or `starts_with` on a field can only match where that field has such a text, which a
dictionary finds. The filters found are asked themselves; filters without such a test are asked for every event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams.engine.conditions.activities.event_fields import FieldReader
from streams.engine.conditions.protocols import Activity, ActivityCounter, ActivityFilter, RequiredText
from streams.engine.conditions.text import CaseFold, text_from

_MAX_CACHED_TEXTS = 4_096
_MAX_CACHED_LENGTH = 256

_Positions = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _IndexedFilter:
    """A filter, and the positions of its counters in the order of the release."""

    event_filter: ActivityFilter
    counters: _Positions
    visits_only: bool
    is_one_text: bool
    """Whether its text is all that it asks."""

    def is_decided(self, activity: Activity) -> bool:
        """Whether an event that has its text matches for certain."""
        return self.is_one_text and (activity.is_visit or not self.visits_only)


@dataclass(slots=True)
class _TextTable:
    """The filters that need a text of one field, under one case folding; by the whole text or by its beginning."""

    fold: CaseFold
    by_text: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_prefix: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    """Length -> beginning of that length -> filters."""

    def add(self, required: RequiredText, place: int) -> None:
        if required.is_prefix:
            for text in required.texts:
                self.by_prefix.setdefault(len(text), {}).setdefault(text, []).append(place)
        else:
            for text in required.texts:
                self.by_text[text].append(place)

    def find(self, text: str) -> Iterable[int]:
        folded = self.fold(text)
        yield from self.by_text.get(folded, ())
        for length, places in self.by_prefix.items():
            yield from places.get(folded[:length], ())


class _FieldTable:
    """The filters that need a text of one field. What a text finds is kept for texts seen lately."""

    __slots__ = ("_found", "_read", "_tables")

    def __init__(self, read: FieldReader) -> None:
        self._read = read
        self._tables: dict[CaseFold, _TextTable] = {}
        self._found: dict[str, _Positions] = {}

    def add(self, required: RequiredText, place: int) -> None:
        self._tables.setdefault(required.fold, _TextTable(required.fold)).add(required, place)

    def find(self, activity: Activity) -> _Positions:
        text = text_from(self._read(activity))
        if text is None:
            return ()
        found = self._found.get(text)
        if found is None:
            found = tuple(sorted({place for table in self._tables.values() for place in table.find(text)}))
            if len(text) <= _MAX_CACHED_LENGTH:
                if len(self._found) >= _MAX_CACHED_TEXTS:
                    self._found.clear()
                self._found[text] = found
        return found


class FilterIndex:
    """Built once per release from its counters; equal filters are one."""

    __slots__ = ("_always", "_counters", "_fields", "_filters", "_of_visits", "depends_on_time")

    def __init__(self, counters: Sequence[ActivityCounter] = ()) -> None:
        self.depends_on_time = False
        """Whether the instant of an event makes a difference, beside its fields."""
        self._counters = counters
        self._filters: list[_IndexedFilter] = []
        self._fields: dict[str, _FieldTable] = {}
        self._always: list[int] = []
        """Filters that need no text that could be looked up."""
        self._of_visits: dict[tuple[_Positions, ...], list[ActivityCounter]] = {}
        """The counters of a visit whose texts find these filters, where the texts are all that they ask."""
        for event_filter, positions in _group_by_filter(counters):
            self._add(event_filter, positions)

    def _add(self, event_filter: ActivityFilter, positions: _Positions) -> None:
        self.depends_on_time |= event_filter.depends_on_time
        place, required = len(self._filters), event_filter.required_text
        is_one_text = required is not None and required.decides
        self._filters.append(_IndexedFilter(event_filter, positions, event_filter.visits_only, is_one_text))
        if required is None:
            self._always.append(place)
            return
        table = self._fields.get(required.key)
        if table is None:
            table = self._fields[required.key] = _FieldTable(required.read)
        table.add(required, place)

    def matching(self, activity: Activity) -> Sequence[ActivityCounter]:
        """The counters that the event matches, in the order of the release."""
        found = tuple([table.find(activity) for table in self._fields.values()])
        if not activity.is_visit or self._always:
            return self._match(found, activity)
        counters = self._of_visits.get(found)
        if counters is None:
            counters = self._match(found, activity)
            if self._is_decided(found, activity):
                if len(self._of_visits) >= _MAX_CACHED_TEXTS:
                    self._of_visits.clear()
                self._of_visits[found] = counters
        return counters

    def _match(self, found: Iterable[_Positions], activity: Activity) -> list[ActivityCounter]:
        counters = self._counters
        positions = self._positions(found, activity)
        if not positions:
            return []
        if len(positions) > 1:
            positions = sorted(set(positions))
        matched = [counters[position] for position in positions]
        return [counter for counter in matched if counter.counts_every_match or counter.matches(activity)]

    def _positions(self, found: Iterable[_Positions], activity: Activity) -> list[int]:
        filters = self._filters
        positions: list[int] = []
        for place in self._always:
            if filters[place].event_filter.matches(activity):
                positions.extend(filters[place].counters)
        for places in found:
            for place in places:
                indexed = filters[place]
                if indexed.is_decided(activity) or indexed.event_filter.matches(activity):
                    positions.extend(indexed.counters)
        return positions

    def _is_decided(self, found: Iterable[_Positions], activity: Activity) -> bool:
        """Whether every event of the kind whose texts find these filters matches the same counters."""
        indexed = [self._filters[place] for places in found for place in places]
        return all(each.is_decided(activity) for each in indexed) and all(
            self._counters[position].counts_every_match for each in indexed for position in each.counters
        )


def _group_by_filter(counters: Sequence[ActivityCounter]) -> Iterable[tuple[ActivityFilter, _Positions]]:
    filters: dict[str, ActivityFilter] = {}
    positions: dict[str, list[int]] = defaultdict(list)
    for position, counter in enumerate(counters):
        for event_filter in counter.event_filters:
            key = event_filter.identity
            filters.setdefault(key, event_filter)
            positions[key].append(position)
    return [(event_filter, tuple(positions[key])) for key, event_filter in filters.items()]


NO_FILTERS = FilterIndex()
"""The index without any counter."""
