"""The funnel and the revenue of a campaign: the commands that read its keys, and what the answers say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from connectors.redis.connection import Command, hash_fields
from schemas.definitions import LeadStatus
from schemas.outputs.revenue import Sum
from schemas.views.campaigns import CampaignFunnel, RevenueEntry
from streams.views.keys import GenerationKeys

LEAD_STATUSES: tuple[LeadStatus, ...] = get_args(LeadStatus)

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class CampaignTotals:
    """How far the leads of a campaign came, and what it earned by currency."""

    funnel: CampaignFunnel
    revenue: list[RevenueEntry]


def totals_commands(keys: GenerationKeys, campaign: str) -> list[Command]:
    """The commands whose answers `read_totals` takes."""
    return [
        *(("ZCARD", keys.leads(campaign, status)) for status in LEAD_STATUSES),
        ("HMGET", keys.funnel(campaign), "handed_over", "open", "won", "lost"),
        ("HGETALL", keys.revenue(campaign)),
    ]


def read_totals(campaign: str, answers: Iterator[Any]) -> CampaignTotals:
    """What the next answers, which are those to a campaign's commands, say."""
    statuses: dict[LeadStatus, int] = {status: next(answers) for status in LEAD_STATUSES}
    handed_over, pending, won, lost = (int(count or 0) for count in next(answers))
    funnel = CampaignFunnel(
        campaign=campaign,
        statuses=statuses,
        handed_over=handed_over,
        open=pending,
        won=won,
        lost=lost,
    )
    entries = []
    for row in hash_fields(next(answers)).values():
        fields = _decode(row)
        sums = {name: Sum.model_validate(fields[name]) for name in ("won", "open", "lost")}
        entries.append(RevenueEntry(campaign=campaign, currency=fields["currency"], **sums))
    return CampaignTotals(funnel, sorted(entries, key=lambda entry: entry.currency))
