"""The contacts' visits before the release, the live events beside it, and who is a member because of them.

A contact is known by its number. Its past has one visit or two: of the page that the new segment counts, or of
another. Live events go to the contacts by a stride, so that all slots and all parts of the journal are met.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.live_edit.contacts import DAY_SECONDS, PROBE_ID, TopicEvent
from benchmarks.live_edit.definitions import ACCOUNT, PROBE, dynamic
from schemas.topics import CONTACT_CHANGES, WEB_VISITS
from schemas.values import instant_text
from streams.kafka.partitions import partition_for_key

COUNTED, LOADED = "keen", "loaded"
COUNTED_PAGE, OTHER_PAGE, LAST_PAGE = "/pricing", "/docs", "/loaded"
NEEDED_VISITS = 2
WINDOW_DAYS = 30
OLD_DAYS = 40
"""So long ago a visit does not count."""
PATTERN = 16
PROBE_STRIDE, VISIT_OFFSET = 4, 1
STRIDE = 7_919


def definitions(*, with_counted: bool) -> dict[str, Any]:
    """Returns the first release, or the one with the segment that needs the past."""
    segments = [
        dynamic(PROBE, {"property": PROBE, "eq": True}),
        dynamic(LOADED, {"visit": {"path": {"eq": LAST_PAGE}}}),
    ]
    if with_counted:
        window = {"count": {"gte": NEEDED_VISITS}, "within": f"{WINDOW_DAYS}d"}
        segments.append(dynamic(COUNTED, {"visit": {"path": {"eq": COUNTED_PAGE}}, **window}))
    return {"account": ACCOUNT, "properties": {PROBE: "boolean"}, "segments": segments}


def contact_id(number: int) -> str:
    """Returns the id of a contact."""
    return f"contact-{number:07d}"


def past_visits(number: int) -> Iterable[tuple[str, int]]:
    """Returns page and age (days) of each visit of a contact before the release.

    Of 16 contacts three have visited the counted page often enough, and one more too long ago.
    """
    place, age = number % PATTERN, 1 + number % (WINDOW_DAYS - 2)
    match place % 4:
        case 0:
            return (COUNTED_PAGE, OLD_DAYS if place == 4 else age), (COUNTED_PAGE, age)
        case 1:
            return (COUNTED_PAGE, age), (OTHER_PAGE, age)
        case 2:
            return ((COUNTED_PAGE, age),)
        case _:
            return ((OTHER_PAGE, age),)


def counted_past_visits(number: int) -> int:
    """Returns how many visits of its past count for the new segment."""
    return sum(page == COUNTED_PAGE and age < WINDOW_DAYS for page, age in past_visits(number))


def past_events(contacts: int, now: int) -> Iterator[TopicEvent]:
    """Yields the visits of all contacts; `now` in ms."""
    for number in range(contacts):
        for index, (page, age) in enumerate(past_visits(number)):
            at = now - age * DAY_SECONDS * 1000
            yield WEB_VISITS.name, _visit(f"past-{number}-{index}", contact_id(number), page, at)


def last_events(partitions: int, now: int) -> Iterator[TopicEvent]:
    """Yields a visit for each partition, by contacts of their own: who is in `loaded` came after all before it."""
    missing, number = set(range(partitions)), 0
    while missing:
        contact = f"last-{number}"
        partition = partition_for_key(contact.encode(), partitions)
        if partition in missing:
            missing.remove(partition)
            yield WEB_VISITS.name, _visit(f"loaded-{number}", contact, LAST_PAGE, now)
        number += 1


@dataclass
class LiveEvents:
    """The live events: every fourth changes the probe, every fourth visits the counted page, others another page.

    `clock` gives the present instant in ms.
    """

    contacts: int
    clock: Callable[[], float] = lambda: time.time() * 1000
    probes: int = 0
    count: int = 0
    _probe_holders: set[int] = field(default_factory=set)

    def next_event(self) -> TopicEvent:
        """Returns the next event, with the present time as `at`."""
        index, now = self.count, self.clock()
        self.count += 1
        number = live_contact(index, self.contacts)
        if index % PROBE_STRIDE == 0:
            self.probes += 1
            self._probe_holders ^= {number}
            properties = {PROBE: number in self._probe_holders}
            envelope = _envelope(f"{PROBE_ID}{now:.1f}-{index}", "contact.changed", contact_id(number), int(now))
            return CONTACT_CHANGES.name, {**envelope, "properties": properties}
        page = COUNTED_PAGE if index % PROBE_STRIDE == VISIT_OFFSET else OTHER_PAGE
        return WEB_VISITS.name, _visit(f"live-{index}", contact_id(number), page, int(now))


def live_contact(index: int, contacts: int) -> int:
    """Returns which contact the live event of that index is about."""
    return index * STRIDE % contacts


def expected_members(contacts: int, live_events: int) -> set[str]:
    """Returns the members of the new segment after so many live events."""
    visits = [counted_past_visits(number) for number in range(contacts)]
    for index in range(VISIT_OFFSET, live_events, PROBE_STRIDE):
        visits[live_contact(index, contacts)] += 1
    return {contact_id(number) for number, count in enumerate(visits) if count >= NEEDED_VISITS}


def _visit(event_id: str, contact: str, page: str, at: int) -> dict[str, Any]:
    return {**_envelope(event_id, "web.visited", contact, at), "url": f"https://shop.example{page}"}


def _envelope(event_id: str, kind: str, contact: str, at: int) -> dict[str, Any]:
    return {"id": event_id, "type": kind, "contact": contact, "at": instant_text(at)}
