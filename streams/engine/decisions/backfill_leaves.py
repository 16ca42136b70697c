"""The leaves of a proposed release that the one in force does not keep, followed from the proposal on (SPEC 9).

A row keeps them beside its own leaves, and says under which proposal. What belongs to another one is dropped before
the row is followed anew: it speaks of a part of the past that the new proposal's slices hold already.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.conditions.protocols import ActivityCounter, HeldState
from streams.engine.decisions.counters import discard_counters
from streams.engine.journal.records import BackfilledState
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


@dataclass(frozen=True, slots=True)
class BackfillLeaves:
    """What is followed beside the release in force, for release `number`."""

    number: int
    counters: tuple[ActivityCounter, ...] = ()
    held_states: tuple[HeldState, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.counters or self.held_states)


NO_BACKFILL = BackfillLeaves(0)
"""Where no release is proposed."""


def new_leaves(active: CompiledRelease, proposed: CompiledRelease) -> BackfillLeaves:
    """What the proposed release asks of the past that nobody keeps yet."""
    counted = {counter.key for counter in active.counters}
    held = {truth.key for truth in active.held_states}
    return BackfillLeaves(
        number=proposed.number,
        counters=tuple(counter for counter in proposed.counters if counter.key not in counted),
        held_states=tuple(truth for truth in proposed.held_states if truth.key not in held),
    )


def reset_tracking(contact: Contact, active: CompiledRelease, backfill_leaves: BackfillLeaves) -> None:
    """From here on the row follows these leaves, and nothing of a proposal that is no more."""
    if contact.proposal == backfill_leaves.number:
        return
    contact.proposal = backfill_leaves.number
    contact.followed = contact.created
    discard_counters(contact, {counter.key for counter in active.counters})
    held = {truth.key for truth in active.held_states}
    for key in [key for key in contact.held if key not in held]:
        del contact.held[key]


def advance_tracking(contact: Contact, backfill_leaves: BackfillLeaves, now: int) -> None:
    """What time alone did to the leaves before `now`, since the last time they were looked at.

    The first time the properties are taken to have always been the same: slices say from when on that is true.
    """
    if not backfill_leaves.held_states:
        return
    for truth in backfill_leaves.held_states:
        truth.catch_up(contact, contact.followed, now)
    contact.followed = max(contact.followed, now)


def update_tracking(contact: Contact, backfill_leaves: BackfillLeaves, now: int) -> None:
    """What is true at `now`, after whatever happened."""
    for truth in backfill_leaves.held_states:
        truth.update(contact, now)


def merge_backfill(contact: Contact, backfill_leaves: BackfillLeaves, backfilled: BackfilledState, now: int) -> None:
    """Puts what a slice says of the past before what was followed since; the contact was kept up to `now`."""
    for counter in backfill_leaves.counters:
        earlier = backfilled.counts.get(counter.key)
        if earlier:
            contact.counts[counter.key] = counter.merge(earlier, contact.counts.get(counter.key, []), now)
    for truth in backfill_leaves.held_states:
        truth.merge_past(contact, backfilled.held.get(truth.key, []), backfilled.followed)
    for flag in backfilled.flags:
        if flag not in contact.flags:
            contact.flags.append(flag)
