"""What one poll has read of an org: rows, and the contacts of ours behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from sys import intern
from typing import Any

from connectors.salesforce.external_id import parse_external_id
from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.merged_leads import MergedLeads
from connectors.salesforce.opportunities.org_opportunity import LeadOrigin, MergedContacts, OpportunityRow
from connectors.salesforce.org.client import SalesforceRow
from connectors.salesforce.org.connection import Connection

HandOverTime = Callable[[str], int | None]
"""The number of a hand-over as it stands on a Lead -> when (ms) it was decided; None where that is not known."""


_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MOST_CHARACTERS = 255


def _is_contact_id(text: str) -> bool:
    return len(text) <= _MOST_CHARACTERS and not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in text)


@dataclass(slots=True)
class Survey:
    """By id of the opportunity. What a poll did not ask for is missing, and stays as it was."""

    rows: dict[str, OpportunityRow] = field(default_factory=dict)
    created: dict[str, date] = field(default_factory=dict)
    leads: dict[str, list[LeadOrigin]] = field(default_factory=dict)
    """The Leads of ours that were converted into an opportunity."""
    of_survivors: set[str] = field(default_factory=set)
    """The opportunities that are ours by a Lead or Contact without a key, because one of ours was merged into it."""
    merged: MergedLeads = field(default_factory=dict)
    """Leads of ours whose survivors have no key and are not converted yet."""
    merged_contacts: MergedContacts | None = None
    """Contacts of ours that were merged; None when they were not asked for."""
    hand_overs: dict[str, str] = field(default_factory=dict)
    """By id of the Lead: the number of its last hand-over, of those that compete for an opportunity."""
    roles: dict[str, LeadOrigin | None] = field(default_factory=dict)
    """The Contact of ours in the primary, else the oldest contact role; None where there is none any more."""
    foreign: dict[str, str] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)
    """Kept opportunities that are gone from the recycle bin, as the org's log of deletions says."""
    unseen: set[str] = field(default_factory=set)
    """Kept opportunities that the org does not show, and of whose deletion it knows nothing."""
    asked_leads: bool = False


class RowReader:
    """Turns rows of the org into what is kept; `currency` is that of an org with one."""

    def __init__(self, connection: Connection, currency: str, is_of_org: Callable[[str], bool]) -> None:
        self._names = connection
        self._currency = currency
        self._is_of_org = is_of_org

    def opportunity(self, row: SalesforceRow) -> OpportunityRow:
        """Returns the tracked fields of an opportunity."""
        amount = row["Amount"]
        return OpportunityRow(
            id=str(row["Id"]),
            modified=to_rfc3339(str(row["SystemModstamp"])),
            name=row["Name"],
            stage=None if row["StageName"] is None else intern(row["StageName"]),
            won=bool(row["IsWon"]),
            closed=bool(row["IsClosed"]),
            deleted=bool(row["IsDeleted"]),
            amount=None if amount is None else amount_text(amount),
            currency=intern(row.get("CurrencyIsoCode") or self._currency),
            close_date=row["CloseDate"],
            crm_campaign=None if row["CampaignId"] is None else intern(row["CampaignId"]),
        )

    def lead(self, row: SalesforceRow, rules: AttributionRules) -> LeadOrigin | None:
        """Returns the contact of a Lead or of a merged Contact; None when it is of no account of this org."""
        return self._origin(row, str(row["Id"]), rules, str(row.get("ConvertedDate") or ""))

    def primary_role(
        self,
        rows: Iterable[SalesforceRow],
        rules: AttributionRules,
        survivor: Callable[[str], LeadOrigin | None] = lambda _: None,
    ) -> LeadOrigin | None:
        """Returns the contact of the primary role, else of the oldest one, of accounts that attribute by role.

        `survivor` tells, by its id, which contact of ours a Contact without a key stands for.
        """
        for row in sorted(rows, key=lambda each: (not each["IsPrimary"], str(each["CreatedDate"]), str(each["Id"]))):
            fields, contact = row["Contact"] or {}, str(row["ContactId"])
            has_key = fields.get(self._names.external_id_field) is not None
            origin = self._origin(fields, contact, rules) if has_key else survivor(contact)
            if origin is not None and origin.account in rules.role_accounts:
                return origin
        return None

    def _origin(
        self, fields: Mapping[str, Any], record: str, rules: AttributionRules, converted: str = ""
    ) -> LeadOrigin | None:
        key = str(fields.get(self._names.external_id_field) or "")
        number, campaign = fields.get(self._names.number_field), fields.get(self._names.campaign_field)
        owner = parse_external_id(key)
        if owner is None:
            # A digest does not tell the account; the campaign does, where one account has it.
            if not key.startswith("~"):
                return None
            account = rules.account_with_campaign(campaign or "")
            if account is None:
                return None
            owner = (account, "")
        account, contact = owner
        # People can type into these fields, and another tool may use the key's: what cannot be ours is no one's.
        if not _SLUG.fullmatch(account) or not self._is_of_org(account) or not _is_contact_id(contact):
            return None
        if campaign is not None:
            campaign = intern(campaign) if _SLUG.fullmatch(campaign) else None
        return LeadOrigin(intern(account), record, contact or None, campaign, number, converted)


def competing_leads(found: Iterable[LeadOrigin], former: LeadOrigin | None) -> dict[str, LeadOrigin]:
    """Returns, by id, the Leads that were found and the one known so far, which may be gone from the org.

    An event tells the survivor of a merge: it is no other Lead than the one that was merged into it.
    """
    leads = {lead.record: lead for lead in found}
    if former is not None and former.record not in {each.merged_into for each in leads.values() if each.merged_into}:
        leads.setdefault(former.record, former)
    return leads


def latest_handed_over(leads: Iterable[LeadOrigin], handed_over_at: HandOverTime) -> LeadOrigin | None:
    """Returns the Lead with the last hand-over; its fields are those from before its conversion, then read-only.

    Numbers compare within a journal partition only. Where the instants of hand-overs are not known any more, the
    later conversion counts.
    """
    best: LeadOrigin | None = None
    for lead in sorted(leads, key=lambda each: each.record):
        if best is None or _is_later(lead, best, handed_over_at):
            best = lead
    return best


def _is_later(lead: LeadOrigin, other: LeadOrigin, handed_over_at: HandOverTime) -> bool:
    mine, others = _number(lead), _number(other)
    if mine is not None and others is not None:
        if mine[0] == others[0]:
            return mine > others
        times = handed_over_at(str(lead.number)), handed_over_at(str(other.number))
        if times[0] is not None and times[1] is not None and times[0] != times[1]:
            return times[0] > times[1]
    return (mine is not None, lead.converted, lead.record) > (others is not None, other.converted, other.record)


def _number(lead: LeadOrigin) -> tuple[int, ...] | None:
    parts = (lead.number or "").split("/")
    is_number = len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts)
    return tuple(map(int, parts)) if is_number else None


def amount_text(amount: Decimal | int) -> str:
    """Returns an amount as exact decimal text without trailing zeros: 15000.0 is `15000`."""
    text = f"{Decimal(amount):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_rfc3339(stamp: str) -> str:
    """Converts a stamp as Salesforce writes it, `2026-05-01T07:25:37.000+0000`, to the form of our events."""
    return datetime.fromisoformat(stamp).strftime("%Y-%m-%dT%H:%M:%S.") + stamp[20:23] + "Z"
