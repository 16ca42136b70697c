"""Traffic of the real pipeline in a chaos run: definitions with windows of seconds, and events of contacts.

Contacts come in waves: at any time most events are of one wave, and the other contacts are silent, so that windows
open and expire during the run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.topics import (
    CONTACT_CHANGES,
    CRM_RESULTS,
    LEAD_COMMANDS,
    SCORING_EVENTS,
    SEGMENT_COMMANDS,
    WEB_VISITS,
)
from schemas.values import instant_text

JsonDict = dict[str, Any]
TopicMessage = tuple[str, bytes, bytes]
"""In-topic without prefix, key, value."""

CONTACTS = 480
WAVES = 6
WAVE_MS = 3_000
LONGEST_MS = 15_000
"""Longer than every window: after this time without events, time alone changes little."""

_SEGMENTS: list[JsonDict] = [
    {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}, "within": "4s"}},
    {"id": "prices", "dynamic": True, "when": {"visit": {"path": {"starts_with": "/pricing"}}, "within": "5s"}},
    {"id": "lately", "dynamic": True, "when": {"activity": {}, "between_ago": ["9s", "2s"]}},
    {"id": "new", "dynamic": True, "when": {"first_visit": {"within_last": "12s"}}},
    {"id": "asleep", "dynamic": True, "when": {"inactive_for": "8s"}, "statuses": ["active", "inactive"]},
    {"id": "big", "dynamic": True, "when": {"property": "employees", "gte": 50}},
    {"id": "fit", "dynamic": True, "when": {"score": {"name": "fit", "gte": 10}}},
    {"id": "vip"},
    {
        "id": "hot",
        "dynamic": True,
        "when": {"all": [{"segment": "busy"}, {"segment": "prices"}, {"not": {"segment": "asleep"}}]},
    },
]
_SPRING: JsonDict = {
    "id": "spring",
    "audience": ["busy"],
    "half_life": "6s",
    "points_changed": True,
    "scoring": [
        {"id": "visit", "when": {"visit": {}}, "points": 4, "at_most": {"times": 3, "per": "3s"}},
        {"id": "form", "when": {"activity": {"name": {"eq": "form"}}}, "points": 15},
        {"id": "big", "when": {"segment": "big"}, "points": 2.5},
    ],
    "automation": [
        {"id": "hot", "when": {"points": {"gte": 30}}, "then": {"set_status": "qualified", "add_to_segment": "vip"}},
        {"id": "cold", "when": {"points": {"lt": 1}}, "then": {"add_points": -1, "remove_from_segment": "vip"}},
        {"id": "asleep", "when": {"inactive_for": "7s"}, "then": {"set_status": "rejected"}},
    ],
}
_NURTURE: JsonDict = {
    "id": "nurture",
    "audience": ["prices", "vip"],
    "leave": "delete",
    "automation": [{"id": "on", "when": {"segment": "hot"}, "then": {"add_to_campaign": "spring"}}],
}
_FAIR: JsonDict = {"id": "fair", "auto_qualify": True}

BEFORE: JsonDict = {
    "account": "default",
    "properties": {"employees": "number"},
    "segments": _SEGMENTS,
    "campaigns": [_SPRING, _NURTURE, _FAIR],
}
AFTER: JsonDict = {
    **BEFORE,
    "segments": [
        {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}, "within": "6s"}},
        *_SEGMENTS[1:4],
        {"id": "asleep", "dynamic": True, "when": {"inactive_for": "6s"}},
        *_SEGMENTS[5:],
        {"id": "anybody", "dynamic": True, "when": {"all": []}},
    ],
    "campaigns": [
        {**_SPRING, "half_life": "4s", "automation": _SPRING["automation"][:2]},
        _FAIR,
        {"id": "autumn", "audience": ["anybody"], "points_changed": True},
    ],
}
"""Changed windows and rules, without one campaign and two rules, with new ones."""


def _with_segments(*segments: JsonDict) -> JsonDict:
    return {**AFTER, "segments": [*AFTER["segments"], *segments]}


_OFTEN: JsonDict = {
    "id": "often",
    "dynamic": True,
    "when": {"visit": {}, "regular": {"at_least": 2, "of": 4, "each": "1s"}},
}
_STEPS: JsonDict = {
    "id": "steps",
    "dynamic": True,
    "when": {"sequence": [{"visit": {}}, {"activity": {"name": {"eq": "form"}}}], "within": "10s", "gap": "6s"},
}
_HELD_FOR: JsonDict = {
    "id": "stayed",
    "dynamic": True,
    "when": {"property": "employees", "gte": 20, "held_for": "9s"},
}
_FIRST_PAGE: JsonDict = {
    "id": "began",
    "dynamic": True,
    "when": {"visit": {}, "first": {"path": {"starts_with": "/pricing"}}},
}
_LAST_PAGE: JsonDict = {
    "id": "ended",
    "dynamic": True,
    "when": {"visit": {}, "last": {"path": {"eq": "/docs"}}, "within": "9s"},
}
_COUNTED: JsonDict = {"id": "counted", "dynamic": True, "when": {"visit": {}, "count": {"gte": 9}}}

EDITS: list[JsonDict] = [
    BEFORE,
    _with_segments(_OFTEN, _STEPS),
    _with_segments(_HELD_FOR, _FIRST_PAGE),
    _with_segments(_HELD_FOR, _FIRST_PAGE, _COUNTED),
    AFTER,
    _with_segments(_LAST_PAGE, _COUNTED, _STEPS, {**_HELD_FOR, "paused": True}),
]
"""The releases in order: most need a back-fill; the fourth comes right after the third."""

EDIT_POINTS = (0.0, 0.2, 0.4, 0.4, 0.6, 0.8)
"""The fraction of the events after which each release comes."""

_encode = msgspec.json.Encoder().encode
_TYPES = {
    WEB_VISITS.name: 58,
    CONTACT_CHANGES.name: 14,
    SCORING_EVENTS.name: 12,
    LEAD_COMMANDS.name: 8,
    SEGMENT_COMMANDS.name: 5,
    CRM_RESULTS.name: 3,
}
_PATHS = ("/", "/docs", "/pricing", "/pricing/teams", "/blog")


def messages(count: int, rng: random.Random, now: Any) -> Iterator[TopicMessage]:
    """Yields `count` messages, one in 100 invalid and one in 50 a repeat; `now()` returns the wall clock in ms."""
    recent: list[TopicMessage] = []
    for number in range(count):
        if number % 100 == 99:
            yield _invalid_message(number, rng, now())
        elif recent and number % 50 == 17:
            yield rng.choice(recent)
        else:
            message = _event(number, rng, now())
            recent = [*recent[-200:], message]
            yield message


def random_contact(rng: random.Random, now: int) -> str:
    """Returns a random contact, mostly of the present wave."""
    wave = now // WAVE_MS % WAVES if rng.random() < 0.9 else rng.randrange(WAVES)
    return f"c{rng.randrange(CONTACTS // WAVES) * WAVES + wave}"


def _event(number: int, rng: random.Random, now: int) -> TopicMessage:
    contact = random_contact(rng, now)
    (topic,) = rng.choices(list(_TYPES), list(_TYPES.values()))
    event = {
        "id": f"e{number}",
        "contact": contact,
        "at": instant_text(now + _time_offset(rng)),
        **_event_fields(topic, rng),
    }
    return topic, contact.encode(), _encode(event)


def _time_offset(rng: random.Random) -> int:
    """Returns the distance of `at` from now (ms): mostly just before, some late, some ahead, a few too far ahead."""
    (kind,) = rng.choices(("now", "late", "ahead", "far"), (90, 7, 2.5, 0.5))
    ranges = {"now": (-300, 0), "late": (-15_000, -1_000), "ahead": (1, 2_000), "far": (400_000, 900_000)}
    return rng.randint(*ranges[kind])


def _event_fields(topic: str, rng: random.Random) -> JsonDict:
    campaign = rng.choice(("spring", "spring", "nurture", "fair", "autumn"))
    if topic == WEB_VISITS.name:
        if rng.random() < 0.15:
            return {"type": "activity.recorded", "name": rng.choice(("form", "mail"))}
        event: JsonDict = {"type": "web.visited", "url": "https://shop.example" + rng.choice(_PATHS)}
        return {**event, "campaign": campaign} if rng.random() < 0.05 else event
    if topic == CONTACT_CHANGES.name:
        return _contact_change(rng)
    if topic == SCORING_EVENTS.name:
        event = {"type": "score.adjusted", "points": rng.choice((-5, 2.5, 7, 12))}
        return {**event, **rng.choice(({}, {"campaign": campaign}, {"score": "fit"}))}
    if topic == LEAD_COMMANDS.name:
        what = rng.choice(("added", "added", "qualified", "rejected", "removed", "reactivated"))
        return {"type": f"lead.{what}", "campaign": campaign, "by": "sales"}
    if topic == SEGMENT_COMMANDS.name:
        what = rng.choice(("member_added", "member_removed"))
        return {"type": f"segment.{what}", "segment": rng.choice(("vip", "vip", "big"))}
    answer: JsonDict = {"campaign": campaign, "hand_over": "h", "number": [0, rng.randrange(1_000), 0]}
    outcomes: list[JsonDict] = [
        {"type": "crm.linked", "record": "00Q1"},
        {"type": "crm.failed", "code": "REQUIRED_FIELD_MISSING"},
        {"type": "crm.outcome", "outcome": "won", "opportunity": "0061"},
    ]
    return {**answer, **rng.choice(outcomes)}


def _contact_change(rng: random.Random) -> JsonDict:
    if rng.random() < 0.1:
        return {"type": "contact.deleted"}
    if rng.random() < 0.3:
        return {"type": "contact.changed", "status": rng.choice(("active", "active", "inactive", "bounced"))}
    employees = rng.choice((5, 40, 60, 900, None, "many"))
    return {"type": "contact.changed", "properties": {"employees": employees, "city": rng.choice(("Ulm", "Nice"))}}


def _invalid_message(number: int, rng: random.Random, now: int) -> TopicMessage:
    contact, at = random_contact(rng, now), instant_text(now)
    whole = {"id": f"b{number}", "type": "web.visited", "at": at, "contact": contact}
    faults: list[tuple[str, bytes]] = [
        (WEB_VISITS.name, _encode(whole)[:-9]),
        (WEB_VISITS.name, b"\xff\xfe no text"),
        (WEB_VISITS.name, _encode({**whole, "id": ""})),
        (WEB_VISITS.name, _encode({**whole, "at": "yesterday"})),
        (WEB_VISITS.name, _encode({**whole, "type": "web.vanished"})),
        (CONTACT_CHANGES.name, _encode({**whole, "type": "contact.merged", "into": "c1"})),
        (SCORING_EVENTS.name, _encode({**whole, "type": "score.adjusted", "points": "ten"})),
        (LEAD_COMMANDS.name, _encode(whole)),
    ]
    topic, value = rng.choice(faults)
    return topic, contact.encode(), value
