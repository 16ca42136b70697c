"""Since when property leaves with `held_for` have been true: followed at every instant a contact is settled at."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.decisions.context import Turn
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


def begin_life(contact: Contact, release: CompiledRelease, now: int) -> None:
    """Of a new contact: what is true without any value has been so since its creation."""
    for truth in release.held:
        truth.catch_up(contact, contact.created, now)


def follow(turn: Turn) -> None:
    """What is true at the turn's instant."""
    for truth in turn.release.held:
        truth.follow(turn.contact, turn.now)


def drop_leaves(contact: Contact, release: CompiledRelease) -> None:
    """What the release does not ask for is kept no more."""
    wanted = {truth.key for truth in release.held}
    for key in [key for key in contact.held if key not in wanted]:
        del contact.held[key]


def dues(turn: Turn) -> Iterator[int | None]:
    """When time alone may change a leaf that is to be held, whether or not that decides anything then."""
    scene = turn.scene
    return (truth.due(scene) for truth in turn.release.held)
