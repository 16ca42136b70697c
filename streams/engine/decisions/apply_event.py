"""What each event does to a contact before it is settled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from streams.engine.conditions.protocols import Happening
from streams.engine.decisions.cascade import cascade
from streams.engine.decisions.context import Turn
from streams.engine.decisions.counters import count, shorten
from streams.engine.decisions.lead_table import TAKES
from streams.engine.decisions.leads import add_points, decide_lead
from streams.engine.journal.effects import Refusal
from streams.engine.journal.records import Event
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.state.limits import MOST_SCORES
from streams.engine.state.patches import change_properties

Apply = Callable[[Turn, Event], None]

COUNTS_IN_THE_PAST = frozenset({"web.visited", "activity.recorded", "score.adjusted"})
"""Types that, when late, count where their `at` belongs; every other takes effect at the contact's clock."""


def kind_of(event_type: str) -> str:
    """The cause kind of what an event of that type does."""
    family = event_type.partition(".")[0]
    return {"lead": "command", "segment": "command", "crm": "crm"}.get(family, "event")


def happening_of(event: Event) -> Happening | None:
    """The visit or activity that an event is; None for any other."""
    if event.type not in ("web.visited", "activity.recorded"):
        return None
    return Happening(event.at, event.fields.get("name", "visit"), event.type == "web.visited", event.fields)


def apply_event(turn: Turn, event: Event) -> None:
    """Does what the event says. Raises KeyError for a type that the door lets nobody in with."""
    _APPLY[event.type](turn, event)


def _patch(turn: Turn, event: Event) -> None:
    contact = turn.contact
    changed, refusals = change_properties(contact, event.fields.get("properties", {}), turn.release.properties)
    turn.drafts.refusals.extend(refusals)
    turn.changes.properties |= changed
    before = contact.status
    contact.status = event.fields.get("status", before)
    turn.changes.everything |= contact.status != before
    cascade(turn, before)


def _happen(turn: Turn, event: Event) -> None:
    contact, at = turn.contact, event.at
    happening = happening_of(event)
    assert happening is not None
    if happening.is_visit:
        contact.first_visit = at if contact.first_visit is None else min(contact.first_visit, at)
        contact.last_visit = at if contact.last_visit is None else max(contact.last_visit, at)
        turn.token = event.fields.get("campaign", "")
    contact.last_activity = at if contact.last_activity is None else max(contact.last_activity, at)
    _count(turn, happening)
    turn.happening = happening


def _count(turn: Turn, happening: Happening) -> None:
    """What is followed for a release that does not decide yet makes room first."""
    for counters in (turn.following.counters, turn.release.counters):
        changed = count(turn.contact, counters, happening, turn.now, too_late=turn.too_late)
        turn.changes.counters.update(changed)
    for counters in (turn.following.counters, turn.release.counters):
        turn.changes.counters.update(shorten(turn.contact, counters))


def _adjust_score(turn: Turn, event: Event) -> None:
    """To one lead, to a named score, or to the contact's own score and each of its leads that takes points."""
    fields, contact = event.fields, turn.contact
    points, campaign, name = fields["points"], fields.get("campaign"), fields.get("score")
    turn.changes.scores = True
    if campaign is not None:
        _score_lead(turn, event, campaign, points)
        return
    if name is not None:
        _adjust_named(turn, name, points)
        return
    contact.score += points
    for compiled in turn.release.campaigns:
        if turn.taking(compiled) is not None and _scores(compiled, turn, event):
            add_points(turn, compiled.id, points, event.at, turn.cause(turn.root.kind))


def _adjust_named(turn: Turn, name: str, points: int) -> None:
    scores = turn.contact.scores
    if name not in scores and len(scores) >= MOST_SCORES:
        turn.drafts.refuse("too_many_scores", f"the contact has {MOST_SCORES} named scores, {name} would be one more")
        return
    scores[name] = scores.get(name, 0) + points


def _score_lead(turn: Turn, event: Event, campaign: str, points: int) -> None:
    compiled = turn.release.campaign.get(campaign)
    lead = turn.contact.leads.get(campaign)
    if compiled is None:
        _refuse_unknown_campaign(turn, campaign)
    elif lead is None:
        turn.drafts.refuse("no_lead", f"the contact has no lead in campaign {campaign}")
    elif lead.status in TAKES and _scores(compiled, turn, event):
        add_points(turn, campaign, points, event.at, turn.cause(turn.root.kind))


def _scores(campaign: CompiledCampaign, turn: Turn, event: Event) -> bool:
    """Whether the campaign scores now, and did when it happened: a late score counts where its `at` belongs."""
    return campaign.in_period(turn.now) and campaign.in_period(event.at)


def _decide(decision: str) -> Apply:
    def apply(turn: Turn, event: Event) -> None:
        campaign = event.fields["campaign"]
        if campaign not in turn.release.campaign:
            _refuse_unknown_campaign(turn, campaign)
            return
        what = "acquired" if decision == "added" and event.fields.get("acquired") else decision
        if what == "reactivated" and turn.contact.status == "deleted":
            turn.drafts.refuse("contact_not_active", "the contact is deleted; its leads cannot be reactivated")
            return
        done = decide_lead(turn, campaign, what, turn.root)
        if isinstance(done, Refusal):
            turn.drafts.refusals.append(done)

    return apply


def _list(turn: Turn, event: Event) -> None:
    """Static segments only: members of dynamic ones are those whose condition is true."""
    name = event.fields["segment"]
    segment = turn.release.segment.get(name)
    if segment is None:
        turn.drafts.refuse("unknown_segment", f"no segment is called {name} in the release in force")
    elif segment.dynamic:
        turn.drafts.refuse("segment_not_static", f"segment {name} is dynamic: its condition alone decides")
    else:
        _change_list(turn, event.type == "segment.member_added", name)


def _change_list(turn: Turn, wanted: bool, name: str) -> None:
    listed = turn.contact.listed
    turn.changes.lists.add(name)
    if wanted and name not in listed:
        listed.append(name)
    elif not wanted and name in listed:
        listed.remove(name)


def _crm_result(turn: Turn, event: Event) -> None:
    """What the CRM said stays with the lead; an answer to an older hand-over than the last is passed over."""
    campaign = event.fields["campaign"]
    lead = turn.contact.leads.get(campaign)
    if lead is None:
        turn.drafts.refuse("no_lead", f"the contact has no lead in campaign {campaign}")
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
    turn.touched[campaign] = turn.root


def _refuse_unknown_campaign(turn: Turn, campaign: str) -> None:
    turn.drafts.refuse("unknown_campaign", f"no campaign is called {campaign} in the release in force")


_APPLY: Mapping[str, Apply] = MappingProxyType(
    {
        "contact.changed": _patch,
        "contact.deleted": _patch,
        "web.visited": _happen,
        "activity.recorded": _happen,
        "score.adjusted": _adjust_score,
        "lead.added": _decide("added"),
        "lead.qualified": _decide("qualified"),
        "lead.rejected": _decide("rejected"),
        "lead.removed": _decide("removed"),
        "lead.reactivated": _decide("reactivated"),
        "segment.member_added": _list,
        "segment.member_removed": _list,
        "crm.linked": _crm_result,
        "crm.failed": _crm_result,
        "crm.outcome": _crm_result,
    }
)
