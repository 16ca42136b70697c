"""Event ids applied lately: a repeat changes nothing (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.contact import Contact


@dataclass(frozen=True, slots=True)
class Memory:
    """How long (ms of the contact's clock, inclusive) and how many ids are remembered per contact."""

    span: int = 86_400_000
    ids: int = 256


def is_repeat(contact: Contact, event: str, clock: int, memory: Memory) -> bool:
    """Whether the contact, whose clock is `clock` before the event, applied that id lately."""
    oldest = clock - memory.span
    return any(known == event and applied >= oldest for known, applied in contact.applied)


def remember(contact: Contact, event: str, memory: Memory) -> None:
    """Keeps the id of an event just applied, and drops those that no repeat can meet any more."""
    oldest = contact.clock - memory.span
    kept = [entry for entry in contact.applied if entry[1] >= oldest]
    kept.append((event, contact.clock))
    contact.applied = kept[-memory.ids :]
