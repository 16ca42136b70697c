"""The time from one record of a contact to its next: nothing happens in it, and conditions change by time alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from streams.verify.recompute.conditions.evaluate import ACTIVITY_TIMES, leaf_holds, tree_holds
from streams.verify.recompute.conditions.instants import leaf_change_instants
from streams.verify.recompute.model import ContactModel, PlainCondition

_TIMED_KEYS = {"visit", "activity", "sequence", "inactive_for", "property", "created", "held_for", *ACTIVITY_TIMES}
"""Leaves that depend on history, properties and time only; other leaves are evaluated each time."""


class Interval:
    """Begins at `since` (ms), after the record; evaluates each leaf only where it may change, and caches it."""

    def __init__(self, model: ContactModel, since: int) -> None:
        self._model = model
        self._since = since
        self._changes: dict[int, tuple[list[int], list[bool]]] = {}

    def holds(self, condition: PlainCondition, now: int) -> bool:
        """Whether a condition holds at `now` (ms), which must be `since` or inside what `change_instants` covered."""
        return tree_holds(condition, lambda leaf: self._leaf_holds(leaf, now))

    def change_instants(self, leaves: Iterable[PlainCondition], until: int) -> list[int]:
        """Every instant before `until` at which time alone changes one of the leaves."""
        changes = set()
        for leaf in leaves:
            if not _TIMED_KEYS.isdisjoint(leaf):
                changes.update(self._find_changes(leaf, until)[1:])
        return sorted(changes)

    def _leaf_holds(self, leaf: PlainCondition, now: int) -> bool:
        if _TIMED_KEYS.isdisjoint(leaf):
            return leaf_holds(leaf, self._model, now)
        instants, truths = self._changes_for(leaf)
        return truths[bisect_right(instants, now) - 1]

    def _changes_for(self, leaf: PlainCondition) -> tuple[list[int], list[bool]]:
        changes = self._changes.get(id(leaf))
        if changes is None:
            changes = ([self._since], [leaf_holds(leaf, self._model, self._since)])
            self._changes[id(leaf)] = changes
        return changes

    def _find_changes(self, leaf: PlainCondition, until: int) -> list[int]:
        instants, truths = self._changes_for(leaf)
        for instant in sorted(set(leaf_change_instants(leaf, self._model, self._since, until))):
            truth = leaf_holds(leaf, self._model, instant)
            if truth != truths[-1]:
                instants.append(instant)
                truths.append(truth)
        return instants
