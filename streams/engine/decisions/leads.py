"""The steps of a lead: making it, moving it to a status, adding points; each is an output of its own."""

from __future__ import annotations

from streams.engine.decisions.context import Turn
from streams.engine.decisions.lead_table import ENDED_BY, NEW, REFUSED, SAME, TAKES, outcome
from streams.engine.decisions.outputs import Cause
from streams.engine.journal.effects import Refusal
from streams.engine.state.contact import Lead
from streams.engine.state.points import decayed, rounded


def decide_lead(turn: Turn, campaign: str, event: str, cause: Cause) -> Refusal | bool:
    """Does what the table says; whether anything changed, or why it cannot."""
    lead = turn.contact.leads.get(campaign)
    cell = outcome(event, lead)
    if cell == SAME:
        return False
    if cell == REFUSED:
        return _refusal(campaign, event, lead)
    if cell == NEW:
        return make(turn, campaign, cause)
    move(turn, campaign, cell, cause, ENDED_BY.get(event, ""))
    return True


def make(turn: Turn, campaign: str, cause: Cause) -> Refusal | bool:
    """A new lead, or one made anew with its old CRM link: from 0 points, with all edges before it."""
    contact, definition = turn.contact, turn.release.campaign[campaign].definition
    if contact.status != "active":
        return Refusal("contact_not_active", f"the contact is {contact.status}; only an active one becomes a lead")
    if not turn.release.campaign[campaign].running(turn.now):
        return Refusal("campaign_not_running", f"campaign {campaign} is paused, not yet started or over")
    if campaign in turn.made:
        return False
    turn.made.add(campaign)
    before = contact.leads.get(campaign)
    status = "qualified" if definition.auto_qualify else "active"
    lead = Lead(status=status, made=turn.now, changed=turn.now, decayed=turn.now)
    if before is not None:
        lead.crm = before.crm
    contact.leads[campaign] = lead
    turn.bases[campaign] = {}
    turn.rebase = {entry for entry in turn.rebase if entry[0] != campaign}
    turn.undecayed.pop(campaign, None)
    turn.residues.pop(campaign, None)
    _announce(turn, campaign, before.status if before else None, lead, cause)
    return True


def move(turn: Turn, campaign: str, status: str, cause: Cause, ended_by: str = "") -> bool:
    """Takes an existing lead to a status; whether that is another one than it had."""
    lead = turn.contact.leads[campaign]
    before = lead.status
    if before == status:
        return False
    lead.status, lead.changed = status, turn.now
    lead.ended_by = ended_by if status == "deleted" else ""
    if status not in TAKES:
        lead.truths = {}
    elif before not in TAKES:
        _take_up(turn, campaign, lead, anew=before == "deleted")
    turn.undecayed.pop(campaign, None)
    _announce(turn, campaign, before, lead, cause)
    return True


def add_points(turn: Turn, campaign: str, amount: int, at: int, cause: Cause) -> bool:
    """Adds millionths to a lead that takes points; of one that decays, an amount from before is decayed from then."""
    lead = turn.contact.leads[campaign]
    compiled = turn.release.campaign[campaign]
    before, lead.points = lead.points, _sum(turn, campaign, amount, at)
    if lead.points == before:
        return False
    turn.undecayed.pop(campaign, None)
    turn.touched[campaign] = cause
    turn.changes.leads = True
    if compiled.definition.points_changed:
        turn.drafts.points_changed(campaign, lead.points - before, lead, turn.now, cause)
    return True


def _sum(turn: Turn, campaign: str, amount: int, at: int) -> int:
    points = turn.contact.leads[campaign].points
    half_life = turn.release.campaign[campaign].definition.half_life
    if half_life is None:
        return points + amount
    exact = decayed(amount, max(turn.now - at, 0), half_life) + points + turn.residues.get(campaign, 0)
    turn.residues[campaign] = exact - rounded(exact)
    return rounded(exact)


def _take_up(turn: Turn, campaign: str, lead: Lead, *, anew: bool) -> None:
    """A lead that takes points again: what is true now is its base, so that a decision is not undone by a rule."""
    lead.decayed = turn.now
    turn.residues.pop(campaign, None)
    if anew:
        lead.points, lead.made, lead.awards = 0, turn.now, {}
    turn.bases[campaign] = {}
    compiled = turn.release.campaign.get(campaign)
    if compiled is not None:
        turn.rebase |= {(campaign, rule.id) for rule in compiled.automation}
        turn.rebase |= {(campaign, rule.key) for rule in compiled.scoring}


def _announce(turn: Turn, campaign: str, before: str | None, lead: Lead, cause: Cause) -> None:
    turn.touched[campaign] = cause
    turn.changes.leads = True
    turn.drafts.status_changed(campaign, before, lead, turn.now, cause)
    compiled = turn.release.campaign.get(campaign)
    if lead.status == "qualified" and compiled is not None:
        turn.drafts.handed_over(compiled, lead, turn.now, cause)


def _refusal(campaign: str, event: str, lead: Lead | None) -> Refusal:
    if lead is None:
        return Refusal("no_lead", f"the contact has no lead in campaign {campaign}")
    return Refusal("lead_deleted", f"the lead in campaign {campaign} is deleted and cannot be {event}")
