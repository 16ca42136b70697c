"""The engine versions of one account's releases, and what a document has to leave out to be of a newer one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion

RandomDocument = dict[str, Any]
MOST_RELEASES = 3


def _raised_at(release: int) -> tuple[EngineVersion, ...]:
    return tuple(NEWEST_VERSION if number >= release else OLDEST_VERSION for number in range(MOST_RELEASES))


release_versions: st.SearchStrategy[tuple[EngineVersion, ...]] = st.sampled_from(
    [_raised_at(release) for release in (0, 0, 0, 1, 1, 2, MOST_RELEASES)]
)
"""The versions of the first releases of an account: the newest from the start, raised on the way, or never."""


def in_version(document: RandomDocument, version: EngineVersion) -> RandomDocument:
    """A document of this version or of the one before as a release of this version.

    Conditions stay as they are, so that raising the version changes nothing but their meaning.
    """
    stated = {**document, "engine_version": version}
    if version == NEWEST_VERSION:
        stated["campaigns"] = [_sound_campaign(campaign) for campaign in document["campaigns"]]
    return stated


def _sound_campaign(campaign: RandomDocument) -> RandomDocument:
    rules = [{**rule, "then": sound_actions(rule["then"], campaign["id"])} for rule in campaign.get("automation", [])]
    return {**campaign, "automation": rules}


def sound_actions(then: RandomDocument, campaign: str) -> RandomDocument:
    """A rule's actions without the second of each two that version 4 refuses beside one another."""
    refused = {
        "add_points": "set_points" in then,
        "remove_from_campaign": "set_status" in then and then.get("remove_from_campaign") == campaign,
        "remove_from_segment": "add_to_segment" in then and then["add_to_segment"] == then.get("remove_from_segment"),
    }
    return {action: value for action, value in then.items() if not refused.get(action, False)}
