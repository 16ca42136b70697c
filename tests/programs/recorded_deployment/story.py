"""What happened in a recorded deployment: two accounts, every kind of leaf and rule, values as web forms write them.

The same in every recording, so that recordings of two engines can be compared.
"""

from __future__ import annotations

import random
from typing import Any

from schemas.values import instant_text

START = 1_767_225_600_000
"""2026-01-01T00:00:00Z in ms."""
HOUR, DAY = 3_600_000, 86_400_000
CONTACTS = 40
EVENTS = 600
PARTITIONS = 3

FIRST: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "properties": {"size": "number", "ends_on": "date", "seen_at": "datetime"},
    "segments": [
        {"id": "list"},
        {"id": "big", "dynamic": True, "when": {"property": "size", "gte": 50, "held_for": "1d"}},
        {"id": "five", "dynamic": True, "when": {"property": "plan", "gte": 5}},
        {"id": "cafe", "dynamic": True, "when": {"property": "city", "eq": "Café"}},
        {"id": "ending", "dynamic": True, "when": {"property": "ends_on", "eq": "now+10d"}},
        {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}, "within": "2d"}},
        {"id": "buyers", "dynamic": True, "when": {"activity": {"amount": {"gte": 20}}, "within": "10d"}},
        {"id": "titled", "dynamic": True, "when": {"activity": {"title": {"eq": "Demo"}}}},
        {"id": "path", "dynamic": True, "when": {"sequence": [{"visit": {}}, {"activity": {}}], "within": "4d"}},
        {"id": "steady", "dynamic": True, "when": {"visit": {}, "regular": {"at_least": 2, "of": 4, "each": "1d"}}},
        {"id": "first", "dynamic": True, "when": {"visit": {}, "first": {"path": {"eq": "/a"}}, "within": "20d"}},
        {"id": "quiet", "dynamic": True, "when": {"all": [{"inactive_for": "5d"}, {"not": {"segment": "big"}}]}},
    ],
    "campaigns": [
        {
            "id": "spring",
            "audience": ["busy", "list"],
            "half_life": "5d",
            "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 10, "at_most": {"times": 4, "per": "1d"}}],
            "automation": [
                {"id": "hot", "when": {"points": {"gte": 30}}, "then": {"set_status": "qualified", "add_points": 7}},
                {"id": "keep", "when": {"segment": "buyers"}, "then": {"add_to_segment": "list"}},
            ],
        }
    ],
}
SECOND: dict[str, Any] = {
    **FIRST,
    "segments": [*FIRST["segments"], {"id": "often", "dynamic": True, "when": {"visit": {}, "count": {"gte": 5}}}],
}
OTHER_ACCOUNT: dict[str, Any] = {"account": "acme", "segments": FIRST["segments"][:6]}


def lines() -> list[dict[str, Any]]:
    """Everything that was published, in order, as `publish` reads it."""
    chance = random.Random(3)
    now = START
    published = [_applied(FIRST, now), _applied(OTHER_ACCOUNT, now)]
    for number in range(EVENTS):
        now += chance.choice((0, 5 * 60_000, HOUR))
        if number == EVENTS // 2:
            published.append(_applied(SECOND, now))
        published.append(event(chance, f"e{number}", now))
    ends = [
        {"type": "clock.advanced", "account": name, "at": instant_text(now + DAY)} for name in ("default", "acme")
    ]
    return [*published, *ends]


def event(chance: random.Random, event_id: str, now: int) -> dict[str, Any]:
    """One random event about `now` (ms); a few are late."""
    at = now - chance.choice((0, 0, 0, 0, 2 * HOUR))
    owner = {"contact": f"c{chance.randrange(CONTACTS)}", "account": chance.choice(("default", "default", "acme"))}
    return {"id": event_id, "at": instant_text(at), **owner, **random_fields(chance, now)}


def _applied(definitions: dict[str, Any], at: int) -> dict[str, Any]:
    account = definitions.get("account", "default")
    return {"type": "definitions.applied", "account": account, "at": instant_text(at), "definitions": definitions}


def random_fields(chance: random.Random, now: int) -> dict[str, Any]:
    """Type and fields of an event about `now` (ms)."""
    kind = chance.randrange(10)
    if kind < 4:
        page = chance.choice(("/a", "/b", "/pricing?x=1"))
        return {"type": "web.visited", "url": f"https://www.example.com{page}", "title": chance.choice(("Demo", "b"))}
    if kind < 6:
        properties = {"amount": chance.choice((5, 23, "23", " 40 ", "many")), "title": chance.choice(("Demo", "x"))}
        return {"type": "activity.recorded", "name": "form", "properties": properties}
    if kind < 9:
        return {"type": "contact.changed", "properties": random_properties(chance, now)}
    return chance.choice(
        (
            {"type": "contact.changed", "status": chance.choice(("active", "active", "bounced"))},
            {"type": "score.adjusted", "points": chance.choice((5, -3, 0.5))},
            {"type": "segment.member_added", "segment": "list"},
            {"type": "lead.added", "campaign": "spring"},
        )
    )


def random_properties(chance: random.Random, now: int) -> dict[str, Any]:
    """Properties as web forms and imports write them."""
    day = instant_text(now + chance.randrange(30) * DAY)[:10]
    return {
        "plan": chance.choice((3, 7, "7", "05", " 6 ", "gold", None)),
        "size": chance.choice((5, 80)),
        "city": chance.choice(("Café", "Cafe\u0301", "CAFÉ", "Bonn")),
        "ends_on": day,
    }
