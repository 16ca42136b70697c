"""Tracks the leaves of a proposed release that the active one does not track, from the proposal on (SPEC 9).

A contact's row holds their state beside that of the active leaves, with the number of the proposal. State of another
proposal is deleted before tracking starts: the slices of the new proposal hold that part of the past already.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.engine.conditions.activities.filter_index import FilterIndex
from streams.engine.conditions.protocols import ActivityCounter, HeldState
from streams.engine.decisions.counters import discard_counters
from streams.engine.journal.records import BackfilledState
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


@dataclass(frozen=True, slots=True)
class BackfillLeaves:
    """The leaves tracked beside those of the active release, for the proposed release `number`."""

    number: int
    counters: tuple[ActivityCounter, ...] = ()
    held_states: tuple[HeldState, ...] = ()
    filter_index: FilterIndex = field(init=False)
    """The index over `counters`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "filter_index", FilterIndex(self.counters))

    def __bool__(self) -> bool:
        return bool(self.counters or self.held_states)


NO_BACKFILL = BackfillLeaves(0)
"""The value while no release is proposed."""


def new_leaves(active: CompiledRelease, proposed: CompiledRelease) -> BackfillLeaves:
    """The leaves of the proposed release that need the past and that the active release does not track."""
    active_counters = active.counter_keys
    active_held_states = {held_state.key for held_state in active.held_states}
    return BackfillLeaves(
        number=proposed.number,
        counters=tuple(counter for counter in proposed.counters if counter.key not in active_counters),
        held_states=tuple(
            held_state for held_state in proposed.held_states if held_state.key not in active_held_states
        ),
    )


def reset_tracking(contact: Contact, active: CompiledRelease, backfill_leaves: BackfillLeaves) -> None:
    """Makes the contact track these leaves from here on, and deletes the state of an earlier proposal."""
    if contact.proposal == backfill_leaves.number:
        return
    contact.proposal = backfill_leaves.number
    contact.tracked_until = contact.created
    if contact.counts or contact.flags:
        discard_counters(contact, active.counter_keys)
    if contact.held:
        active_held_states = {held_state.key for held_state in active.held_states}
        for key in [key for key in contact.held if key not in active_held_states]:
            del contact.held[key]


def advance_tracking(contact: Contact, backfill_leaves: BackfillLeaves, now: int) -> None:
    """Records what time alone changed of the leaves before `now`, since they were last updated.

    The first time it assumes that the properties were always the same: slices say from when on that is true.
    """
    if not backfill_leaves.held_states:
        return
    for held_state in backfill_leaves.held_states:
        held_state.catch_up(contact, contact.tracked_until, now)
    contact.tracked_until = max(contact.tracked_until, now)


def update_tracking(contact: Contact, backfill_leaves: BackfillLeaves, now: int) -> None:
    """Records what is true at `now`, after the record was applied."""
    for held_state in backfill_leaves.held_states:
        held_state.update(contact, now)


def merge_backfill(contact: Contact, backfill_leaves: BackfillLeaves, backfilled: BackfilledState, now: int) -> None:
    """Puts a slice's state before the state tracked since the proposal; the contact is tracked up to `now`."""
    for counter in backfill_leaves.counters:
        earlier = backfilled.counts.get(counter.key)
        if earlier:
            contact.counts[counter.key] = counter.merge(earlier, contact.counts.get(counter.key, []), now)
    for held_state in backfill_leaves.held_states:
        held_state.merge_past(contact, backfilled.held.get(held_state.key, []), backfilled.tracked_until)
    for flag in backfilled.flags:
        if flag not in contact.flags:
            contact.flags.append(flag)
