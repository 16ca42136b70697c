"""Tracks since when property leaves with `held_for` have been true, at every instant a contact is settled at."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.decisions.context import DecisionContext
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


def initialize_held_states(contact: Contact, release: CompiledRelease, now: int) -> None:
    """Tracks a new contact from its creation on: a leaf may be true of a contact without properties."""
    for held_state in release.held_states:
        held_state.catch_up(contact, contact.created, now)


def update_held_states(context: DecisionContext) -> None:
    """Records what is true at the instant of the decision."""
    for held_state in context.release.held_states:
        held_state.update(context.contact, context.now)


def discard_held_states(contact: Contact, release: CompiledRelease) -> None:
    """Deletes the held states that the release has no leaf for."""
    needed = {held_state.key for held_state in release.held_states}
    for key in [key for key in contact.held if key not in needed]:
        del contact.held[key]


def held_state_dues(context: DecisionContext) -> Iterator[int | None]:
    """The instants at which time alone may change a leaf with `held_for`, whether or not that decides anything."""
    evaluation_context = context.evaluation_context
    return (held_state.due(evaluation_context) for held_state in context.release.held_states)
