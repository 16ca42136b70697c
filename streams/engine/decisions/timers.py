"""Finds the next instant at which time alone may change something of a contact."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.decisions.audiences import in_audience
from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.hand_overs.consent import consent_due
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.state.contact import Lead
from streams.engine.state.points import first_crossing


def next_due(context: DecisionContext) -> int | None:
    """The earliest due instant after the decision's; None when nothing is due any more."""
    due = context.truths.next_due()
    if context.release.has_own_instants:
        due = _earlier(due, context.truths.held_timers.next_due())
        if context.release.mapping.is_consent_timed:
            due = _earlier(due, consent_due(context.release, context.evaluation_context))
    if context.release.campaigns:
        now = context.now
        dues = (each for each in _campaign_dues(context) if each is not None and each > now)
        due = _earlier(due, min(dues, default=None))
    return due


def _earlier(first: int | None, second: int | None) -> int | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)


def _campaign_dues(context: DecisionContext) -> Iterator[int | None]:
    for campaign in context.release.campaign_index.starting:
        if campaign.start is not None and campaign.start > context.now and _awaits_start(context, campaign):
            yield campaign.start
    for campaign in context.campaigns_with_leads():
        lead = context.open_lead(campaign)
        if lead is not None:
            yield from _lead_dues(context, campaign, lead)


def _awaits_start(context: DecisionContext, campaign: CompiledCampaign) -> bool:
    """Returns whether the campaign's start concerns the contact: it becomes a lead then, or is one."""
    return campaign.id in context.contact.leads or in_audience(context.contact, campaign)


def _lead_dues(context: DecisionContext, campaign: CompiledCampaign, lead: Lead) -> Iterator[int | None]:
    half_life = campaign.definition.half_life
    if half_life is not None:
        lead_context = context.lead_contexts.get(campaign.id)
        before_decay = None if lead_context is None else lead_context.points_before_decay
        points, since = before_decay or (lead.points, lead.decayed)
        yield first_crossing(points, since, context.now, half_life, campaign.thresholds)
    if not campaign.is_in_period(context.now):
        return
    evaluation_context = context.evaluation_context_for(lead)
    for scoring in campaign.scoring:
        if scoring.is_time_dependent and scoring.activity_filter is None:
            yield scoring.condition.node.due(evaluation_context)
    if not campaign.definition.paused:
        for rule in campaign.automation:
            if rule.is_time_dependent:
                yield rule.condition.node.due(evaluation_context)
