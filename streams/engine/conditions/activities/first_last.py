"""`first` and `last`: of all matching events ever, the earliest or the latest lies in the window, and also matches.

Which one that is does not depend on the window, so one instant is kept, and whether its event matches besides.
"""

from __future__ import annotations

from typing import Literal

from schemas.conditions import ActivityLeaf, VisitLeaf
from streams.engine.conditions.activities.counts import window_of
from streams.engine.conditions.activities.subjects import Subject, compile_companion, compile_subject, leaf_key
from streams.engine.conditions.activities.windows import CountedWindow, CountRange
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Happening, Node, Scene
from streams.engine.conditions.tree import All

Which = Literal["first", "last"]

_ONCE = CountRange(1, None)


class EndCounter:
    """Keeps [instant, 1 or 0: whether that event also matches] of the first or the latest matching event."""

    __slots__ = ("_also", "_subject", "_which", "key")
    bound = 2
    lossy = False
    on_time = True

    def __init__(self, key: str, which: Which, subject: Subject, also: Subject) -> None:
        self.key = key
        self._which = which
        self._subject = subject
        self._also = also

    def matches(self, happening: Happening) -> bool:
        return self._subject.matches(happening)

    def count(self, kept: list[int], happening: Happening, now: int) -> list[int]:  # noqa: ARG002 - counters share a shape
        if kept and not self._comes_before(happening.at, kept[0]):
            return list(kept)
        return [happening.at, int(self._also.matches(happening))]

    def forget(self, kept: list[int]) -> list[int]:
        """One event has no older half."""
        return list(kept)

    def join(self, earlier: list[int], later: list[int], now: int) -> list[int]:  # noqa: ARG002 - counters share a shape
        """One of the two, as if the later one came now."""
        if not earlier or not later:
            return list(earlier or later)
        return list(later if self._comes_before(later[0], earlier[0]) else earlier)

    def reaches_to(self, now: int) -> int | None:  # noqa: ARG002 - counters share a shape
        """The first or the latest ever: what is kept is shared by leaves of all windows."""
        return None

    def _comes_before(self, at: int, known: int) -> bool:
        """Among equal instants the journal's order decides: what comes now is the later one."""
        return at < known if self._which == "first" else at >= known


class EndLeaf:
    """The first or the latest one lies in the window and also matches."""

    __slots__ = ("_key", "_window", "_zone")

    def __init__(self, key: str, window: CountedWindow, zone: ZoneRule) -> None:
        self._key = key
        self._window = window
        self._zone = zone

    def holds(self, scene: Scene) -> bool:
        instants = self._instants(scene)
        return bool(instants) and self._window.count(instants, scene.now, self._zone.of(scene.contact)) == 1

    def due(self, scene: Scene) -> int | None:
        instants = self._instants(scene)
        if not instants:
            return None
        return self._window.due(instants, scene.now, self._zone.of(scene.contact), _ONCE)

    def _instants(self, scene: Scene) -> list[int]:
        """The instant where its event also matches."""
        kept = scene.contact.counts.get(self._key)
        return kept[:1] if kept and kept[1] else []


def compile_first_last(leaf: VisitLeaf | ActivityLeaf, context: Context) -> Node:
    """A leaf with `first`, `last` or both, which must then both hold. Raises ConditionRefused."""
    ends: list[Node] = []
    for which in _written_ends(leaf):
        for name in ("count", "never"):
            if getattr(leaf, name) is not None:
                raise ConditionRefused("speaks of one event: it cannot stand beside a count", (which,))
        ends.append(_end(which, leaf, context))
    return ends[0] if len(ends) == 1 else All(tuple(ends))


def _written_ends(leaf: VisitLeaf | ActivityLeaf) -> list[Which]:
    ends: list[Which] = []
    if leaf.first is not None:
        ends.append("first")
    if leaf.last is not None:
        ends.append("last")
    return ends


def _end(which: Which, leaf: VisitLeaf | ActivityLeaf, context: Context) -> Node:
    wanted = leaf.first if which == "first" else leaf.last
    subject = compile_subject(leaf, context)
    also = compile_companion(which, wanted if isinstance(wanted, dict) else {}, context)
    window, _ = window_of(leaf, context)
    key = leaf_key(which, subject.name, subject.fields, also.fields, subject.zone or also.zone)
    context.counters.setdefault(key, EndCounter(key, which, subject, also))
    return EndLeaf(key, window, context.zone_rule(leaf.in_zone))
