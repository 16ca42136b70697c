"""The revenue of campaigns in batch: the last state of each opportunity, summed once at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Context, Decimal, Inexact
from typing import NamedTuple

from schemas.values import NO_CURRENCY
from streams.engine.journal.records import JournalEvent, Marker, decode
from streams.verify.recompute.releases import ReleaseContents

_SUM = Context(prec=200, traps=[Inexact])
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

KINDS = ("won", "lost", "open")

RevenueKinds = dict[str, tuple[int, Decimal]]
"""Count and amount of the opportunities that are won, lost and open; every kind is there."""


class RevenueSubject(NamedTuple):
    """What has a row of `campaign-revenue`."""

    account: str
    campaign: str
    currency: str


class RevenueRecomputation:
    """Takes the records of the ledger's journal; `contents` gives the definitions of a release."""

    def __init__(self, contents: ReleaseContents) -> None:
        self._contents = contents
        self._last: dict[tuple[str, str], JournalEvent] = {}
        self._releases: defaultdict[str, list[int]] = defaultdict(list)

    def feed(self, value: bytes) -> None:
        """Takes the next record."""
        record = decode(value)
        if isinstance(record, Marker):
            self._releases[record.account].append(record.number)
        elif isinstance(record, JournalEvent) and record.type == "opportunity.changed":
            place = (record.account, record.owner)
            before = self._last.get(place)
            if before is None or _age(record) >= _age(before):
                self._last[place] = record

    def totals(self) -> dict[RevenueSubject, RevenueKinds]:
        """The sums of the opportunities as they stand, of campaigns that have any."""
        campaigns = {account: dict(self._campaigns(account)) for account in self._releases}
        totals: dict[RevenueSubject, RevenueKinds] = {}
        for event in self._last.values():
            fields = event.fields
            own = campaigns.get(event.account, {}).get(_full_id(fields.get("crm_campaign") or ""))
            campaign = own or fields.get("campaign")
            if campaign is None or fields.get("deleted") or fields.get("released"):
                continue
            subject = RevenueSubject(event.account, campaign, fields.get("currency") or NO_CURRENCY)
            kinds = totals.setdefault(subject, dict.fromkeys(KINDS, (0, Decimal(0))))
            kind = "won" if fields.get("won") else "lost" if fields.get("closed") else "open"
            count, amount = kinds[kind]
            kinds[kind] = (count + 1, _SUM.add(amount, Decimal(fields.get("amount") or 0)))
        return totals

    def _campaigns(self, account: str) -> Iterator[tuple[str, str]]:
        """The CRM's campaigns with ours; of several pairs with one of the CRM's the last one counts."""
        for number in self._releases[account]:
            for campaign in self._contents(account, number).campaigns[::-1]:
                if campaign.salesforce is not None:
                    yield _full_id(campaign.salesforce.campaign), campaign.id


def _age(event: JournalEvent) -> tuple[int, int]:
    return event.fields["modified"], event.fields.get("version", 0)


def _full_id(crm_id: str) -> str:
    """An id of Salesforce with the three characters that say which of its letters are capitals."""
    if len(crm_id) != 15:
        return crm_id
    bits = ["1" if "A" <= each <= "Z" else "0" for each in crm_id]
    return crm_id + "".join(_DIGITS[int("".join(bits[start : start + 5][::-1]), 2)] for start in range(0, 15, 5))
