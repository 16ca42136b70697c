"""Changes a lead: creates it, sets its status, changes its points. Each step is an output of its own."""

from __future__ import annotations

from decimal import Decimal

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.lead_table import ENDED_BY, NEW, OPEN_STATUSES, REFUSED, SAME, next_status
from streams.engine.decisions.outputs import OutputCause
from streams.engine.journal.effects import Refusal
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.state.contact import Lead
from streams.engine.state.points import clamp_points, decay_points, round_points


def apply_lead_event(context: DecisionContext, campaign: str, event: str, cause: OutputCause) -> Refusal | bool:
    """Does what the lead table says. Returns whether anything changed, or why it is refused."""
    lead = context.contact.leads.get(campaign)
    cell = next_status(event, lead)
    if cell == SAME:
        return False
    if cell == REFUSED:
        return _lead_refusal(campaign, event, lead)
    if cell == NEW:
        return create_lead(context, campaign, cause)
    set_status(context, campaign, cell, cause, ENDED_BY.get(event, ""))
    return True


def create_lead(context: DecisionContext, campaign: str, cause: OutputCause) -> Refusal | bool:
    """Creates a lead with 0 points and no truths; a former lead of the campaign passes on its CRM link."""
    contact, definition = context.contact, context.release.campaigns_by_id[campaign].definition
    if contact.status != "active":
        return Refusal("contact_not_active", f"the contact is {contact.status}; only an active one becomes a lead")
    if not context.release.campaigns_by_id[campaign].is_running(context.now):
        return Refusal("campaign_not_running", f"campaign {campaign} is paused, not yet started or over")
    lead_context = context.lead_context(campaign)
    if lead_context.is_created:
        return False
    lead_context.is_created = True
    before = contact.leads.get(campaign)
    status = "qualified" if definition.auto_qualify else "active"
    lead = Lead(status=status, created=context.now, changed=context.now, decayed=context.now)
    if before is not None:
        lead.crm = before.crm
    contact.leads[campaign] = lead
    lead_context.restart(rules_without_baseline=set())
    _emit_status_change(context, campaign, before.status if before else None, lead, cause)
    return True


def set_status(context: DecisionContext, campaign: str, status: str, cause: OutputCause, ended_by: str = "") -> bool:
    """Sets the status of an existing lead. Returns whether it changed."""
    lead = context.contact.leads[campaign]
    before = lead.status
    if before == status:
        return False
    lead.status, lead.changed = status, context.now
    lead.ended_by = ended_by if status == "deleted" else ""
    is_reopened = status in OPEN_STATUSES and before not in OPEN_STATUSES
    if status not in OPEN_STATUSES:
        lead.truths = {}
    elif is_reopened:
        _reopen_lead(context, campaign, lead, from_deleted=before == "deleted")
    context.lead_context(campaign).points_before_decay = None
    _emit_status_change(context, campaign, before, lead, cause)
    if is_reopened:
        keep_points_within_bounds(context, campaign, cause)  # a release may have changed them in the meantime
    return True


def add_points(context: DecisionContext, campaign: str, amount: int, at: int, cause: OutputCause) -> bool:
    """Adds millionths to an open lead. Returns whether its points changed.

    In a campaign with a half-life, an amount of an earlier instant is decayed from that instant on.
    """
    lead, compiled = context.contact.leads[campaign], context.release.campaigns_by_id[campaign]
    half_life = compiled.definition.half_life
    if half_life is None:
        return _change_points(context, compiled, lead.points + amount, cause)
    added = decay_points(amount, max(context.now - at, 0), half_life)
    residue = context.lead_context(campaign).rounding_residue
    return _change_points(context, compiled, added + lead.points + residue, cause)


def set_points(context: DecisionContext, campaign: str, points: int, cause: OutputCause) -> bool:
    """Gives an open lead these millionths, whatever it had. Returns whether its points changed.

    From here on they decay from exactly these, also where rounding shows the same number as before.
    """
    context.lead_context(campaign).points_before_decay = None
    return _change_points(context, context.release.campaigns_by_id[campaign], points, cause)


def keep_points_within_bounds(context: DecisionContext, campaign: str, cause: OutputCause) -> None:
    """Cuts the points of an open lead to the bounds that its campaign has now."""
    points, compiled = context.contact.leads[campaign].points, context.release.campaigns_by_id.get(campaign)
    if compiled is not None and clamp_points(points, compiled.points_between) != points:
        _change_points(context, compiled, points, cause)


def _change_points(
    context: DecisionContext, campaign: CompiledCampaign, points: int | Decimal, cause: OutputCause
) -> bool:
    """Gives the lead these millionths: cut to the bounds, what is cut is lost, then rounded; tells the difference."""
    lead, lead_context = context.contact.leads[campaign.id], context.lead_context(campaign.id)
    before, exact = lead.points, clamp_points(points, campaign.points_between)
    lead.points = exact if isinstance(exact, int) else round_points(exact)
    lead_context.rounding_residue = exact - lead.points
    if exact != points:
        lead_context.points_before_decay = None  # as with `set_points`: they are exactly the bound now
    if lead.points == before:
        return False
    lead_context.points_before_decay = None
    context.record_lead_change(lead_context, cause)
    context.changes.leads = True
    if campaign.definition.points_changed:
        context.builder.add_points_change(campaign.id, lead.points - before, lead, context.now, cause)
    return True


def _reopen_lead(context: DecisionContext, campaign: str, lead: Lead, *, from_deleted: bool) -> None:
    """Opens a lead again. What is true now is its baseline, so that no rule undoes the decision to reopen it."""
    lead.decayed = context.now
    if from_deleted:
        lead.points, lead.created, lead.awards = 0, context.now, {}
    rules: set[str] = set()
    compiled = context.release.campaigns_by_id.get(campaign)
    if compiled is not None:
        rules.update(rule.id for rule in compiled.automation)
        rules.update(rule.key for rule in compiled.scoring)
    context.lead_context(campaign).restart(rules_without_baseline=rules)


def _emit_status_change(
    context: DecisionContext, campaign: str, previous_status: str | None, lead: Lead, cause: OutputCause
) -> None:
    lead_context = context.lead_context(campaign)
    lead_context.record_status_before(previous_status)
    context.record_lead_change(lead_context, cause)
    context.changes.leads = True
    context.builder.add_status_change(campaign, previous_status, lead, context.now, cause)
    compiled = context.release.campaigns_by_id.get(campaign)
    if lead.status == "qualified" and compiled is not None:
        context.builder.add_hand_over(compiled, lead, context.now, cause)


def _lead_refusal(campaign: str, event: str, lead: Lead | None) -> Refusal:
    if lead is None:
        return Refusal("no_lead", f"the contact has no lead in campaign {campaign}")
    return Refusal("lead_deleted", f"the lead in campaign {campaign} is deleted and cannot be {event}")
