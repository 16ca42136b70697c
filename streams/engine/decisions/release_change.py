"""Adapts a contact's state to a new release before the contact is settled under it (SPEC sections 4, 7, 9)."""

from __future__ import annotations

from collections.abc import Mapping

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.counters import discard_counters
from streams.engine.decisions.held_for import discard_held_states
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.leads import keep_points_within_bounds
from streams.engine.releases.compiled import CompiledAutomation, CompiledCampaign, CompiledRelease, CompiledScoring
from streams.engine.state.contact import Contact


def switch_release(context: DecisionContext, former: CompiledRelease, release: CompiledRelease) -> None:
    """Puts the decision under the new release; settling then emits the differences only."""
    is_raised = former.engine_version != release.engine_version
    former_truths = _truths_by_campaign(context, former) if is_raised else {}
    context.release = release
    contact = context.contact
    _change_lists(contact, former, release)
    _discard_segments(contact, release)
    discard_counters(contact, {counter.key for counter in release.counters})
    discard_held_states(contact, release)
    for campaign in release.campaigns:
        if campaign.id in contact.leads:
            former_campaign = former.campaigns_by_id.get(campaign.id)
            _change_campaign(context, former_campaign, campaign, former_truths.get(campaign.id, {}))


def _truths_by_campaign(context: DecisionContext, former: CompiledRelease) -> dict[str, dict[str, bool]]:
    """Campaign of an open lead -> key of a rule -> whether its condition holds now by the former release."""
    truths: dict[str, dict[str, bool]] = {}
    for campaign in former.campaigns:
        lead = context.open_lead(campaign)
        if lead is not None:
            seen = context.evaluation_context_for(lead)
            truths[campaign.id] = {
                key: rule.condition.node.holds(seen)
                for key, rule in _rules_by_key(campaign).items()
                if not rule.condition.is_filter_only
            }
    return truths


def _change_lists(contact: Contact, former: CompiledRelease, release: CompiledRelease) -> None:
    """A segment that became static lists its members; one that became dynamic loses its list."""
    listed: list[str] = []
    for segment in release.segments:
        if segment.dynamic:
            continue
        former_segment = former.segments_by_id.get(segment.id)
        was_dynamic = former_segment is not None and former_segment.dynamic
        if segment.id in (contact.members if was_dynamic else contact.listed):
            listed.append(segment.id)
    contact.listed = listed


def _discard_segments(contact: Contact, release: CompiledRelease) -> None:
    for name in [name for name in contact.members if name not in release.segments_by_id]:
        del contact.members[name]


def _change_campaign(
    context: DecisionContext,
    former: CompiledCampaign | None,
    campaign: CompiledCampaign,
    former_truths: Mapping[str, bool],
) -> None:
    """New rules start from the present truth, unless they apply to existing leads.

    So do rules whose condition another engine version judges otherwise than the former one (`former_truths`).
    """
    lead = context.contact.leads[campaign.id]
    if lead.status not in OPEN_STATUSES:
        return
    lead.decayed = context.now  # points decay under the new release from here on
    keep_points_within_bounds(context, campaign.id, context.root_cause)
    lead_context = context.lead_context(campaign.id)
    former_rules, rules = _rules_by_key(former), _rules_by_key(campaign)
    for key, rule in rules.items():
        if isinstance(rule, CompiledAutomation) and rule.rule.apply_to_existing:
            continue
        former_rule = former_rules.get(key)
        if former_rule is None or former_rule.rule.when != rule.rule.when:
            lead_context.rules_without_baseline.add(key)
        elif key in former_truths:
            lead_context.former_meaning[key] = former_truths[key]
    for key in [key for key in lead.truths if key not in rules]:
        del lead.truths[key]


def _rules_by_key(campaign: CompiledCampaign | None) -> dict[str, CompiledScoring | CompiledAutomation]:
    """Key in `Lead.truths` -> rule."""
    if campaign is None:
        return {}
    return {rule.key: rule for rule in campaign.scoring} | {rule.id: rule for rule in campaign.automation}
