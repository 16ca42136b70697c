"""The events of the job: first one for each contact that sets all properties, then changes and visits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from benchmarks.side_by_side.segments import (
    CALM_NUMBER,
    MOST_NUMBER,
    NUMBERS,
    PROBE,
    PROPERTIES,
    TEXTS,
    Changes,
    skewed_page,
    text_width,
)
from schemas.topics import CONTACT_CHANGES, WEB_VISITS
from schemas.values import instant_text

FIRST_AT = 1_767_225_600_000
"""2026-01-01T00:00:00Z: the `at` (ms) of the first event."""
SPAN_MS = 3 * 86_400_000
"""Events are spread evenly over so much time, so that windows of an hour and of a day end on the way."""
VISIT_SHARE = 0.4
CHANGED_PROPERTIES = 2
NUMBER_STEP = 15
"""A changed number moves at most so far, as a score or a counter does."""

PresentInstant = Callable[[], int]
"""Returns the present instant in ms."""

_encode = msgspec.json.Encoder().encode


class JobEvent(NamedTuple):
    """An event as a producer sends it."""

    topic: str
    key: bytes
    value: bytes


@dataclass(frozen=True)
class EventPlan:
    """Which events: so many contacts, then so many events of random ones. `segment_count` widens texts of `few`."""

    contacts: int
    events: int
    changes: Changes
    segment_count: int
    has_probes: bool = False
    """Whether contacts have the property of probes, and there is a segment on it."""
    seed: int = 1


class EventGenerator:
    """Makes the events of a plan, always the same. It keeps each contact's numbers, since they change by steps.

    With a clock `at` is what it says, else events are spread evenly over SPAN_MS.
    """

    def __init__(self, plan: EventPlan, clock: PresentInstant | None = None) -> None:
        self._plan = plan
        self._random = random.Random(f"events/{plan}")
        self._widths = {name: text_width(name, plan.changes, plan.segment_count) for name in TEXTS}
        self._numbers: dict[int, list[int]] = {}
        self._probe_holders: set[int] = set()
        self._clock = clock
        self._sequence = 0
        self._step = SPAN_MS / max(1, plan.contacts + plan.events)

    def first_events(self) -> Iterator[JobEvent]:
        """Yields the first event of each contact."""
        for contact in range(self._plan.contacts):
            probe = {PROBE: False} if self._plan.has_probes else {}
            yield self.patch(contact, {**{name: self._value(contact, name) for name in PROPERTIES}, **probe})

    def later_events(self) -> Iterator[JobEvent]:
        """Yields the other events."""
        for _ in range(self._plan.events):
            contact = self._random.randrange(self._plan.contacts)
            if self._random.random() < VISIT_SHARE:
                yield self.visit(contact)
            else:
                yield self.change(contact)

    def visit(self, contact: int) -> JobEvent:
        """Returns a visit of a random page."""
        url = f"https://shop.example/page/{skewed_page(self._random)}?ref=mail"
        return self._event(WEB_VISITS.name, "web.visited", contact, url=url, title="A page of the shop")

    def change(self, contact: int) -> JobEvent:
        """Returns a change of two random properties."""
        names = self._random.sample(PROPERTIES, CHANGED_PROPERTIES)
        return self.patch(contact, {name: self._value(contact, name) for name in names})

    def patch(self, contact: int, properties: Mapping[str, Any]) -> JobEvent:
        """Returns a change to these values."""
        return self._event(CONTACT_CHANGES.name, "contact.changed", contact, properties=properties)

    def probe(self, contact: int, identifier: str) -> JobEvent:
        """Returns an event with this id that moves the contact into the segment of probes, or out of it."""
        self._probe_holders ^= {contact}
        properties = {PROBE: contact in self._probe_holders}
        return self._event(CONTACT_CHANGES.name, "contact.changed", contact, identifier, properties=properties)

    @property
    def _most_number(self) -> int:
        return CALM_NUMBER if self._plan.changes == "none" else MOST_NUMBER

    def _numbers_of(self, contact: int) -> list[int]:
        numbers = self._numbers.get(contact)
        if numbers is None:
            numbers = [self._random.randrange(self._most_number) for _ in NUMBERS]
            self._numbers[contact] = numbers
        return numbers

    def _value(self, contact: int, name: str) -> Any:
        if name in NUMBERS:
            numbers, index = self._numbers_of(contact), NUMBERS.index(name)
            moved = numbers[index] + self._random.randint(-NUMBER_STEP, NUMBER_STEP)
            numbers[index] = min(self._most_number - 1, max(0, moved))
            return numbers[index]
        if name in TEXTS:
            return f"v{self._random.randrange(self._widths[name])}"
        return self._plan.changes != "none" and self._random.random() < 0.5

    def _event(
        self, topic: str, event_type: str, contact: int, identifier: str | None = None, **fields: Any
    ) -> JobEvent:
        at = self._clock() if self._clock else FIRST_AT + int(self._sequence * self._step)
        name = f"contact-{contact:07d}"
        identifier = identifier or f"{self._random.getrandbits(64):016x}{self._sequence:016x}"
        self._sequence += 1
        envelope = {"id": identifier, "type": event_type, "at": instant_text(at), "contact": name}
        return JobEvent(topic, name.encode(), _encode({**envelope, **fields}))
