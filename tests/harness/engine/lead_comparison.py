"""A contact's leads as the engine's row has them, and as batch tells them, in one form to be compared."""

from __future__ import annotations

from typing import Any

from schemas.values import instant_text
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.state.contact import Contact
from streams.engine.state.points import points_at
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.leads.decay import points_from_millionths

ComparableLeads = dict[str, dict[str, Any]]
ComparableNotice = dict[str, Any]
ComparableHandOver = dict[str, Any]


def leads_from_engine(contact: Contact, recomputed: RecomputedContact) -> ComparableLeads:
    """With the points decayed to the end of what is told."""
    half_lives, found = _half_lives(recomputed), {}
    for campaign, lead in contact.leads.items():
        half_life = half_lives.get(campaign) if lead.status in OPEN_STATUSES else None
        points = points_from_millionths(points_at(lead.points, lead.decayed, recomputed.end, half_life))
        found[campaign] = _lead(lead, points, lead.audience)
    return found


def leads_from_recompute(recomputed: RecomputedContact) -> ComparableLeads:
    """The same of what was told."""
    half_lives = _half_lives(recomputed)
    return {
        campaign: _lead(life, life.points_at(recomputed.end, half_lives.get(campaign)), life.in_audience)
        for campaign, life in recomputed.leads.items()
    }


def notice_from_engine(output: dict[str, Any]) -> ComparableNotice:
    """What is recomputed of a record of `notifications`."""
    return {
        "at": output["at"],
        "campaign": output["campaign"]["id"],
        "rule": output["cause"]["rule"],
        "notice": output["notice"],
        "lead": {name: output["lead"][name] for name in ("status", "points", "made")},
    }


def notices_from_recompute(recomputed: RecomputedContact) -> list[ComparableNotice]:
    """The same of all notices that batch tells."""
    return [
        {
            "at": instant_text(notice.at),
            "campaign": notice.campaign,
            "rule": notice.rule,
            "notice": notice.name,
            "lead": {"status": notice.status, "points": notice.points, "made": instant_text(notice.created)},
        }
        for notice in recomputed.notices
    ]


def hand_over_from_engine(output: dict[str, Any]) -> ComparableHandOver:
    """What is recomputed of a record of `qualified-leads`."""
    lead = output["lead"]
    return {
        "at": output["at"],
        "campaign": output["campaign"]["id"],
        "lead": {name: lead.get(name) for name in ("status", "points", "made", "record")},
        "points": output.get("points", lead["points"]),
        "snapshot": output["snapshot"],
        "occasions": output.get("occasions", []),
        "do_not_sync": output.get("do_not_sync", False),
        "opted_out": output.get("opted_out", False),
        "update": output["type"] == "lead.updated",
    }


def hand_overs_from_recompute(recomputed: RecomputedContact) -> list[ComparableHandOver]:
    """The same of all hand-overs and updates that batch tells."""
    return [
        {
            "at": instant_text(each.at),
            "campaign": each.campaign,
            "lead": {
                "status": each.status,
                "points": each.points,
                "made": instant_text(each.created),
                "record": each.record,
            },
            "points": each.points,
            "snapshot": each.snapshot,
            "occasions": list(each.occasions),
            "do_not_sync": each.is_kept_back,
            "opted_out": each.is_opted_out,
            "update": each.is_update,
        }
        for each in recomputed.hand_overs
    ]


def _lead(lead: Any, points: float, in_audience: bool) -> dict[str, Any]:
    return {
        "status": lead.status,
        "points": points,
        "made": lead.created,
        "changed": lead.changed,
        "ended_by": lead.ended_by,
        "inside": in_audience,
        "crm": lead.crm,
    }


def _half_lives(recomputed: RecomputedContact) -> dict[str, int | None]:
    campaigns = recomputed.release.definitions.campaigns if recomputed.release else ()
    return {each.id: each.half_life for each in campaigns}
