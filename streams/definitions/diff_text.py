"""Describes for people how a segment, campaign, rule or property changes; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas.conditions import DefinitionModel
from schemas.definitions import AutomationRule, Campaign, Definitions, ScoringRule, Segment
from streams.engine.releases.conditions import campaign_rules

RuleDefinition = ScoringRule | AutomationRule

_DIFFERENCE_TEXTS = {
    "when": "another condition",
    "description": "described anew",
    "salesforce": "another Salesforce campaign or member status",
    "period": "another period",
    "half_life": "another half-life",
    "then": "does something else",
    "at_most": "another cap",
}
"""Field -> text, for fields whose values are too long to show."""

DiffDetails = dict[str, tuple[str, ...]]


def describe_differences(old: Definitions, new: Definitions) -> DiffDetails:
    """Returns `segment ID`, `campaign ID`, `rule CAMPAIGN/ID`, `property NAME` -> what changes, if anything."""
    details: dict[str, Sequence[str]] = {}
    segments = {segment.id: segment for segment in old.segments}
    for segment in new.segments:
        former = segments.get(segment.id)
        differences = _copy_source(segment, old) if former is None else list(_segment_differences(former, segment))
        details[f"segment {segment.id}"] = differences
    campaigns = {campaign.id: campaign for campaign in old.campaigns}
    for campaign in new.campaigns:
        if campaign.id in campaigns:
            details |= _campaign_differences(campaigns[campaign.id], campaign)
    for name, type_ in new.properties.items():
        if name in old.properties and old.properties[name] != type_:
            details[f"property {name}"] = [f"{old.properties[name]} -> {type_}"]
    return {name: tuple(words) for name, words in details.items() if words}


def _copy_source(segment: Segment, old: Definitions) -> list[str]:
    """Returns the old segment with the same condition as text, in a list; an empty list for none."""
    if segment.when is None:
        return []
    return [f"the condition of {each.id}" for each in old.segments if each.when == segment.when][:1]


def _segment_differences(old: Segment, new: Segment) -> Iterator[str]:
    if old.dynamic and not new.dynamic:
        yield "dynamic -> static: keeps its members as the list"
    elif new.dynamic and not old.dynamic:
        yield "static -> dynamic: drops its list"
    elif old.when != new.when:
        yield _DIFFERENCE_TEXTS["when"]
    yield from _pause_difference(old.paused, new.paused, "frozen as it is", "catches up")
    if set(old.statuses) != set(new.statuses):
        yield f"statuses: {', '.join(old.statuses)} -> {', '.join(new.statuses)}"
    yield from _field_differences(old, new, ("name", "description"))


def _campaign_differences(old: Campaign, new: Campaign) -> dict[str, list[str]]:
    """Returns the campaign's own changes and those of its rules."""
    own = [
        *_pause_difference(
            old.paused, new.paused, "takes no leads, runs no rules", "takes leads and runs rules again"
        )
    ]
    if old.audience != new.audience:
        own.append(f"audience: {_names_text(old.audience)} -> {_names_text(new.audience)}")
    fields = (
        "period",
        "half_life",
        "points_between",
        "auto_qualify",
        "leave",
        "points_changed",
        "salesforce",
        "name",
        "description",
    )
    details = {f"campaign {new.id}": [*own, *_field_differences(old, new, fields)]}
    before: dict[str, RuleDefinition] = {rule.id: rule for rule in campaign_rules(old)}
    for rule in campaign_rules(new):
        former = before.get(rule.id)
        if former is not None and former != rule:
            details[f"rule {new.id}/{rule.id}"] = list(_rule_differences(former, rule))
    return details


def _rule_differences(old: RuleDefinition, new: RuleDefinition) -> Iterator[str]:
    if type(old) is not type(new):
        yield "scores instead of acting" if isinstance(new, ScoringRule) else "acts instead of scoring"
        return
    yield from _field_differences(old, new, ("when", "points", "at_most", "then", "apply_to_existing"))


def _pause_difference(old: bool, new: bool, pause_text: str, resume_text: str) -> Iterator[str]:
    if old != new:
        yield f"paused: {pause_text}" if new else f"resumed: {resume_text}"


def _field_differences(old: DefinitionModel, new: DefinitionModel, fields: Sequence[str]) -> Iterator[str]:
    before, after = _field_values(old), _field_values(new)
    for name in fields:
        if before.get(name) != after.get(name):
            yield (
                _DIFFERENCE_TEXTS.get(name)
                or f"{name}: {_value_text(before.get(name))} -> {_value_text(after.get(name))}"
            )


def _field_values(model: DefinitionModel) -> Mapping[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_value_text(each) for each in value)}]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "none" if value in (None, "") else str(value)


def _names_text(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "nobody"
