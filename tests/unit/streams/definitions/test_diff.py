"""The differences between two definitions, as a plan shows them."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from streams.definitions.diff import BACKFILL_NOTE, DefinitionsDiff, diff_definitions
from streams.engine.validation import validate_definitions

GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
BUSY = {"id": "busy", "dynamic": True, "when": {"not": {"visit": {}, "within": "7d"}}}
HOT = {"id": "hot", "when": {"points": {"gte": 10}}, "then": {"set_status": "qualified"}}


def parse(**fields: Any) -> Definitions:
    definitions = validate_definitions(fields).definitions
    assert definitions is not None
    return definitions


def diff(before: dict[str, Any] | None, after: dict[str, Any]) -> DefinitionsDiff:
    return diff_definitions(None if before is None else parse(**before), parse(**after), 0 if before is None else 1)


def test_everything_is_new_at_first() -> None:
    first = diff(None, {"segments": [GERMAN], "campaigns": [{"id": "c", "automation": [HOT]}]})
    assert first
    assert first.segments.added == ("german",)
    assert first.campaigns.added == ("c",)
    assert not first.rules, "the rules of a new campaign come with it"
    assert list(first.lines()) == [
        "account default (against nothing applied yet)",
        "  + segment german",
        "  + campaign c",
    ]


def test_a_changed_mapping_names_its_parts_and_what_is_counted_from_the_journal() -> None:
    silent = {"do_not_sync": {"visit": {"path": {"eq": "/opt-out"}}, "within": "30d"}}
    fields = {"lead_fields": {"Company": {"property": "company"}}}
    changed = diff({"salesforce": fields}, {"salesforce": {**fields, **silent, "match": ["email"]}})
    assert changed.settings == ("salesforce: another match, do_not_sync",)
    assert changed.notes == (f"salesforce do_not_sync {BACKFILL_NOTE}",)
    assert diff({}, {"salesforce": {}}).settings == ("salesforce: an empty mapping comes or goes",)


def test_the_same_condition_in_other_words_changes_nothing() -> None:
    before = {"segments": [{**BUSY, "when": {"visit": {}, "within": "7d"}}]}
    after = {"segments": [{**BUSY, "when": {"visit": {}, "within": "168h"}}]}
    same = diff(before, after)
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
    difference = diff(before, after)
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


def test_a_condition_on_the_past_notes_that_it_is_counted_first() -> None:
    base = {"segments": [BUSY, GERMAN]}
    rules = [{"id": "often", "when": {"visit": {}, "count": {"gte": 3}}, "then": {"set_status": "qualified"}}]
    difference = diff(base, {**base, "campaigns": [{"id": "c", "automation": rules}]})
    assert difference.notes == (f"rule c/often {BACKFILL_NOTE}",)
    changed = diff(base, {"segments": [{**BUSY, "when": {"visit": {}, "within": "8d"}}, GERMAN]})
    assert changed.notes == (f"segment busy {BACKFILL_NOTE}",)
    settled = {"id": "settled", "dynamic": True, "when": {"property": "city", "eq": "Bonn", "held_for": "5d"}}
    assert diff(base, {"segments": [BUSY, GERMAN, settled]}).notes == (f"segment settled {BACKFILL_NOTE}",)


def test_what_rows_track_already_is_not_counted_again() -> None:
    after = {"segments": [BUSY, {**BUSY, "id": "copy"}]}
    assert diff({"segments": [BUSY]}, after).notes == ()
    assert diff(None, {"segments": [GERMAN]}).notes == ()


def test_a_rule_that_scores_every_match_needs_no_past() -> None:
    scoring = {"id": "pricing", "when": {"visit": {"path": {"eq": "/pricing"}}}, "points": 1}
    assert diff(None, {"campaigns": [{"id": "c", "scoring": [scoring]}]}).notes == ()


def test_edits_are_described_in_words() -> None:
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
    assert list(diff(before, after).difference_lines()) == [
        "+ segment copy (the condition of german)",
        "~ segment german (paused: frozen as it is; described anew)",
        "~ segment busy (dynamic -> static: keeps its members as the list)",
        "~ segment vip (static -> dynamic: drops its list; statuses: active -> active, bounced)",
        "~ campaign c (paused: takes no leads, runs no rules; audience: german -> vip; another half-life)",
    ]
    back = list(diff(after, before).difference_lines())
    assert "~ segment german (resumed: catches up; described anew)" in back
    assert (
        "~ campaign c (resumed: takes leads and runs rules again; audience: vip -> german; another half-life)" in back
    )


def test_bounds_of_points_and_new_actions_are_named() -> None:
    before = {"campaigns": [{"id": "c", "points_between": [0, 100], "automation": [HOT]}]}
    then = {"set_points": 0, "notify": "sales"}
    after = {"campaigns": [{"id": "c", "points_between": [-0.5, 50], "automation": [{**HOT, "then": then}]}]}
    assert list(diff(before, after).difference_lines()) == [
        "~ campaign c (points_between: [0, 100] -> [-0.5, 50])",
        "~ rule c/hot (does something else)",
    ]
    unbound = {"campaigns": [{"id": "c", "automation": [HOT]}]}
    assert "~ campaign c (points_between: none -> [0, 100])" in diff(unbound, before).difference_lines()
