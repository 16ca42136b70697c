"""Every condition of an account's definitions, each with its owner, and what they are compiled within."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.conditions import Condition
from schemas.definitions import STANDARD_PROPERTIES, AutomationRule, Campaign, Definitions, ScoringRule
from streams.engine.conditions.activities.counts import is_filter_only
from streams.engine.conditions.protocols import CompileScope


@dataclass(frozen=True, slots=True)
class OwnedCondition:
    """A condition as definitions write it; `owner` has no other one.

    It is `segment ID`, `rule CAMPAIGN/ID` or `DO_NOT_SYNC_OWNER`.
    """

    owner: str
    condition: Condition
    is_stateful: bool = True
    """Whether its counts and held states are kept: a scoring rule for each match looks at the event alone."""


DO_NOT_SYNC_OWNER = "salesforce do_not_sync"
"""The owner of the condition under which a contact is not handed over."""


def segment_owner(segment: str) -> str:
    """The owner of a segment's condition."""
    return f"segment {segment}"


def rule_owner(campaign: str, rule: str) -> str:
    """The owner of a rule's condition; ids are unique among all rules of a campaign."""
    return f"rule {campaign}/{rule}"


def campaign_rules(campaign: Campaign) -> tuple[ScoringRule | AutomationRule, ...]:
    """The rules of a campaign: scoring first, each kind in the order of the definitions."""
    return (*campaign.scoring, *campaign.automation)


def release_conditions(definitions: Definitions) -> Iterator[OwnedCondition]:
    """Every condition: of dynamic segments, of each campaign's rules, then of the mapping to the CRM."""
    for segment in definitions.segments:
        if segment.dynamic and segment.when is not None:
            yield OwnedCondition(segment_owner(segment.id), segment.when)
    for campaign in definitions.campaigns:
        for rule in campaign_rules(campaign):
            is_stateful = not (isinstance(rule, ScoringRule) and is_filter_only(rule.when))
            yield OwnedCondition(rule_owner(campaign.id, rule.id), rule.when, is_stateful)
    if definitions.salesforce is not None and definitions.salesforce.do_not_sync is not None:
        yield OwnedCondition(DO_NOT_SYNC_OWNER, definitions.salesforce.do_not_sync)


def stateful_conditions(definitions: Definitions) -> Iterator[OwnedCondition]:
    """The conditions whose counts and held states are kept."""
    return (each for each in release_conditions(definitions) if each.is_stateful)


def build_compile_scope(definitions: Definitions) -> CompileScope:
    """What the conditions of an account are compiled within."""
    types = {**STANDARD_PROPERTIES, **definitions.properties}
    return CompileScope(definitions.time_zone, types, definitions.engine_version)
