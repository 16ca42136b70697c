"""Settles segments, audiences, scoring and automation, again while something changed (SPEC section 7).

It ends by construction: in one decision each rule fires at most once and each lead is created or left at most once,
and the first round without such a change is the last.
"""

from __future__ import annotations

from streams.engine.decisions.audiences import create_leads
from streams.engine.decisions.automation import run_automation
from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.hand_overs.lead_updates import finish_hand_overs
from streams.engine.decisions.held_for import update_held_states
from streams.engine.decisions.scoring import award_points
from streams.engine.decisions.segments import emit_segment_changes, settle_segments
from streams.engine.decisions.timers import next_due


def settle(context: DecisionContext) -> None:
    """Settles the contact at the decision's instant, adds the outputs, and sets when the contact is due next."""
    release = context.release
    if release.held_states:
        update_held_states(context)
    settle_segments(context)
    if release.campaigns:
        _settle_leads(context)
    if context.members_before:
        emit_segment_changes(context)
    if context.lead_contexts or (release.mapping.tells_of_leads and context.contact.leads):
        finish_hand_overs(context)
        _emit_lead_rows(context)
    contact = context.contact
    contact.clock = context.now
    contact.release = release.number
    contact.due = next_due(context)  # before `_undo_decay`: conditions look at the points of this instant
    if context.lead_contexts:
        _undo_decay(context)


def _settle_leads(context: DecisionContext) -> None:
    """Settles leads, and segments again while a lead changed."""
    context.changes.clear()
    while _change_leads(context):
        settle_segments(context)
        context.changes.clear()


def _change_leads(context: DecisionContext) -> bool:
    changed = create_leads(context)
    changed |= award_points(context)
    changed |= run_automation(context)
    return changed


def _emit_lead_rows(context: DecisionContext) -> None:
    for lead_context in context.changed_leads:
        campaign, cause = lead_context.campaign, lead_context.change_cause
        assert cause is not None
        context.builder.add_lead_row(campaign, context.contact.leads[campaign], context.now, cause)


def _undo_decay(context: DecisionContext) -> None:
    """Puts points back that only time decayed: only records round the points of a lead that decays."""
    for campaign, lead_context in context.lead_contexts.items():
        if lead_context.points_before_decay is not None:
            lead = context.contact.leads[campaign]
            lead.points, lead.decayed = lead_context.points_before_decay
