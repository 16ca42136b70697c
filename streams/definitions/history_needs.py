"""Finds the leaves of definitions that need a back-fill; pure."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from schemas.conditions import AllOf, AnyOf, Condition, NotOf
from schemas.definitions import Definitions
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition, CompileScope, HeldState
from streams.engine.journal.effects import LeafDocument
from streams.engine.releases.conditions import build_compile_scope, stateful_conditions
from streams.engine.releases.deciding_leaves import to_leaf_document
from streams.engine.version import walk


@dataclass(frozen=True, slots=True)
class HistoryNeed:
    """A leaf that has to be counted from the journal first; `owner` is `segment ID` or `rule CAMPAIGN/ID`."""

    owner: str
    leaf: LeafDocument
    trackers: tuple[ActivityCounter | HeldState, ...]

    def earliest_needed(self, now: int) -> int | None:
        """Returns the earliest instant (ms) that it needs when it decides from `now` on; None for all the past."""
        instants = [each.earliest_needed(now) for each in self.trackers]
        bounds = [instant for instant in instants if instant is not None]
        return min(bounds) if len(bounds) == len(instants) else None


def new_history_needs(before: Definitions | None, after: Definitions) -> list[HistoryNeed]:
    """Returns the leaves of `after` that `before`, the definitions in force (None: none), does not track yet."""
    tracked_keys = frozenset() if before is None else _tracker_keys(before)
    scope = build_compile_scope(after)
    return [
        need
        for each in stateful_conditions(after)
        for need in condition_history_needs(each.owner, each.condition, scope, tracked_keys)
    ]


def condition_history_needs(
    owner: str, condition: Condition, scope: CompileScope, tracked_keys: Set[str] = frozenset()
) -> Iterator[HistoryNeed]:
    """Yields the leaves of a condition that need the past; contact rows already hold the state of `tracked_keys`."""
    for leaf in walk(condition):
        if isinstance(leaf, AllOf | AnyOf | NotOf):
            continue
        trackers = tuple(each for each in _trackers(compile_condition(leaf, scope)) if each.key not in tracked_keys)
        if trackers:
            yield HistoryNeed(owner, to_leaf_document(leaf), trackers)


def _tracker_keys(definitions: Definitions) -> frozenset[str]:
    scope = build_compile_scope(definitions)
    return frozenset(
        tracker.key
        for each in stateful_conditions(definitions)
        for tracker in _trackers(compile_condition(each.condition, scope))
    )


def _trackers(compiled: CompiledCondition) -> tuple[ActivityCounter | HeldState, ...]:
    return (*compiled.counters, *compiled.held_states)
