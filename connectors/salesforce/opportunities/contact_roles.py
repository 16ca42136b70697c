"""Contact roles: which Contact of ours an opportunity counts for by a role, as one poll sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.merged_contacts import contact_without_key, follow_contacts
from connectors.salesforce.opportunities.org_opportunity import LeadOrigin, MergedContacts
from connectors.salesforce.opportunities.queries import OpportunityQueries
from connectors.salesforce.opportunities.survey import HandOverTime, RowReader, Survey
from connectors.salesforce.org.client import SalesforceRow


@dataclass(frozen=True, slots=True)
class ContactRoles:
    """Asks for contact roles in one poll; what it finds goes into the survey.

    Salesforce does not tell with a role who was merged into its Contact. That takes a request more, which a look at
    everything makes, one at roles of ours that changed, and one at ours alone.
    """

    queries: OpportunityQueries
    reader: RowReader
    handed_over_at: HandOverTime
    cursor: Cursor
    rules: AttributionRules
    survey: Survey

    def read_all(self) -> None:
        """Reads the roles of all Contacts of ours."""
        merged = self._merged()
        rows = list(self.queries.our_roles())
        with_key = {(str(row["OpportunityId"]), str(row["ContactId"])) for row in rows}
        lost = {
            state.role.present_record
            for each, state in self.cursor.states.items()
            if state.role is not None and (each, state.role.present_record) not in with_key
        }
        rows += self.queries.roles_of_contacts({*merged, *lost} - {""})
        self._add(rows, self.cursor.states)
        roles = self.survey.roles.items()
        self.survey.of_survivors.update(each for each, role in roles if role is not None and role.merged_into)

    def read_changed(self, since: datetime) -> None:
        """Reads all roles of the opportunities in which one of ours has changed since a time."""
        states = self.cursor.states.values()
        contacts = {state.role.merged_into for state in states if state.role is not None and state.role.merged_into}
        contacts.update(self.cursor.merged_contacts, self.survey.merged_contacts or ())
        if opportunities := self.queries.opportunities_of_changed_roles(since, contacts):
            self._merged()
            self._add(self.queries.roles_of_opportunities(opportunities), opportunities)

    def kept_of_survivors(self) -> list[str]:
        """Returns the ids of kept opportunities that no key of a Contact finds, since it was merged."""
        merged = self._merged()
        return [
            each
            for each, state in self.cursor.states.items()
            if state.role is not None and (state.role.merged_into or state.role.record in merged)
        ]

    def _merged(self) -> MergedContacts:
        if self.survey.merged_contacts is None:
            losers = [
                (str(row["MasterRecordId"]), origin)
                for row in self.queries.merged_contacts()
                if (origin := self.reader.lead(row, self.rules)) is not None
            ]
            self.survey.merged_contacts = follow_contacts(self.queries, losers)
        return self.survey.merged_contacts

    def _add(self, rows: Iterable[SalesforceRow], asked: Iterable[str]) -> None:
        groups: dict[str, dict[str, SalesforceRow]] = {each: {} for each in asked}
        for row in rows:
            groups.setdefault(str(row["OpportunityId"]), {})[str(row["Id"])] = row
        for each, group in groups.items():
            self.survey.roles[each] = self._primary(each, group.values())

    def _primary(self, opportunity: str, rows: Iterable[SalesforceRow]) -> LeadOrigin | None:
        state = self.cursor.states.get(opportunity)
        # The ledger does not say whether it knows its contact by a Lead or by a role.
        former = None if state is None else state.lead if state.is_partial else state.role

        def survivor(contact: str) -> LeadOrigin | None:
            losers = (self.survey.merged_contacts or {}).get(contact, {}).values()
            wanted = [each for each in losers if each.account in self.rules.role_accounts]
            return contact_without_key(contact, wanted, former, self.handed_over_at)

        return self.reader.primary_role(rows, self.rules, survivor)


def role_that_counts(found: LeadOrigin | None, former: LeadOrigin | None) -> LeadOrigin | None:
    """Returns the role that was found, with the campaign that its contact has counted for here so far.

    Every hand-over writes its campaign to the Contact, also long after a sale: that moves no revenue.
    """
    if found is None or former is None or former.campaign is None or not found.is_same_contact_as(former):
        return found
    return msgspec.structs.replace(found, campaign=former.campaign)
