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
        rows = list(self.queries.our_roles())
        with_key = {(str(row["OpportunityId"]), str(row["ContactId"])) for row in rows}
        # The record of an event may be a survivor, of a merge that Salesforce has forgotten.
        lost = [
            msgspec.structs.replace(state.role, merged_into=state.role.record)
            for each, state in self.cursor.states.items()
            if state.role is not None and (each, state.role.present_record) not in with_key
            if state.role.record and not state.role.merged_into
        ]
        rows += self.queries.roles_of_contacts(self._merged(lost))
        self._add(rows, self.cursor.states)
        roles = self.survey.roles.items()
        self.survey.of_survivors.update(each for each, role in roles if role is not None and role.merged_into)

    def read_changed(self, since: datetime) -> None:
        """Reads all roles of the opportunities in which one of ours has changed since a time."""
        contacts = {*self.cursor.merged_contacts, *(self.survey.merged_contacts or ())}
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

    def _merged(self, lost: Iterable[LeadOrigin] = ()) -> MergedContacts:
        if self.survey.merged_contacts is None:
            # Salesforce forgets a merge after two weeks: what is known of it goes on from the survivor.
            known = [state.role for state in self.cursor.states.values() if state.role and state.role.merged_into]
            masters = [(each.merged_into, each) for each in (*known, *lost)]
            for row in self.queries.merged_contacts():
                if (origin := self.reader.lead(row, self.rules)) is not None:
                    masters.append((str(row["MasterRecordId"]), origin))
            self.survey.merged_contacts = follow_contacts(self.queries, masters)
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

        def counts(loser: LeadOrigin) -> bool:
            # What a merge that Salesforce has forgotten tells holds for the opportunities that were found by then.
            is_known = not loser.merged_into or (former is not None and loser.is_same_contact_as(former))
            return is_known and loser.account in self.rules.role_accounts

        def survivor(contact: str) -> LeadOrigin | None:
            losers = (self.survey.merged_contacts or {}).get(contact, {}).values()
            return contact_without_key(contact, filter(counts, losers), former, self.handed_over_at)

        return self.reader.primary_role(rows, self.rules, survivor)


def role_that_counts(found: LeadOrigin | None, former: LeadOrigin | None) -> LeadOrigin | None:
    """Returns the role that was found, with the campaign that its contact has counted for here so far.

    Every hand-over writes its campaign to the Contact, also long after a sale: that moves no revenue.
    """
    if found is None or former is None or former.campaign is None or not found.is_same_contact_as(former):
        return found
    return msgspec.structs.replace(found, campaign=former.campaign)
