"""What a plan says of the difference between two definitions."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from streams.definitions.diff import BACKFILL_NOTE, DefinitionsDiff, diff_definitions
from streams.engine.validation import validate_definitions

GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
BUSY = {"id": "busy", "dynamic": True, "when": {"not": {"visit": {}, "within": "7d"}}}
HOT = {"id": "hot", "when": {"points": {"gte": 10}}, "then": {"set_status": "qualified"}}


def read(**fields: Any) -> Definitions:
    definitions = validate_definitions(fields).definitions
    assert definitions is not None
    return definitions


def between(before: dict[str, Any] | None, after: dict[str, Any]) -> DefinitionsDiff:
    return diff_definitions(None if before is None else read(**before), read(**after), 0 if before is None else 1)


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
    assert difference.to_dict() == {
        "account": "default",
        "based_on": 1,
        "changes": True,
        "segments": {"added": ["new"], "changed": ["german"], "removed": ["vip"]},
        "campaigns": {"added": [], "changed": ["c"], "removed": []},
        "rules": {"added": ["c/more"], "changed": ["c/hot"], "removed": ["c/gone"]},
        "properties": {"added": ["new"], "changed": ["size"], "removed": ["old"]},
        "settings": ["plan: premium -> enterprise"],
        "details": {
            "segment german": ["name: none -> Germans"],
            "rule c/hot": ["another condition"],
            "property size": ["number -> text"],
        },
        "notes": [],
        "warnings": [],
    }


def test_what_asks_of_the_past_says_that_it_is_counted_first() -> None:
    unchanged = {"segments": [BUSY, GERMAN]}
    rules = [{"id": "often", "when": {"visit": {}, "count": {"gte": 3}}, "then": {"set_status": "qualified"}}]
    difference = between(unchanged, {**unchanged, "campaigns": [{"id": "c", "automation": rules}]})
    assert difference.notes == (f"rule c/often {BACKFILL_NOTE}",)
    changed = between(unchanged, {"segments": [{**BUSY, "when": {"visit": {}, "within": "8d"}}, GERMAN]})
    assert changed.notes == (f"segment busy {BACKFILL_NOTE}",)
    held = {"id": "settled", "dynamic": True, "when": {"property": "city", "eq": "Bonn", "held_for": "5d"}}
    assert between(unchanged, {"segments": [BUSY, GERMAN, held]}).notes == (f"segment settled {BACKFILL_NOTE}",)


def test_what_is_kept_already_is_not_counted_again() -> None:
    copied = {"segments": [BUSY, {**BUSY, "id": "copy"}]}
    assert between({"segments": [BUSY]}, copied).notes == ()
    assert between(None, {"segments": [GERMAN]}).notes == ()


def test_a_rule_that_scores_every_match_asks_nothing_of_the_past() -> None:
    scoring = {"id": "pricing", "when": {"visit": {"path": {"eq": "/pricing"}}}, "points": 1}
    assert between(None, {"campaigns": [{"id": "c", "scoring": [scoring]}]}).notes == ()


def test_edits_are_told_in_words() -> None:
    before = {"segments": [GERMAN, BUSY, {"id": "vip"}], "campaigns": [{"id": "c", "audience": ["german"]}]}
    after = {
        "segments": [
            {**GERMAN, "description": "From there", "paused": True},
            {"id": "busy"},
            {**BUSY, "id": "vip", "statuses": ["active", "bounced"]},
            {**GERMAN, "id": "copy"},
        ],
        "campaigns": [{"id": "c", "audience": ["vip"], "paused": True, "half_life": "3d"}],
    }
    assert list(between(before, after).difference_lines()) == [
        "+ segment copy (the condition of german)",
        "~ segment german (paused: frozen as it is; described anew)",
        "~ segment busy (dynamic -> static: keeps its members as the list)",
        "~ segment vip (static -> dynamic: drops its list; statuses: active -> active, bounced)",
        "~ campaign c (paused: takes no leads, runs no rules; audience: german -> vip; another half-life)",
    ]
    back = list(between(after, before).difference_lines())
    assert "~ segment german (resumed: catches up; described anew)" in back
    assert (
        "~ campaign c (resumed: takes leads and runs rules again; audience: vip -> german; another half-life)" in back
    )
