"""Which segments a record may concern: those that look at what it changed, and those that time may change.

With many segments nearly all of them look at something else; they are not even passed over one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from streams.engine.releases.inputs import ChangeSet, ConditionInputs

OrderIndexes = tuple[int, ...]
"""Places in the release's order of segments, ascending."""


class SegmentIndex:
    """Made once per release, of the segments in dependency order: id, and inputs (None for a static one)."""

    def __init__(self, segments: Sequence[tuple[str, ConditionInputs | None]]) -> None:
        self.index_by_id: Mapping[str, int] = {name: place for place, (name, _) in enumerate(segments)}
        inputs = [(place, given) for place, (_, given) in enumerate(segments) if given is not None]
        self._static_segments = {name: place for place, (name, given) in enumerate(segments) if given is None}
        self.time_dependent: OrderIndexes = tuple(place for place, given in inputs if given.is_time_dependent)
        self._score_dependents = tuple(place for place, given in inputs if given.scores)
        self._lead_dependents = tuple(place for place, given in inputs if given.leads)
        self._by_property = _invert((place, given.properties) for place, given in inputs)
        self._by_counter = _invert((place, given.counters) for place, given in inputs)
        self._by_segment = _invert((place, given.segments) for place, given in inputs)

    def affected_by(self, changes: ChangeSet) -> list[int]:
        """Places of the segments that may be otherwise than they were, ascending."""
        if changes.everything:
            return list(range(len(self.index_by_id)))
        found = set(self.time_dependent)
        for name in changes.properties:
            found.update(self._by_property.get(name, ()))
        for name in changes.counters:
            found.update(self._by_counter.get(name, ()))
        found.update(self._static_segments[name] for name in changes.static_segments if name in self._static_segments)
        if changes.scores:
            found.update(self._score_dependents)
        if changes.leads:
            found.update(self._lead_dependents)
        return sorted(found)

    def dependents(self, segment: str) -> OrderIndexes:
        """Places of the segments that refer to it; all behind its own."""
        return self._by_segment.get(segment, ())


def _invert(inputs: Iterable[tuple[int, frozenset[str]]]) -> dict[str, OrderIndexes]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, names in inputs:
        for name in names:
            found[name].append(place)
    return {name: tuple(places) for name, places in found.items()}
