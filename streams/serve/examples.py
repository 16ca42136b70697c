"""An answer of each route, as the OpenAPI document shows it; a test holds each against its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INSTANT = "2026-03-01T09:30:00.000Z"
_API = "/api/v1"

_LEAD = {
    "contact": "ada",
    "campaign": "spring-trial",
    "status": "qualified",
    "points": 105,
    "made": "2026-03-01T08:00:00.000Z",
    "changed": _INSTANT,
    "crm": {"outcome": "open"},
}
_CHANGE = {
    "type": "segment.entered",
    "id": "6b1f7c2d9e",
    "account": "default",
    "contact": "ada",
    "segment": "vip",
    "at": _INSTANT,
    "number": {"partition": 2, "offset": 41, "ordinal": 0},
    "cause": {"kind": "command", "event": "b4c0f6a2", "release": 3},
}
_REVENUE = {
    "campaign": "spring-trial",
    "currency": "EUR",
    "won": {"count": 1, "amount": "12000.00"},
    "open": {"count": 2, "amount": "30000.00"},
    "lost": {"count": 0, "amount": "0"},
}
_STATUSES = {"active": 40, "qualified": 7, "rejected": 12, "duplicate": 1, "deleted": 3}
_SEGMENT = {
    "segment": "hot-emea",
    "name": "Hot EMEA",
    "description": "",
    "kind": "dynamic",
    "paused": False,
    "members": 128,
    "defined": True,
}
_CAMPAIGN = {
    "campaign": "spring-trial",
    "name": "Spring trial",
    "description": "",
    "paused": False,
    "audience": ["hot-emea"],
    "period": {"from": "2026-03-01", "to": "2026-06-01"},
    "statuses": _STATUSES,
    "handed_over": 7,
    "revenue": [_REVENUE],
    "defined": True,
}
_VIEWS = {
    "generation": 1,
    "built": _INSTANT,
    "rebuild": None,
    "partitions": [
        {
            "topic": "segment-members",
            "partition": 0,
            "position": 1042,
            "end": 1042,
            "lag": 0,
            "lag_seconds": 0,
            "as_of": _INSTANT,
        }
    ],
}

_NO_NAMES: Mapping[str, list[str]] = {"added": [], "changed": [], "removed": []}


def _command_answer(event_type: str, topic: str) -> dict[str, Any]:
    position = {"contact": "ada", "topic": topic, "partition": 1, "offset": 87}
    return {"id": "b4c0f6a2-qualify-ada", "type": event_type, "events": [position]}


_LETTER = {
    "letter": "0:41",
    "at": _INSTANT,
    "code": "no_lead",
    "message": "there is no lead in campaign spring-trial",
    "source": {"topic": "lead-commands", "partition": 1, "offset": 87},
    "account": "default",
    "contact": "ada",
    "key": "ada",
    "event": {"type": "lead.qualified", "id": "b4c0f6a2", "contact": "ada", "campaign": "spring-trial"},
    "headers": {},
    "retried": None,
}

ANSWERS: Mapping[tuple[str, str], Any] = {
    (f"{_API}/accounts", "get"): ["default"],
    (f"{_API}/contacts", "get"): {"total": 2, "contacts": ["ada", "bob"], "next": None},
    (f"{_API}/contacts/{{contact}}", "get"): {
        "account": "default",
        "contact": "ada",
        "status": "active",
        "properties": {"email": "ada@example.com", "country": "DE"},
        "score": 12,
        "scores": {},
        "created": "2026-02-20T10:00:00.000Z",
        "last_seen": _INSTANT,
        "memberships": [{"segment": "vip", "since": _INSTANT}],
        "leads": [_LEAD],
    },
    (f"{_API}/contacts/{{contact}}/timeline", "get"): {"contact": "ada", "changes": [_CHANGE], "since": None},
    (f"{_API}/contacts/{{contact}}/why", "get"): {
        "account": "default",
        "contact": "ada",
        "known": True,
        "status": "active",
        "at": _INSTANT,
        "source": "state",
        "release": 3,
        "segment": "hot-emea",
        "member": True,
        "since": _INSTANT,
        "next_change": "2026-03-08T09:30:00.000Z",
        "dynamic": True,
        "paused": False,
        "reasons": ["the condition is true"],
        "condition": {
            "all": [
                {"leaf": {"property": "country", "in": ["DE", "FR"]}, "holds": True, "value": "DE"},
                {
                    "leaf": {"visit": {}, "count": {"gte": 1}, "within": "168h"},
                    "holds": True,
                    "count": 1,
                    "instants": [_INSTANT],
                    "next_change": "2026-03-08T09:30:00.000Z",
                },
            ],
            "holds": True,
            "next_change": "2026-03-08T09:30:00.000Z",
        },
        "flags": [],
        "notes": [],
    },
    (f"{_API}/segments", "get"): {"release": 3, "segments": [_SEGMENT]},
    (f"{_API}/segments/{{segment}}", "get"): {
        **_SEGMENT,
        "release": 3,
        "statuses": ["active"],
        "when": {"property": "country", "in": ["DE", "FR"]},
    },
    (f"{_API}/segments/{{segment}}/members", "get"): {
        "segment": "hot-emea",
        "total": 128,
        "members": [{"contact": "ada", "since": _INSTANT}],
        "next": "WyIxNzcyMzU3NDAwMDAwIiwiYWRhIl0",
    },
    (f"{_API}/segments/{{segment}}/sizes", "get"): {
        "segment": "hot-emea",
        "step": "hour",
        "members": 128,
        "points": [{"at": "2026-03-01T09:00:00.000Z", "entered": 3, "exited": 1, "size": 128}],
        "since": None,
    },
    (f"{_API}/leads", "get"): {
        "campaign": "spring-trial",
        "status": "qualified",
        "total": 7,
        "leads": [_LEAD],
        "next": None,
    },
    (f"{_API}/campaigns", "get"): {"release": 3, "campaigns": [_CAMPAIGN]},
    (f"{_API}/campaigns/{{campaign}}", "get"): {
        **_CAMPAIGN,
        "release": 3,
        "funnel": {
            "campaign": "spring-trial",
            "statuses": _STATUSES,
            "handed_over": 7,
            "open": 2,
            "won": 1,
            "lost": 0,
        },
        "points": {
            "campaign": "spring-trial",
            "leads": 60,
            "bands": [{"least": None, "below": 50, "leads": 48}, {"least": 50, "below": None, "leads": 12}],
        },
        "definition": {"id": "spring-trial", "audience": ["hot-emea"]},
    },
    (f"{_API}/changes", "get"): {
        "changes": [{"position": "1772357400000-0", "record": _CHANGE}],
        "last": "1772357400000-0",
        "missed": False,
    },
    (f"{_API}/changes/stream", "get"): (
        'retry: 1000\n\nid: 1772357400000-0\nevent: change\ndata: {"type":"segment.entered","contact":"ada"}\n\n'
    ),
    (f"{_API}/search", "post"): {
        "account": "default",
        "release": 3,
        "scanned": 5000,
        "journal_scanned": False,
        "count": 128,
        "estimate": 128,
        "partial": False,
        "by_status": {"active": 128},
        "sample": [{"contact": "ada", "status": "active", "first_name": "Ada"}],
        "warnings": [],
    },
    (f"{_API}/definitions", "get"): {
        "account": "default",
        "number": 3,
        "hash": "9f2c",
        "arrival": _INSTANT,
        "engine_version": 4,
        "definitions": {"segments": [{"id": "vip", "name": "VIPs"}]},
        "text": "segments:\n- id: vip\n  name: VIPs\n",
    },
    (f"{_API}/definitions/history", "get"): {
        "account": "default",
        "partitions": 4,
        "releases": [
            {
                "number": 1,
                "offset": 0,
                "id": "release-5f0c",
                "hash": "9f2c",
                "at": None,
                "arrival": _INSTANT,
                "changes": ["+ segment vip"],
                "decides_in": 4,
                "counted_in": 0,
            }
        ],
        "void": [],
    },
    (f"{_API}/definitions/plan", "post"): {
        "accounts": [
            {
                "account": "default",
                "based_on": 3,
                "lines": ["account default (against release 3)", "  + segment vip"],
                "plan": {
                    "account": "default",
                    "based_on": 3,
                    "changes": True,
                    "segments": {"added": ["vip"], "changed": [], "removed": []},
                    "campaigns": _NO_NAMES,
                    "rules": _NO_NAMES,
                    "properties": _NO_NAMES,
                    "settings": [],
                    "details": {},
                    "notes": [],
                    "warnings": [],
                    "preview": {
                        "scanned": 5000,
                        "journal_scanned": False,
                        "partitions_behind": 0,
                        "segments": {
                            "vip": {
                                "enter": {"count": 1, "sample": ["ada"]},
                                "leave": {"count": 0, "sample": []},
                            }
                        },
                        "campaigns": {},
                        "missing_values": [],
                        "mismatches": [],
                    },
                },
            }
        ]
    },
    (f"{_API}/dead-letters", "get"): {
        "count": 1,
        "retried": 0,
        "by_code": {"no_lead": 1},
        "letters": [_LETTER],
        "next": None,
    },
    (f"{_API}/dead-letters/{{letter}}", "get"): {
        **_LETTER,
        "meaning": "the contact has no lead in the campaign",
        "advice": "make the contact a lead first (`leads add`), then `retry`",
        "hindrance": None,
    },
    (f"{_API}/dead-letters/{{letter}}/retry", "post"): {"sent": True, "id": "retry-5f0c"},
    (f"{_API}/workers", "get"): {
        "broker": "127.0.0.1:9092",
        "prefix": "",
        "deployment": {"clock": "wall", "partitions": 4},
        "topics": {"fit": 30, "count": 30, "problems": []},
        "workers": [
            {"role": "pipeline", "name": "w0", "host": "10.0.0.7", "process": "w0-4f1c on w0", "slots": [0, 1, 2, 3]},
            {
                "role": "views",
                "name": "w0-views",
                "host": "10.0.0.7",
                "process": "w0-views-91ab on w0",
                "slots": [0, 1],
                "partitions": 14,
                "group": "leadstream-views",
            },
        ],
        "salesforce": {
            "configured": False,
            "workers": 0,
            "waiting": {"records": 0, "exact": True},
            "stopped": [],
            "paused": [],
        },
        "lag": [{"topic": "web-visits", "records": 12, "exact": True}],
        "time": {
            "tick": _INSTANT,
            "told": {},
            "reached": {},
            "held_by": {"partition": "web-visits:1", "claim": _INSTANT, "worker": "w0", "reason": ""},
            "left_out": [],
            "last_claim_written": _INSTANT,
        },
        "views": {
            "group": "leadstream-views",
            "workers": 1,
            "lag": [{"topic": "contacts", "records": 0}],
            "others": [],
        },
        "dead_letters": {"count": 1, "by_code": {"no_lead": 1}, "complete": True},
    },
    (f"{_API}/health", "get"): {"status": "ok"},
    (f"{_API}/views", "get"): _VIEWS,
    (f"{_API}/events", "post"): _command_answer("contact.changed", "contact-changes"),
    **{
        (f"{_API}/leads/{verb}", "post"): _command_answer(f"lead.{past}", "lead-commands")
        for verb, past in (
            ("qualify", "qualified"),
            ("reject", "rejected"),
            ("remove", "removed"),
            ("add", "added"),
            ("reactivate", "reactivated"),
        )
    },
    (f"{_API}/segments/add", "post"): _command_answer("segment.member_added", "segment-commands"),
    (f"{_API}/segments/remove", "post"): _command_answer("segment.member_removed", "segment-commands"),
}
"""(Path, method) -> the answer."""
