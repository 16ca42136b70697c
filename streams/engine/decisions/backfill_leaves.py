"""The leaves of a proposed release that the one in force does not keep, followed from the proposal on (SPEC 9).

A row keeps them beside its own leaves, and says under which proposal. What belongs to another one is dropped before
the row is followed anew: it speaks of a part of the past that the new proposal's slices hold already.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.conditions.protocols import Counter, Truth
from streams.engine.decisions.counters import drop
from streams.engine.journal.records import Kept
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


@dataclass(frozen=True, slots=True)
class Following:
    """What is followed beside the release in force, for release `number`."""

    number: int
    counters: tuple[Counter, ...] = ()
    held: tuple[Truth, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.counters or self.held)


NOTHING = Following(0)
"""Where no release is proposed."""


def new_leaves(in_force: CompiledRelease, proposed: CompiledRelease) -> Following:
    """What the proposed release asks of the past that nobody keeps yet."""
    counted = {counter.key for counter in in_force.counters}
    held = {truth.key for truth in in_force.held}
    return Following(
        number=proposed.number,
        counters=tuple(counter for counter in proposed.counters if counter.key not in counted),
        held=tuple(truth for truth in proposed.held if truth.key not in held),
    )


def take_up(contact: Contact, in_force: CompiledRelease, following: Following) -> None:
    """From here on the row follows these leaves, and nothing of a proposal that is no more."""
    if contact.proposal == following.number:
        return
    contact.proposal = following.number
    contact.followed = contact.created
    drop(contact, {counter.key for counter in in_force.counters})
    held = {truth.key for truth in in_force.held}
    for key in [key for key in contact.held if key not in held]:
        del contact.held[key]


def keep_up(contact: Contact, following: Following, now: int) -> None:
    """What time alone did to the leaves before `now`, since the last time they were looked at.

    The first time the properties are taken to have always been the same: slices say from when on that is true.
    """
    if not following.held:
        return
    for truth in following.held:
        truth.catch_up(contact, contact.followed, now)
    contact.followed = max(contact.followed, now)


def look(contact: Contact, following: Following, now: int) -> None:
    """What is true at `now`, after whatever happened."""
    for truth in following.held:
        truth.follow(contact, now)


def join_past(contact: Contact, following: Following, kept: Kept, now: int) -> None:
    """Puts what a slice says of the past before what was followed since; the contact was kept up to `now`."""
    for counter in following.counters:
        earlier = kept.counts.get(counter.key)
        if earlier:
            contact.counts[counter.key] = counter.join(earlier, contact.counts.get(counter.key, []), now)
    for truth in following.held:
        truth.join(contact, kept.held.get(truth.key, []), kept.followed)
    for flag in kept.flags:
        if flag not in contact.flags:
            contact.flags.append(flag)
