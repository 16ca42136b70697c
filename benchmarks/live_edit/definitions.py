"""The definitions before any edit, and the names that traffic and edits share."""

from __future__ import annotations

from typing import Any

DefinitionsDocument = dict[str, Any]

ACCOUNT = "default"
PROBE = "probe"
"""A property that the traffic switches on and off, and the segment on it, so that each switch is a segment change."""
EVERYBODY = "everybody"
FAR_WEST, FAR_EAST = "Pacific/Pago_Pago", "Pacific/Kiritimati"
"""The two are 25 hours apart, so it is never the same day in both."""

PRICING = {"path": {"starts_with": "/pricing"}}
DOCS = {"path": {"starts_with": "/docs"}}
FORM = {"name": {"eq": "form_submitted"}}
EMAIL = {"name": {"eq": "email_clicked"}}


def dynamic(name: str, when: DefinitionsDocument, **more: Any) -> DefinitionsDocument:
    """Returns a dynamic segment."""
    return {"id": name, "dynamic": True, "when": when, **more}


def initial() -> DefinitionsDocument:
    """Returns the definitions before the first edit."""
    return {
        "account": ACCOUNT,
        "time_zone": FAR_WEST,
        "properties": {PROBE: "boolean", "employees": "number", "plan": "text", "trial_ends_on": "date"},
        "segments": [
            dynamic(PROBE, {"property": PROBE, "eq": True}, statuses=["active", "inactive", "bounced"]),
            dynamic(EVERYBODY, {"all": []}),
            dynamic("big", {"property": "employees", "gte": 50}),
            dynamic("busy", {"visit": {}, "within": "20s"}),
            dynamic("visitors", {"visit": PRICING, "count": {"gte": 3}, "within": "1h"}),
            dynamic("asleep", {"inactive_for": "20s"}),
            dynamic("target", {"all": [{"segment": "big"}, {"not": {"segment": "asleep"}}]}),
            dynamic("over", {"property": "trial_ends_on", "before": "now/d"}),
            dynamic("warm", {"score": {"gte": 10}}),
            dynamic("fans", {"activity": EMAIL, "count": {"gte": 2}, "within": "1h"}),
            dynamic("frozen", {"activity": EMAIL, "within": "30s"}),
            dynamic("former", {"visit": DOCS, "count": {"gte": 2}, "within": "1h"}),
            {"id": "vip", "name": "VIPs"},
        ],
        "campaigns": [spring()],
    }


def spring() -> DefinitionsDocument:
    """Returns the campaign that runs from the start."""
    return {
        "id": "spring",
        "audience": ["big"],
        "half_life": "1h",
        "scoring": [
            {"id": "pricing", "when": {"visit": PRICING}, "points": 10, "at_most": {"times": 3, "per": "1m"}}
        ],
        "automation": [{"id": "hot", "when": {"points": {"gte": 40}}, "then": {"set_status": "qualified"}}],
    }
