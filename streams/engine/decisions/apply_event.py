"""Applies each type of event to a contact before the contact is settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from streams.engine.conditions.protocols import Activity
from streams.engine.decisions.cascade import cascade_status
from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.counters import count_activity, count_own_score, enforce_limit, exceeds_limit
from streams.engine.decisions.hand_overs.crm_results import former_next_crm, next_crm
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.leads import add_points, apply_lead_event
from streams.engine.journal.effects import Refusal
from streams.engine.journal.records import JournalEvent
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.state.limits import MAX_NAMED_SCORES
from streams.engine.state.patches import patch_properties
from streams.engine.version import HAND_OVERS_VERSION

EventHandler = Callable[[DecisionContext, JournalEvent], None]

ACTIVITY_TYPES = frozenset({"web.visited", "activity.recorded"})
"""The types of events that conditions count."""


_CAUSE_KINDS: Mapping[str, str] = MappingProxyType({"lead": "command", "segment": "command", "crm": "crm"})


@lru_cache(maxsize=64)
def cause_kind(event_type: str) -> str:
    """The `kind` of the causes of an event of that type."""
    return _CAUSE_KINDS.get(event_type.partition(".")[0], "event")


def activity_from_event(event: JournalEvent) -> Activity | None:
    """The visit or activity that an event is; None for any other."""
    return activity_from_fields(event.type, event.at, event.fields) if event.type in ACTIVITY_TYPES else None


def activity_from_fields(event_type: str, at: int, fields: Mapping[str, Any]) -> Activity:
    """The visit or activity with these fields; `event_type` is one of ACTIVITY_TYPES."""
    return Activity(at, fields.get("name", "visit"), event_type == "web.visited", fields)


def apply_event(context: DecisionContext, event: JournalEvent) -> None:
    """Applies the event. Raises KeyError for a type that validation refuses."""
    _HANDLERS[event.type](context, event)


def _apply_patch(context: DecisionContext, event: JournalEvent) -> None:
    contact, release = context.contact, context.release
    patch = event.fields.get("properties", {})
    changed, refusals = patch_properties(contact, patch, release.properties, release.engine_version)
    if refusals:
        context.builder.refusals.extend(refusals)
    context.changes.properties |= changed
    previous_status = contact.status
    status = event.fields.get("status", previous_status)
    if status != previous_status:
        contact.status = status
        context.changes.everything = context.concerns_all_campaigns = True
        cascade_status(context)


def _apply_activity(context: DecisionContext, event: JournalEvent) -> None:
    contact, at = context.contact, event.at
    activity = activity_from_event(event)
    assert activity is not None
    if activity.is_visit:
        contact.first_visit = at if contact.first_visit is None else min(contact.first_visit, at)
        contact.last_visit = at if contact.last_visit is None else max(contact.last_visit, at)
        context.campaign_token = event.fields.get("campaign", "")
    contact.last_activity = at if contact.last_activity is None else max(contact.last_activity, at)
    context.changes.activity_times = True
    _count_activity(context, activity)
    context.activity = activity


def _count_activity(context: DecisionContext, activity: Activity) -> None:
    """Counts for both releases. Where there are too many values, those of the proposed release are dropped first."""
    contact, leaves, release = context.contact, context.backfill_leaves, context.release
    now, is_too_late = context.now, context.is_too_late
    counted: set[str] = set()
    if leaves.counters:
        counted.update(count_activity(contact, leaves.filter_index, activity, now, is_too_late=is_too_late))
    counted.update(count_activity(contact, release.filter_index, activity, now, is_too_late=is_too_late))
    if exceeds_limit(contact):
        counted.update(enforce_limit(contact, leaves.counters))
        counted.update(enforce_limit(contact, release.counters))
    context.changes.counters |= counted


def _adjust_score(context: DecisionContext, event: JournalEvent) -> None:
    """Adds points to one lead, to a named score, or to the contact's own score and each of its open leads."""
    fields, contact = event.fields, context.contact
    points, campaign, name = fields["points"], fields.get("campaign"), fields.get("score")
    context.changes.scores = True
    if campaign is not None:
        _adjust_lead_points(context, event, campaign, points)
        return
    if name is not None:
        _adjust_named_score(context, name, points)
        return
    contact.score += points
    if context.release.tracks_own_score:
        count_own_score(contact, context.release.counters, event.at, context.now)
    count_own_score(contact, context.backfill_leaves.counters, event.at, context.now)
    for compiled in context.campaigns_with_leads():
        if context.open_lead(compiled) is not None and _is_scoring(compiled, context, event):
            add_points(context, compiled.id, points, event.at, context.cause(context.root_cause.kind))


def _adjust_named_score(context: DecisionContext, name: str, points: int) -> None:
    scores = context.contact.scores
    if name not in scores and len(scores) >= MAX_NAMED_SCORES:
        context.builder.add_refusal(
            "too_many_scores", f"the contact has {MAX_NAMED_SCORES} named scores, {name} would be one more"
        )
        return
    scores[name] = scores.get(name, 0) + points


def _adjust_lead_points(context: DecisionContext, event: JournalEvent, campaign: str, points: int) -> None:
    compiled = context.release.campaigns_by_id.get(campaign)
    lead = context.contact.leads.get(campaign)
    if compiled is None:
        _refuse_unknown_campaign(context, campaign)
    elif lead is None:
        context.builder.add_refusal("no_lead", f"the contact has no lead in campaign {campaign}")
    elif lead.status in OPEN_STATUSES and _is_scoring(compiled, context, event):
        add_points(context, campaign, points, event.at, context.cause(context.root_cause.kind))


def _is_scoring(campaign: CompiledCampaign, context: DecisionContext, event: JournalEvent) -> bool:
    """Returns whether the campaign scores now and did at the event's `at`, where a late score counts."""
    return campaign.is_in_period(context.now) and campaign.is_in_period(event.at)


def _lead_command_handler(command: str) -> EventHandler:
    def apply(context: DecisionContext, event: JournalEvent) -> None:
        campaign = event.fields["campaign"]
        if campaign not in context.release.campaigns_by_id:
            _refuse_unknown_campaign(context, campaign)
            return
        lead_event = "acquired" if command == "added" and event.fields.get("acquired") else command
        if lead_event == "reactivated" and context.contact.status == "deleted":
            context.builder.add_refusal(
                "contact_not_active", "the contact is deleted; its leads cannot be reactivated"
            )
            return
        result = apply_lead_event(context, campaign, lead_event, context.root_cause)
        if isinstance(result, Refusal):
            context.builder.refusals.append(result)

    return apply


def _apply_list_command(context: DecisionContext, event: JournalEvent) -> None:
    """Lists or unlists the contact in a static segment; of a dynamic one the condition alone decides."""
    name = event.fields["segment"]
    segment = context.release.segments_by_id.get(name)
    if segment is None:
        context.builder.add_refusal("unknown_segment", f"no segment is called {name} in the release in force")
    elif segment.dynamic:
        context.builder.add_refusal("segment_not_static", f"segment {name} is dynamic: its condition alone decides")
    else:
        _update_static_segment(context, event.type == "segment.member_added", name)


def _update_static_segment(context: DecisionContext, add: bool, name: str) -> None:
    listed = context.contact.listed
    context.changes.static_segments |= {name}
    if add and name not in listed:
        listed.append(name)
    elif not add and name in listed:
        listed.remove(name)


_NOT_KEPT_OF_RESULTS = frozenset({"campaign", "opportunity_state"})
"""Fields of the CRM's results that a lead does not keep: it has the first, and speaks for all opportunities."""


def _apply_crm_result(context: DecisionContext, event: JournalEvent) -> None:
    """Stores the CRM's result in the lead; a result of an older hand-over or retry than its last one is ignored."""
    campaign = event.fields["campaign"]
    lead = context.contact.leads.get(campaign)
    if lead is None:
        context.builder.add_refusal("no_lead", f"the contact has no lead in campaign {campaign}")
        return
    result = {key: value for key, value in event.fields.items() if key not in _NOT_KEPT_OF_RESULTS}
    merge = next_crm if context.release.engine_version >= HAND_OVERS_VERSION else former_next_crm
    crm = merge(lead.crm, event.type, result)
    if crm is None:
        return
    lead.crm = crm
    context.record_lead_change(context.lead_context(campaign), context.root_cause)


def _refuse_unknown_campaign(context: DecisionContext, campaign: str) -> None:
    context.builder.add_refusal("unknown_campaign", f"no campaign is called {campaign} in the release in force")


_HANDLERS: Mapping[str, EventHandler] = MappingProxyType(
    {
        "contact.changed": _apply_patch,
        "contact.deleted": _apply_patch,
        "web.visited": _apply_activity,
        "activity.recorded": _apply_activity,
        "score.adjusted": _adjust_score,
        "lead.added": _lead_command_handler("added"),
        "lead.qualified": _lead_command_handler("qualified"),
        "lead.rejected": _lead_command_handler("rejected"),
        "lead.removed": _lead_command_handler("removed"),
        "lead.reactivated": _lead_command_handler("reactivated"),
        "segment.member_added": _apply_list_command,
        "segment.member_removed": _apply_list_command,
        "crm.linked": _apply_crm_result,
        "crm.failed": _apply_crm_result,
        "crm.outcome": _apply_crm_result,
    }
)
