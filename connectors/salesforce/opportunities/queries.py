"""The queries of the poll: what of an org's opportunities, Leads and contact roles is ours.

A semi-join may stand at the top level of a condition only, so `of our campaigns or of our Leads` is two queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote_plus

from simple_salesforce.format import quote_soql_value

from connectors.salesforce.handover.field_rules import HANDED_OVER, digests_that_hold
from connectors.salesforce.handover.handover_records import LeadHandOverNumber
from connectors.salesforce.org.client import MAX_QUERY_CHARACTERS, OrgClient, SalesforceRow

PROBE_ROWS = 500
"""So many rows a poll reads of all changes of the org; where there are more, it asks for ours."""


class RowBounds(NamedTuple):
    """Which rows a query returns: those modified since a time, those created from a date on (UTC), or all.

    With both bounds a row has to keep one of them.
    """

    modified_since: datetime | None = None
    created_from: date | None = None

    def condition(self) -> str:
        """Returns the end of a condition of SOQL; "" without bounds."""
        parts = []
        if self.modified_since is not None:
            parts.append(f"SystemModstamp >= {_stamp(self.modified_since)}")
        if self.created_from is not None:
            parts.append(f"CreatedDate >= {self.created_from.isoformat()}T00:00:00Z")
        return f" AND ({' OR '.join(parts)})" if parts else ""


NO_BOUNDS = RowBounds()


class OpportunityQueries:
    """Every query yields rows, deleted ones too, while they are read. Raises what OrgClient raises.

    `request_count`, `row_count` and `asked_at` (the org's time at the first answer) are of the poll since `begin`.
    """

    def __init__(self, org: OrgClient) -> None:
        self._org = org
        names = org.connection
        self._key, self._campaign = names.external_id_field, names.campaign_field
        self._written, self._number = names.written_field, names.number_field
        self._has_currencies: bool | None = None
        self._has_digests: bool | None = None
        self.request_count = 0
        self.row_count = 0
        self.asked_at: datetime | None = None

    def begin(self, *, anew: bool = True) -> None:
        """Starts the counts of a poll; `anew` asks again which fields the org has."""
        if anew:
            self._has_currencies = self._has_digests = None
        self.request_count, self.row_count, self.asked_at = 0, 0, None

    def changed(self, since: datetime) -> tuple[list[SalesforceRow], bool]:
        """Returns the opportunities modified since a time, at most `PROBE_ROWS`, and whether these are all."""
        order = f"ORDER BY SystemModstamp, Id LIMIT {PROBE_ROWS}"
        rows = list(self._read(f"{self._select()} WHERE SystemModstamp >= {_stamp(since)} {order}"))
        return rows, len(rows) < PROBE_ROWS

    def on_campaigns(self, campaigns: Iterable[str], bounds: RowBounds) -> Iterable[SalesforceRow]:
        """Returns the opportunities of campaigns."""
        return self._read_in_batches(
            f"{self._select()} WHERE CampaignId IN {{}}{bounds.condition()}", sorted(campaigns)
        )

    def of_our_leads(self, bounds: RowBounds) -> Iterable[SalesforceRow]:
        """Returns the opportunities that Leads of ours were converted into."""
        return self._read(
            f"{self._select()} WHERE Id IN (SELECT ConvertedOpportunityId FROM Lead WHERE {self._key} != null)"
            f"{bounds.condition()}"
        )

    def of_our_contacts(self, bounds: RowBounds) -> Iterable[SalesforceRow]:
        """Returns the opportunities that have a Contact of ours in a role."""
        return self._read(
            f"{self._select()} WHERE Id IN (SELECT OpportunityId FROM OpportunityContactRole "
            f"WHERE Contact.{self._key} != null){bounds.condition()}"
        )

    def by_ids(self, ids: Iterable[str], bounds: RowBounds = NO_BOUNDS) -> Iterable[SalesforceRow]:
        """Returns the opportunities of these ids."""
        return self._read_in_batches(f"{self._select()} WHERE Id IN {{}}{bounds.condition()}", sorted(ids))

    def converted_leads(self, bounds: RowBounds = NO_BOUNDS) -> Iterable[SalesforceRow]:
        """Returns the Leads of ours that were converted into an opportunity, and those merged into another Lead."""
        return self._read(
            f"SELECT Id, {self._key}, {self._number}, {self._campaign}, ConvertedOpportunityId, ConvertedDate, "
            f"MasterRecordId FROM Lead WHERE {self._key} != null AND ((IsConverted = true AND "
            "ConvertedOpportunityId != null) OR (IsDeleted = true AND MasterRecordId != null))"
            f"{bounds.condition()}"
        )

    def survivors(self, leads: Iterable[str]) -> Iterable[SalesforceRow]:
        """Returns those of these Leads that have no key: which others were merged into, as these tell."""
        return self._read_in_batches(
            "SELECT Id, IsDeleted, MasterRecordId, IsConverted, ConvertedOpportunityId, ConvertedDate "
            f"FROM Lead WHERE Id IN {{}} AND {self._key} = null",
            sorted(leads),
        )

    def last_hand_overs(self, leads: Iterable[str]) -> dict[str, str]:
        """Returns the numbers of the last hand-overs of these Leads, where they have one: not that of an update.

        It stands in a long text, which makes pages short: so only the Leads are asked for where it matters.
        """
        ids = sorted(leads)
        if not ids:
            return {}
        if self._has_digests is None:
            self._has_digests = self._written in self._field_names("Lead")
        if not self._has_digests:
            return {}
        rows = self._read_in_batches(f"SELECT Id, {self._number}, {self._written} FROM Lead WHERE Id IN {{}}", ids)
        numbers = {str(row["Id"]): last_handed_over(row, self._number, self._written) for row in rows}
        return {lead: number for lead, number in numbers.items() if number is not None}

    def merged_contacts(self) -> Iterable[SalesforceRow]:
        """Returns the Contacts of ours that were merged into another Contact."""
        return self._read(
            f"SELECT Id, {self._key}, {self._number}, {self._campaign}, MasterRecordId FROM Contact "
            f"WHERE {self._key} != null AND IsDeleted = true AND MasterRecordId != null"
        )

    def merged_further(self, contacts: Iterable[str]) -> Iterable[SalesforceRow]:
        """Returns those of these Contacts that have no key and were merged into another Contact."""
        return self._read_in_batches(
            f"SELECT Id, MasterRecordId FROM Contact WHERE Id IN {{}} AND {self._key} = null "
            "AND IsDeleted = true AND MasterRecordId != null",
            sorted(contacts),
        )

    def opportunities_of_changed_roles(self, since: datetime, contacts: Iterable[str]) -> list[str]:
        """Returns the ids of opportunities with a contact role that was modified since a time.

        The role is of any Contact with a key, or of one of `contacts`.
        """
        select = f"SELECT OpportunityId FROM OpportunityContactRole WHERE SystemModstamp >= {_stamp(since)} AND "
        has_key = f"Contact.{self._key} != null"
        if ids := sorted(contacts):
            rows = self._read_in_batches(f"{select}({has_key} OR ContactId IN {{}})", ids)
        else:
            rows = self._read(f"{select}{has_key}")
        return sorted({str(row["OpportunityId"]) for row in rows})

    def our_roles(self) -> Iterable[SalesforceRow]:
        """Returns the contact roles of Contacts of ours."""
        return self._read(f"{self._select_roles()} AND Contact.{self._key} != null")

    def roles_of_contacts(self, contacts: Iterable[str]) -> Iterable[SalesforceRow]:
        """Returns the contact roles of these Contacts, with and without a key."""
        return self._read_in_batches(f"{self._select_roles()} AND ContactId IN {{}}", sorted(contacts))

    def roles_of_opportunities(self, opportunities: Sequence[str]) -> Iterable[SalesforceRow]:
        """Returns all contact roles of these opportunities, whoever's they are."""
        return self._read_in_batches(f"{self._select_roles()} AND OpportunityId IN {{}}", opportunities)

    def sums_of_campaigns(self, campaigns: Iterable[str], created_from: date | None) -> Iterable[SalesforceRow]:
        """Returns `opportunities` and `total` by campaign, IsWon and IsClosed, of those that are not deleted.

        An org with several currencies converts a SUM into one of them: there every opportunity is a row of its own.
        """
        self._select()
        bounds = RowBounds(created_from=created_from).condition()
        where = f"FROM Opportunity WHERE IsDeleted = false AND CampaignId IN {{}}{bounds}"
        if not self._has_currencies:
            groups = "CampaignId, IsWon, IsClosed"
            soql = f"SELECT {groups}, COUNT(Id) opportunities, SUM(Amount) total {where} GROUP BY {groups}"
            return self._read_in_batches(soql, sorted(campaigns))
        rows = self._read_in_batches(
            f"SELECT CampaignId, IsWon, IsClosed, CurrencyIsoCode, Amount {where}", sorted(campaigns)
        )
        return [{**row, "opportunities": 1, "total": row["Amount"]} for row in rows]

    def created_before(self, day: date, opportunities: Sequence[str]) -> list[str]:
        """Returns the ids of those opportunities that were created before a day (UTC)."""
        soql = f"SELECT Id FROM Opportunity WHERE Id IN {{}} AND CreatedDate < {day.isoformat()}T00:00:00Z"
        return [str(row["Id"]) for row in self._read_in_batches(soql, opportunities)]

    def purged(self, start: datetime, end: datetime) -> set[str]:
        """Returns the ids of opportunities that Salesforce's log of deletions names, also when they are purged."""
        self.request_count += 1
        return set(self._org.deleted("Opportunity", start, end))

    def _select(self) -> str:
        if self._has_currencies is None:
            self._has_currencies = "CurrencyIsoCode" in self._field_names("Opportunity")
        currency = "CurrencyIsoCode, " if self._has_currencies else ""
        return (
            f"SELECT Id, Name, StageName, IsWon, IsClosed, IsDeleted, Amount, {currency}CloseDate, CampaignId, "
            "CreatedDate, SystemModstamp FROM Opportunity"
        )

    def _select_roles(self) -> str:
        return (
            f"SELECT Id, OpportunityId, ContactId, IsPrimary, CreatedDate, Contact.{self._key}, "
            f"Contact.{self._number}, Contact.{self._campaign} FROM OpportunityContactRole WHERE IsDeleted = false"
        )

    def _field_names(self, sobject: str) -> set[str]:
        fields = self._org.describe(sobject)["fields"]
        self.request_count += 1
        return {str(field["name"]) for field in fields}

    def _read(self, soql: str) -> Iterator[SalesforceRow]:
        """Yields rows page by page: an org may have many."""
        for page in self._org.query_pages(soql):
            self.request_count += 1
            self.row_count += len(page)
            self.asked_at = self.asked_at or self._org.server_time()
            yield from page

    def _read_in_batches(self, soql: str, ids: Sequence[str]) -> Iterator[SalesforceRow]:
        for batch in _batches(ids, MAX_QUERY_CHARACTERS - len(quote_plus(soql))):
            yield from self._read(soql.replace("{}", f"({','.join(map(quote_soql_value, batch))})"))


def _batches(ids: Sequence[str], characters: int) -> Iterator[Sequence[str]]:
    """Ids in portions for which an address has room."""
    size = characters // len(quote_plus(quote_soql_value("0" * 18) + ","))
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def last_handed_over(row: SalesforceRow, number_field: str, written_field: str) -> str | None:
    """Returns the number of a Lead's last hand-over: its number, or what an update kept that wrote it since."""
    number = row[number_field]
    digests = digests_that_hold(row[written_field], number, number_field) or {}
    kept = digests.get(HANDED_OVER)
    return kept if number is not None and LeadHandOverNumber.parse(kept) is not None else number


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
