"""What a plan says of the difference between two definitions."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from streams.definitions.plan import FROM_NOW_ON, Plan, plan
from streams.engine.checks import check

GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
BUSY = {"id": "busy", "dynamic": True, "when": {"not": {"visit": {}, "within": "7d"}}}
HOT = {"id": "hot", "when": {"points": {"gte": 10}}, "then": {"set_status": "qualified"}}


def read(**fields: Any) -> Definitions:
    definitions = check(fields).definitions
    assert definitions is not None
    return definitions


def between(before: dict[str, Any] | None, after: dict[str, Any]) -> Plan:
    return plan(None if before is None else read(**before), read(**after), 0 if before is None else 1)


def test_everything_is_new_at_first() -> None:
    first = between(None, {"segments": [GERMAN], "campaigns": [{"id": "c", "automation": [HOT]}]})
    assert first
    assert first.segments.added == ("german",)
    assert first.campaigns.added == ("c",)
    assert not first.rules, "the rules of a new campaign come with it"
    assert list(first.lines()) == [
        "account default (against nothing applied yet)",
        "  + segment german",
        "  + campaign c",
    ]


def test_the_same_said_otherwise_changes_nothing() -> None:
    before = {"segments": [{**BUSY, "when": {"visit": {}, "within": "7d"}}]}
    after = {"segments": [{**BUSY, "when": {"visit": {}, "within": "168h"}}]}
    same = between(before, after)
    assert not same
    assert list(same.lines()) == ["account default (against release 1)", "  nothing would change"]


def test_added_changed_and_removed_are_named() -> None:
    before = {
        "plan": "premium",
        "properties": {"size": "number", "old": "text"},
        "segments": [GERMAN, {"id": "vip"}],
        "campaigns": [{"id": "c", "automation": [HOT, {**HOT, "id": "gone"}]}],
    }
    after = {
        "plan": "enterprise",
        "properties": {"size": "text", "new": "date"},
        "segments": [{**GERMAN, "name": "Germans"}, {"id": "new"}],
        "campaigns": [{"id": "c", "automation": [{**HOT, "when": {"points": {"gte": 20}}}, {**HOT, "id": "more"}]}],
    }
    difference = between(before, after)
    assert difference.described() == {
        "account": "default",
        "based_on": 1,
        "changes": True,
        "segments": {"added": ["new"], "changed": ["german"], "removed": ["vip"]},
        "campaigns": {"added": [], "changed": ["c"], "removed": []},
        "rules": {"added": ["c/more"], "changed": ["c/hot"], "removed": ["c/gone"]},
        "properties": {"added": ["new"], "changed": ["size"], "removed": ["old"]},
        "settings": ["plan: premium -> enterprise"],
        "notes": [],
        "warnings": [],
    }


def test_a_new_condition_on_activity_says_that_the_past_does_not_count() -> None:
    scoring = {"id": "pricing", "when": {"visit": {"path": {"eq": "/pricing"}}}, "points": 1}
    unchanged = {"segments": [BUSY, GERMAN]}
    difference = between(unchanged, {**unchanged, "campaigns": [{"id": "c", "scoring": [scoring]}]})
    assert difference.notes == (f"rule c/pricing {FROM_NOW_ON}",)
    changed = between(unchanged, {"segments": [{**BUSY, "when": {"visit": {}, "within": "8d"}}, GERMAN]})
    assert changed.notes == (f"segment busy {FROM_NOW_ON}",)
    assert between(None, {"segments": [GERMAN]}).notes == ()
