"""Indexes which segments a record may concern: those that depend on what it changed, and those that time may change.

With many segments nearly all of them depend on something else: the index avoids even a look at each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from streams.engine.releases.inputs import ChangeSet, ConditionInputs

OrderIndexes = tuple[int, ...]
"""Indexes in `CompiledRelease.segments`, ascending."""


class SegmentIndex:
    """Built once per release from its segments in dependency order: id, and inputs (None for a static one)."""

    def __init__(self, segments: Sequence[tuple[str, ConditionInputs | None]]) -> None:
        self.index_by_id: Mapping[str, int] = {name: index for index, (name, _) in enumerate(segments)}
        dynamic = [(index, inputs) for index, (_, inputs) in enumerate(segments) if inputs is not None]
        self._static_segments = {name: index for index, (name, inputs) in enumerate(segments) if inputs is None}
        self.time_dependent: OrderIndexes = tuple(index for index, inputs in dynamic if inputs.is_time_dependent)
        self._score_dependents = tuple(index for index, inputs in dynamic if inputs.scores)
        self._lead_dependents = tuple(index for index, inputs in dynamic if inputs.leads)
        self._by_property = _invert((index, inputs.properties) for index, inputs in dynamic)
        self._by_counter = _invert((index, inputs.counters) for index, inputs in dynamic)
        self._by_segment = _invert((index, inputs.segments) for index, inputs in dynamic)

    def affected_by(self, changes: ChangeSet) -> list[int]:
        """Indexes of the segments whose members the changes may change, ascending."""
        if changes.everything:
            return list(range(len(self.index_by_id)))
        indexes = set(self.time_dependent)
        for name in changes.properties:
            indexes.update(self._by_property.get(name, ()))
        for name in changes.counters:
            indexes.update(self._by_counter.get(name, ()))
        indexes.update(
            self._static_segments[name] for name in changes.static_segments if name in self._static_segments
        )
        if changes.scores:
            indexes.update(self._score_dependents)
        if changes.leads:
            indexes.update(self._lead_dependents)
        return sorted(indexes)

    def dependents(self, segment: str) -> OrderIndexes:
        """Indexes of the segments that refer to it; all are higher than its own."""
        return self._by_segment.get(segment, ())


def _invert(inputs: Iterable[tuple[int, frozenset[str]]]) -> dict[str, OrderIndexes]:
    indexes: dict[str, list[int]] = defaultdict(list)
    for index, names in inputs:
        for name in names:
            indexes[name].append(index)
    return {name: tuple(entries) for name, entries in indexes.items()}
