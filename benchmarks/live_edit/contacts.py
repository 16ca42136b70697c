"""Makes random events of contacts for all in-topics: visits, activities, patches, scores, commands."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.live_edit.definitions import PROBE
from schemas.topics import CONTACT_CHANGES, LEAD_COMMANDS, SCORING_EVENTS, SEGMENT_COMMANDS, WEB_VISITS
from schemas.values import instant_text

TopicEvent = tuple[str, dict[str, Any]]
"""Topic (without prefix) and event."""

PAGES = ("/", "/pricing", "/pricing/teams", "/docs", "/docs/start", "/about")
NAMES = ("form_submitted", "email_clicked", "call_answered")
PLANS = ("free", "pro", "pro", "team")
COMMANDS = ("lead.added", "lead.rejected", "lead.reactivated", "lead.qualified")
KINDS = ("visit", "activity", "patch", "score", "lead", "list")
WEIGHTS = (45, 15, 25, 10, 4, 1)
DAY_SECONDS = 86_400
PROBE_ID = "probe-"


class RandomContacts:
    """Contacts `c0` to `cN` and their state; `seed` sets the random sequence and is part of every event id."""

    def __init__(self, contacts: int, seed: int) -> None:
        self._contacts = contacts
        self._seed = seed
        self._rng = random.Random(seed)
        self._number = 0
        self._probe_holders: set[str] = set()
        self._inactive: set[str] = set()
        self.probes = 0
        """How many events so far changed the probe property; each must cause one segment change."""

    def first_events(self) -> Iterator[TopicEvent]:
        """Yields the first event of every contact, and the first members of the static segment."""
        for number in range(self._contacts):
            now = time.time()
            ends = instant_text(round((now + self._rng.randint(-3, 3) * DAY_SECONDS) * 1000))[:10]
            properties = {
                "employees": self._rng.randrange(100),
                "plan": self._rng.choice(PLANS),
                "trial_ends_on": ends,
            }
            yield CONTACT_CHANGES.name, self._event("contact.changed", f"c{number}", properties=properties)
            if number % 10 == 0:
                yield SEGMENT_COMMANDS.name, self._event("segment.member_added", f"c{number}", segment="vip")

    def next_event(self) -> TopicEvent:
        """Returns the next event of a random contact, with the present time as `at`."""
        contact = f"c{self._rng.randrange(self._contacts)}"
        match self._rng.choices(KINDS, WEIGHTS)[0]:
            case "visit":
                url = f"https://shop.example{self._rng.choice(PAGES)}"
                return WEB_VISITS.name, self._event("web.visited", contact, url=url)
            case "activity":
                name = self._rng.choice(NAMES)
                return WEB_VISITS.name, self._event("activity.recorded", contact, name=name)
            case "patch":
                return CONTACT_CHANGES.name, self._patch_event(contact)
            case "score":
                points = self._rng.choice((-5, 1, 5, 10))
                return SCORING_EVENTS.name, self._event("score.adjusted", contact, points=points)
            case "lead":
                command = self._rng.choice(COMMANDS)
                return LEAD_COMMANDS.name, self._event(command, contact, campaign="spring")
            case _:
                kind = self._rng.choice(("segment.member_added", "segment.member_removed"))
                return SEGMENT_COMMANDS.name, self._event(kind, contact, segment="vip")

    def _patch_event(self, contact: str) -> dict[str, Any]:
        """Returns a patch that changes the probe, and sometimes more; its id holds the time of sending (ms)."""
        self._probe_holders ^= {contact}
        properties: dict[str, Any] = {PROBE: contact in self._probe_holders}
        if self._rng.random() < 0.3:
            properties["employees"] = self._rng.randrange(100)
        if self._rng.random() < 0.3:
            properties["plan"] = self._rng.choice(PLANS)
        event = self._event("contact.changed", contact, properties=properties)
        if contact in self._inactive or self._rng.random() < 0.02:
            self._inactive ^= {contact}
            event["status"] = "inactive" if contact in self._inactive else "active"
        self.probes += 1
        return {**event, "id": f"{PROBE_ID}{time.time() * 1000:.1f}-{self._number}"}

    def _event(self, kind: str, contact: str, **fields: Any) -> dict[str, Any]:
        self._number += 1
        at = instant_text(time.time_ns() // 1_000_000)
        return {"id": f"{self._seed}-{self._number}", "type": kind, "contact": contact, "at": at, **fields}


def sent_at(event_id: str) -> float:
    """Returns the time of sending (ms) in the id of an event that changed the probe."""
    return float(event_id.removeprefix(PROBE_ID).partition("-")[0])
