"""The time from one record of a contact to its next: nothing happens in it, and conditions change by time alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from streams.verify.recompute.conditions.evaluate import MOMENTS, follows, leaf_holds
from streams.verify.recompute.conditions.instants import instants_of
from streams.verify.recompute.model import Condition, World

_TIMED = {"visit", "activity", "sequence", "inactive_for", "property", "held_for", *MOMENTS}
"""What depends on history, properties and time alone; other leaves are asked each time."""


class Stretch:
    """Begins at `since`, once the record is applied; each leaf is asked at its own instants only, and remembered."""

    def __init__(self, world: World, since: int) -> None:
        self._world = world
        self._since = since
        self._turns: dict[int, tuple[list[int], list[bool]]] = {}

    def holds(self, condition: Condition, now: int) -> bool:
        """Whether a condition holds at an instant; one after the first must be within what `instants` looked at."""
        return follows(condition, lambda leaf: self._leaf(leaf, now))

    def instants(self, leaves: Iterable[Condition], until: int) -> list[int]:
        """Every instant before `until` at which time alone changes one of the leaves."""
        found = set()
        for leaf in leaves:
            if not _TIMED.isdisjoint(leaf):
                found.update(self._look_ahead(leaf, until)[1:])
        return sorted(found)

    def _leaf(self, leaf: Condition, now: int) -> bool:
        if _TIMED.isdisjoint(leaf):
            return leaf_holds(leaf, self._world, now)
        instants, truths = self._known(leaf)
        return truths[bisect_right(instants, now) - 1]

    def _known(self, leaf: Condition) -> tuple[list[int], list[bool]]:
        found = self._turns.get(id(leaf))
        if found is None:
            found = ([self._since], [leaf_holds(leaf, self._world, self._since)])
            self._turns[id(leaf)] = found
        return found

    def _look_ahead(self, leaf: Condition, until: int) -> list[int]:
        instants, truths = self._known(leaf)
        for instant in sorted(set(instants_of(leaf, self._world, self._since, until))):
            truth = leaf_holds(leaf, self._world, instant)
            if truth != truths[-1]:
                instants.append(instant)
                truths.append(truth)
        return instants
