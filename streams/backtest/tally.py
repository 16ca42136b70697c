"""Counts what outputs say of segments and campaigns."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.topics import LEAD_CHANGES, QUALIFIED_LEADS, SEGMENT_CHANGES
from schemas.values import instant_ms
from streams.engine.journal.effects import Output

DAY_MS = 86_400_000

_TOPICS = frozenset(topic.name for topic in (SEGMENT_CHANGES, LEAD_CHANGES, QUALIFIED_LEADS))


class _ChangeValue(msgspec.Struct):
    """What is counted of an output; `campaign` is an id, or an object with one."""

    type: str
    account: str
    contact: str
    at: str
    segment: str = ""
    campaign: Any = ""
    to: str = ""
    from_: str | None = msgspec.field(name="from", default="")


_decode = msgspec.json.Decoder(_ChangeValue).decode


@dataclass(slots=True)
class CampaignTally:
    """What became of a campaign's leads; contacts by id."""

    lead_count: int = 0
    qualified: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    handed_over: set[str] = field(default_factory=set)
    hand_overs_by_day: Counter[int] = field(default_factory=Counter)
    """Day since the epoch -> hand-overs."""


@dataclass(slots=True)
class AccountTally:
    """What happened in one account, or would have: by segment, and by campaign."""

    entries: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    campaigns: defaultdict[str, CampaignTally] = field(default_factory=lambda: defaultdict(CampaignTally))


class ChangeTally:
    """Counts outputs, by account."""

    def __init__(self) -> None:
        self.accounts: defaultdict[str, AccountTally] = defaultdict(AccountTally)

    def add(self, output: Output) -> None:
        """Counts an output; tables and notices are passed over."""
        if output.topic not in _TOPICS or output.value is None:
            return
        change = _decode(output.value)
        account = self.accounts[change.account]
        if change.type == "segment.entered":
            account.entries[change.segment] += 1
        elif change.type == "segment.exited":
            account.exits[change.segment] += 1
        elif change.type == "lead.handed_over":
            campaign = account.campaigns[change.campaign["id"]]
            campaign.handed_over.add(change.contact)
            campaign.hand_overs_by_day[instant_ms(change.at) // DAY_MS] += 1
        elif change.type == "lead.status_changed":
            campaign = account.campaigns[change.campaign]
            _add_status(campaign, change.contact, change.to, is_new=change.from_ is None)


def _add_status(campaign: CampaignTally, contact: str, status: str, *, is_new: bool) -> None:
    campaign.lead_count += is_new
    if status == "qualified":
        campaign.qualified.add(contact)
    elif status == "rejected":
        campaign.rejected.add(contact)
