"""Tracks since when property leaves with `held_for` have been true, at every instant a contact is settled at."""

from __future__ import annotations

from streams.engine.decisions.context import DecisionContext
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


def initialize_held_states(contact: Contact, release: CompiledRelease, now: int) -> None:
    """Tracks a new contact from its creation on: a leaf may be true of a contact without properties."""
    for held_state in release.held_states:
        held_state.catch_up(contact, contact.created, now)


def update_held_states(context: DecisionContext) -> None:
    """Records what is true at the instant of the decision."""
    context.truths.held_timers.update(context.contact, context.changes.properties, context.evaluation_context)


def discard_held_states(contact: Contact, release: CompiledRelease) -> None:
    """Deletes the held states that the release has no leaf for."""
    if not contact.held:
        return
    needed = {held_state.key for held_state in release.held_states}
    for key in [key for key in contact.held if key not in needed]:
        del contact.held[key]
