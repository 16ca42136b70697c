"""The engine versions of one account's releases, and documents in the words of the former version."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion

RandomDocument = dict[str, Any]
MOST_RELEASES = 3

_AGGREGATES = ("sum", "average", "distinct")
_FORMER_LEAF: RandomDocument = {"visit": {}}
"""Stands in the place of a leaf that the former version does not know."""


def _raised_at(release: int) -> tuple[EngineVersion, ...]:
    return tuple(NEWEST_VERSION if number >= release else OLDEST_VERSION for number in range(MOST_RELEASES))


release_versions: st.SearchStrategy[tuple[EngineVersion, ...]] = st.sampled_from(
    [_raised_at(release) for release in (0, 0, 0, 1, 1, 2, MOST_RELEASES)]
)
"""The versions of the first releases of an account: the newest from the start, raised on the way, or never."""


def in_version(document: RandomDocument, version: EngineVersion) -> RandomDocument:
    """The document as a release of that version: without newer words, or without what only the newer one refuses.

    Conditions that both know stay as they are, so that raising the version changes nothing but their meaning.
    """
    stated = {**document, "engine_version": version}
    if version == OLDEST_VERSION:
        stated["segments"] = [_former_owner(segment) for segment in document["segments"]]
        stated["campaigns"] = [_former_campaign(campaign) for campaign in document["campaigns"]]
    else:
        stated["campaigns"] = [_newer_campaign(campaign) for campaign in document["campaigns"]]
    return stated


def _former_owner(owner: RandomDocument) -> RandomDocument:
    """A segment or a rule with its condition in the former words."""
    return {**owner, "when": former_condition(owner["when"])} if "when" in owner else owner


def _former_campaign(campaign: RandomDocument) -> RandomDocument:
    former = {key: value for key, value in campaign.items() if key != "points_between"}
    former["scoring"] = [_former_owner(rule) for rule in campaign.get("scoring", [])]
    automation = [_former_owner(rule) for rule in campaign.get("automation", [])]
    former["automation"] = [{**rule, "then": _former_actions(rule["then"])} for rule in automation]
    return former


def _former_actions(then: RandomDocument) -> RandomDocument:
    former = {action: value for action, value in then.items() if action not in ("set_points", "notify")}
    return former or {"add_points": 1}


def former_condition(condition: RandomDocument) -> RandomDocument:
    """A condition in the words of engine version 3, of the same form."""
    for junction in ("all", "any"):
        if junction in condition:
            return {junction: [former_condition(part) for part in condition[junction]]}
    if "not" in condition:
        return {"not": former_condition(condition["not"])}
    if "created" in condition:
        return _FORMER_LEAF
    kept = {key: value for key, value in condition.items() if key not in _AGGREGATES}
    leaf: RandomDocument = _without_accents(kept)
    if "regular" in leaf:
        leaf["regular"] = {key: value for key, value in leaf["regular"].items() if key != "times"}
    if "score" in leaf:
        operators = {key: value for key, value in leaf["score"].items() if key != "exists"}
        leaf["score"] = operators if operators.keys() - {"name"} else {**operators, "gte": 1}
    return leaf


def _without_accents(value: Any) -> Any:
    """Without the modifier at any depth; a field of an event with this name holds operators, not a text."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key != "accents" or not isinstance(each, str)}
        return {key: _without_accents(each) for key, each in kept.items()}
    return [_without_accents(each) for each in value] if isinstance(value, list) else value


def _newer_campaign(campaign: RandomDocument) -> RandomDocument:
    rules = [{**rule, "then": sound_actions(rule["then"], campaign["id"])} for rule in campaign.get("automation", [])]
    return {**campaign, "automation": rules}


def sound_actions(then: RandomDocument, campaign: str) -> RandomDocument:
    """A rule's actions without the second of each two that version 4 refuses beside one another."""
    refused = {
        "add_points": "set_points" in then,
        "remove_from_campaign": "set_status" in then and then.get("remove_from_campaign") == campaign,
        "remove_from_segment": "add_to_segment" in then
        and then["add_to_segment"] == then.get("remove_from_segment"),
    }
    return {action: value for action, value in then.items() if not refused.get(action, False)}
