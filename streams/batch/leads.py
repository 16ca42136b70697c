"""What must hold of leads whatever the way there: the cascade of the contact's status, and why there is one at all.

The whole life of a lead depends on the order in which rules fired; it is replayed, not recomputed here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from schemas.definitions import Campaign
from streams.batch.dates import instant_at
from streams.batch.timeline import InForce
from streams.batch.told import Told

Fault = tuple[str, str]
"""Campaign, and which rule its lead breaks."""


def faults(
    told: Told, inside: Collection[str], leads: Mapping[str, str], releases: Sequence[InForce], now: int
) -> Iterator[Fault]:
    """`inside` are the contact's memberships, `leads` campaign -> status as written."""
    status = told.world.status
    for campaign, lead in leads.items():
        if status == "deleted" and lead != "deleted":
            yield campaign, f"is {lead}, and the contact is deleted"
        elif status in ("inactive", "bounced") and lead not in ("rejected", "deleted") and _undecided(told, campaign):
            yield campaign, f"is {lead}, and the contact has been {status} since; nobody decided otherwise"
        if not _has_reason(told, campaign, releases):
            yield campaign, "exists without audience, command, token or rule"
    if told.release is None or status != "active":
        return
    for each in told.release.definitions.campaigns:
        if each.id not in leads and _runs(each, told.world.zone, now) and set(each.audience) & set(inside):
            yield each.id, "is missing: the contact is in the audience of a running campaign"


def _undecided(told: Told, campaign: str) -> bool:
    """Whether no command spoke of the lead since the contact's status changed."""
    return not any(offset > told.unfit_since and named == campaign for offset, _, named in told.commands)


def _has_reason(told: Told, campaign: str, releases: Sequence[InForce]) -> bool:
    if any(type_ in ("lead.added", "web.visited") and named == campaign for _, type_, named in told.commands):
        return True
    for release in releases:
        for each in release.definitions.campaigns:
            if each.id == campaign and each.audience:
                return True
            if any(rule.then.add_to_campaign == campaign for rule in each.automation):
                return True
    return False


def _runs(campaign: Campaign, zone: str, now: int) -> bool:
    if campaign.paused:
        return False
    if campaign.period is None:
        return True
    starts, ends = campaign.period.from_, campaign.period.to
    begun = starts is None or _midnight(starts, zone) <= now
    return begun and (ends is None or now < _midnight(ends, zone))


def _midnight(day: date, zone: str) -> int:
    return instant_at(datetime.combine(day, time()), ZoneInfo(zone))
