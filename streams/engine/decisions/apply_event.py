"""What each event does to a contact before it is settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from streams.engine.conditions.protocols import Activity
from streams.engine.decisions.cascade import cascade_status
from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.counters import count_activity, enforce_limit
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.leads import add_points, apply_lead_event
from streams.engine.journal.effects import Refusal
from streams.engine.journal.records import JournalEvent
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.state.limits import MAX_NAMED_SCORES
from streams.engine.state.patches import patch_properties

EventHandler = Callable[[DecisionContext, JournalEvent], None]

TYPES_COUNTED_LATE = frozenset({"web.visited", "activity.recorded", "score.adjusted"})
"""Types that, when late, count where their `at` belongs; every other takes effect at the contact's clock."""


def cause_kind(event_type: str) -> str:
    """The cause kind of what an event of that type does."""
    family = event_type.partition(".")[0]
    return {"lead": "command", "segment": "command", "crm": "crm"}.get(family, "event")


def activity_from_event(event: JournalEvent) -> Activity | None:
    """The visit or activity that an event is; None for any other."""
    if event.type not in ("web.visited", "activity.recorded"):
        return None
    return Activity(event.at, event.fields.get("name", "visit"), event.type == "web.visited", event.fields)


def apply_event(context: DecisionContext, event: JournalEvent) -> None:
    """Does what the event says. Raises KeyError for a type that the door lets nobody in with."""
    _HANDLERS[event.type](context, event)


def _apply_patch(context: DecisionContext, event: JournalEvent) -> None:
    contact = context.contact
    changed, refusals = patch_properties(contact, event.fields.get("properties", {}), context.release.properties)
    context.builder.refusals.extend(refusals)
    context.changes.properties |= changed
    before = contact.status
    contact.status = event.fields.get("status", before)
    context.changes.everything |= contact.status != before
    cascade_status(context, before)


def _apply_activity(context: DecisionContext, event: JournalEvent) -> None:
    contact, at = context.contact, event.at
    happening = activity_from_event(event)
    assert happening is not None
    if happening.is_visit:
        contact.first_visit = at if contact.first_visit is None else min(contact.first_visit, at)
        contact.last_visit = at if contact.last_visit is None else max(contact.last_visit, at)
        context.campaign_token = event.fields.get("campaign", "")
    contact.last_activity = at if contact.last_activity is None else max(contact.last_activity, at)
    _count_activity(context, happening)
    context.activity = happening


def _count_activity(context: DecisionContext, activity: Activity) -> None:
    """What is followed for a release that does not decide yet makes room first."""
    for counters in (context.backfill_leaves.counters, context.release.counters):
        changed = count_activity(context.contact, counters, activity, context.now, is_too_late=context.is_too_late)
        context.changes.counters.update(changed)
    for counters in (context.backfill_leaves.counters, context.release.counters):
        context.changes.counters.update(enforce_limit(context.contact, counters))


def _adjust_score(context: DecisionContext, event: JournalEvent) -> None:
    """To one lead, to a named score, or to the contact's own score and each of its leads that takes points."""
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
    for compiled in context.release.campaigns:
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
    """Whether the campaign scores now, and did when it happened: a late score counts where its `at` belongs."""
    return campaign.is_in_period(context.now) and campaign.is_in_period(event.at)


def _lead_command_handler(command: str) -> EventHandler:
    def apply(turn: DecisionContext, event: JournalEvent) -> None:
        campaign = event.fields["campaign"]
        if campaign not in turn.release.campaigns_by_id:
            _refuse_unknown_campaign(turn, campaign)
            return
        what = "acquired" if command == "added" and event.fields.get("acquired") else command
        if what == "reactivated" and turn.contact.status == "deleted":
            turn.builder.add_refusal("contact_not_active", "the contact is deleted; its leads cannot be reactivated")
            return
        done = apply_lead_event(turn, campaign, what, turn.root_cause)
        if isinstance(done, Refusal):
            turn.builder.refusals.append(done)

    return apply


def _apply_list_command(context: DecisionContext, event: JournalEvent) -> None:
    """Static segments only: members of dynamic ones are those whose condition is true."""
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
    context.changes.static_segments.add(name)
    if add and name not in listed:
        listed.append(name)
    elif not add and name in listed:
        listed.remove(name)


def _apply_crm_result(context: DecisionContext, event: JournalEvent) -> None:
    """What the CRM said stays with the lead; an answer to an older hand-over than the last is passed over."""
    campaign = event.fields["campaign"]
    lead = context.contact.leads.get(campaign)
    if lead is None:
        context.builder.add_refusal("no_lead", f"the contact has no lead in campaign {campaign}")
        return
    said = {key: value for key, value in event.fields.items() if key != "campaign"}
    known: list[int] = lead.crm.get("number", [])
    number = list(said.get("number", known))
    if number < known:
        return
    # A link that was made at last leaves nothing of the failures before it.
    settled = {"code", "message"} if event.type == "crm.linked" else set()
    kept = {key: value for key, value in lead.crm.items() if key not in settled}
    lead.crm = {**kept, **said, "result": event.type}
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
