"""Adapts a contact's state to a new release before the contact is settled under it (SPEC sections 4, 7, 9)."""

from __future__ import annotations

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.counters import discard_counters
from streams.engine.decisions.held_for import discard_held_states
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.leads import keep_points_within_bounds
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.releases.compiled_campaigns import CompiledAutomation, CompiledCampaign, CompiledScoring
from streams.engine.state.contact import Contact


def switch_release(context: DecisionContext, former: CompiledRelease, release: CompiledRelease) -> None:
    """Puts the decision, which has the truths of the new release already, under it; settling then emits the
    differences only.
    """
    context.release = release
    context.was_forbidden = None  # what another condition says of the contact is nothing that happened to it
    contact = context.contact
    _change_lists(contact, former, release)
    _discard_segments(context)
    discard_counters(contact, release.counter_keys)
    discard_held_states(contact, release)
    is_raised = former.engine_version != release.engine_version
    for campaign in release.campaigns:
        if campaign.id in contact.leads:
            former_campaign = former.campaigns_by_id.get(campaign.id)
            _change_campaign(context, former_campaign, campaign, is_raised=is_raised)


def _change_lists(contact: Contact, former: CompiledRelease, release: CompiledRelease) -> None:
    """A segment that became static lists its members; one that became dynamic loses its list."""
    listed: list[str] = []
    for segment in release.static_segments:
        former_segment = former.segments_by_id.get(segment.id)
        was_dynamic = former_segment is not None and former_segment.dynamic
        if segment.id in (contact.members if was_dynamic else contact.listed):
            listed.append(segment.id)
    contact.listed = listed


def _discard_segments(context: DecisionContext) -> None:
    members = context.contact.members
    for name in [name for name in members if name not in context.release.segments_by_id]:
        context.members_before[name] = members.pop(name)


def _change_campaign(
    context: DecisionContext, former: CompiledCampaign | None, campaign: CompiledCampaign, *, is_raised: bool
) -> None:
    """New rules start from the present truth, unless they apply to existing leads.

    With another engine version (`is_raised`) every rule is a new one, since its condition may mean something else.
    But what a campaign that does not run has yet to fire stays to be fired when it does.
    """
    lead = context.contact.leads[campaign.id]
    if lead.status not in OPEN_STATUSES:
        return
    lead.decayed = context.now  # points decay under the new release from here on
    keep_points_within_bounds(context, campaign.id, context.root_cause)
    without_baseline = context.lead_context(campaign.id).rules_without_baseline
    former_rules, rules = _rules_by_key(former), _rules_by_key(campaign)
    for key, rule in rules.items():
        former_rule = former_rules.get(key)
        if former is None or former_rule is None or former_rule.rule.when != rule.rule.when:
            is_new = True
        else:
            is_new = is_raised and _is_decided(former, former_rule, context.now)
        if is_new and not (isinstance(rule, CompiledAutomation) and rule.rule.apply_to_existing):
            without_baseline.add(key)
    for key in [key for key in lead.truths if key not in rules]:
        del lead.truths[key]


def _is_decided(campaign: CompiledCampaign, rule: CompiledScoring | CompiledAutomation, now: int) -> bool:
    """Returns whether the rule's truth is followed at `now`; else it is that of an earlier instant."""
    return campaign.is_in_period(now) if isinstance(rule, CompiledScoring) else campaign.is_running(now)


def _rules_by_key(campaign: CompiledCampaign | None) -> dict[str, CompiledScoring | CompiledAutomation]:
    """Key in `Lead.truths` -> rule."""
    if campaign is None:
        return {}
    return {rule.key: rule for rule in campaign.scoring} | {rule.id: rule for rule in campaign.automation}
