"""Event ids applied lately: a repeat changes nothing (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.state.contact import Contact


@dataclass(frozen=True, slots=True)
class Memory:
    """How long (ms of the contact's clock, inclusive) and how many ids are remembered per contact."""

    span: int = 86_400_000
    ids: int = 256


def is_repeat(contact: Contact, event: str, clock: int, memory: Memory) -> bool:
    """Whether the contact, whose clock is `clock` before the event, applied that id lately."""
    oldest = clock - memory.span
    for known, applied in contact.applied:  # noqa: SIM110 - a plain loop: every record of a contact comes by here
        if known == event and applied >= oldest:
            return True
    return False


def remember(contact: Contact, event: str, memory: Memory) -> None:
    """Keeps the id of an event just applied, and drops those that no repeat can meet any more."""
    oldest = contact.clock - memory.span
    applied = contact.applied
    applied.append((event, contact.clock))
    first = max(len(applied) - memory.ids, 0)
    while applied[first][1] < oldest:  # clocks never go back, so the oldest come first
        first += 1
    del applied[:first]
