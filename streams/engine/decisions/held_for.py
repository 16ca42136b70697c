"""Since when property leaves with `held_for` have been true: followed at every instant a contact is settled at."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.decisions.context import DecisionContext
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


def initialize_held_states(contact: Contact, release: CompiledRelease, now: int) -> None:
    """Of a new contact: what is true without any value has been so since its creation."""
    for truth in release.held_states:
        truth.catch_up(contact, contact.created, now)


def update_held_states(context: DecisionContext) -> None:
    """What is true at the turn's instant."""
    for truth in context.release.held_states:
        truth.update(context.contact, context.now)


def discard_held_states(contact: Contact, release: CompiledRelease) -> None:
    """What the release does not ask for is kept no more."""
    wanted = {truth.key for truth in release.held_states}
    for key in [key for key in contact.held if key not in wanted]:
        del contact.held[key]


def held_state_dues(context: DecisionContext) -> Iterator[int | None]:
    """When time alone may change a leaf that is to be held, whether or not that decides anything then."""
    scene = context.evaluation_context
    return (truth.due(scene) for truth in context.release.held_states)
