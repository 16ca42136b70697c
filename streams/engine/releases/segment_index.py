"""Which segments a record may concern: those that look at what it changed, and those that time may change.

With many segments nearly all of them look at something else; they are not even passed over one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from streams.engine.releases.inputs import Changes, Inputs

Positions = tuple[int, ...]
"""Places in the release's order of segments, ascending."""


class SegmentIndex:
    """Made once per release, of the segments in dependency order: id, and inputs (None for a static one)."""

    def __init__(self, segments: Sequence[tuple[str, Inputs | None]]) -> None:
        self.position: Mapping[str, int] = {name: place for place, (name, _) in enumerate(segments)}
        inputs = [(place, given) for place, (_, given) in enumerate(segments) if given is not None]
        self._lists = {name: place for place, (name, given) in enumerate(segments) if given is None}
        self.moving: Positions = tuple(place for place, given in inputs if given.moves)
        self._on_scores = tuple(place for place, given in inputs if given.scores)
        self._on_leads = tuple(place for place, given in inputs if given.leads)
        self._by_property = _inverted((place, given.properties) for place, given in inputs)
        self._by_counter = _inverted((place, given.counters) for place, given in inputs)
        self._by_segment = _inverted((place, given.segments) for place, given in inputs)

    def touched(self, changes: Changes) -> list[int]:
        """Places of the segments that may be otherwise than they were, ascending."""
        if changes.everything:
            return list(range(len(self.position)))
        found = set(self.moving)
        for name in changes.properties:
            found.update(self._by_property.get(name, ()))
        for name in changes.counters:
            found.update(self._by_counter.get(name, ()))
        found.update(self._lists[name] for name in changes.lists if name in self._lists)
        if changes.scores:
            found.update(self._on_scores)
        if changes.leads:
            found.update(self._on_leads)
        return sorted(found)

    def dependents(self, segment: str) -> Positions:
        """Places of the segments that refer to it; all behind its own."""
        return self._by_segment.get(segment, ())


def _inverted(looking: Iterable[tuple[int, frozenset[str]]]) -> dict[str, Positions]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, names in looking:
        for name in names:
            found[name].append(place)
    return {name: tuple(places) for name, places in found.items()}
