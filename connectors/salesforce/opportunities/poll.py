"""Polls opportunities: reads what of ours has changed since a cursor and makes events of it.

The first poll, one a day and one after a change of what is ours read everything of ours. The others ask for all
changes of the org since the last one, in one request, and keep ours. Where the org changes more than that request
may bring, they ask for ours alone for a while, which takes a few requests and never reads the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import msgspec

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.contact_roles import ContactRoles, role_that_counts
from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.ledger_state import is_record_id
from connectors.salesforce.opportunities.merged_leads import follow_merges
from connectors.salesforce.opportunities.org_opportunity import (
    CRM_NAME,
    LeadOrigin,
    OpportunityEvent,
    OpportunityRow,
    OrgOpportunity,
    later_modified,
)
from connectors.salesforce.opportunities.queries import OpportunityQueries, RowBounds
from connectors.salesforce.opportunities.survey import (
    HandOverTime,
    RowReader,
    Survey,
    competing_leads,
    latest_handed_over,
)
from connectors.salesforce.org.client import OrgClient, SalesforceRow
from connectors.salesforce.org.directory import crm_name
from connectors.salesforce.record_id import is_long_record_id, long_record_id

OVERLAP = timedelta(minutes=10)
"""Salesforce shows some rows minutes late, with the stamp of their write."""
DELETION_LOG = timedelta(days=14)
"""How far back Salesforce's log of deletions is asked; it has 15 days."""
BUSY_POLLS = 20
POLLS_WITHOUT_LEADS = 9
"""So many polls in a row do not ask for Leads when no unknown opportunity has appeared."""


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a poll took and found.

    Kept opportunities that the org does not show: of those in `purged` its log names the deletion, of `unseen` not.
    """

    is_whole: bool = False
    requests: int = 0
    rows: int = 0
    kept_count: int = 0
    purged: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()


class OpportunityPoll:
    """`(events, next cursor) = poll(cursor)`: asks the org and makes an event for each state of ours that changed.

    After a failure the same cursor can be used again: it gives the same events with the same ids. The last event is
    written when the others are: its `version` is the position of the poll (`Cursor.from_states`). `rules` are asked
    at every poll. `org_name` is "" for the org of all accounts that have none of their own; `is_of_org` tells which
    accounts the org serves.
    """

    def __init__(
        self,
        org: OrgClient,
        *,
        currency: str,
        rules: Callable[[], AttributionRules] = AttributionRules,
        org_name: str = "",
        is_of_org: Callable[[str], bool] = lambda _: True,
        handed_over_at: HandOverTime = lambda _: None,
        overlap: timedelta = OVERLAP,
    ) -> None:
        self.org_name = org_name
        self.crm = crm_name(org_name)
        self.report = PollReport()
        """What the last poll took."""
        self._queries = OpportunityQueries(org)
        self._reader = RowReader(org.connection, currency, is_of_org)
        self.is_of_org = is_of_org
        self._rules = rules
        self._handed_over_at = handed_over_at
        self._overlap = overlap

    def __call__(self, cursor: Cursor) -> tuple[list[OpportunityEvent], Cursor]:
        """Polls once. Raises TransientFailure, CircuitOpen, SalesforceRefused, RequestRefused."""
        rules = self._rules()
        is_whole = _needs_whole(cursor, rules)
        self._queries.begin(anew=is_whole)
        survey, after = self._read_all(cursor, rules) if is_whole else self._read_changes(cursor, rules)
        until = self._queries.asked_at or datetime.now(UTC)
        version = max(cursor.version + 1, int(until.timestamp() * 1000))
        # Only the last event says how far the poll saw: a process that dies before it has written that one starts
        # again from where this poll did.
        states, events = self._compare(cursor, rules, survey, cursor.version + 1, is_whole=is_whole)
        if events:
            events[-1]["version"] = version
        self.report = PollReport(
            is_whole,
            self._queries.request_count,
            self._queries.row_count,
            len(states),
            frozenset(survey.purged),
            frozenset(survey.unseen),
        )
        return events, replace(
            after,
            states=MappingProxyType(states),
            until=until,
            version=version,
            rules=rules,
            whole_at=until if is_whole else cursor.whole_at,
            leads_until=until if survey.asked_leads else cursor.leads_until,
            merged=survey.merged if survey.asked_leads else cursor.merged,
            merged_contacts=cursor.merged_contacts if survey.merged_contacts is None else survey.merged_contacts,
            polls_without_leads=0 if survey.asked_leads else cursor.polls_without_leads + 1,
            foreign=MappingProxyType(survey.foreign),
        )

    # --- everything of ours ---

    def _read_all(self, cursor: Cursor, rules: AttributionRules) -> tuple[Survey, Cursor]:
        queries, survey = self._queries, Survey(asked_leads=True)
        since = None if cursor.until is None else cursor.until - self._overlap
        earliest = _earliest_start(rules)
        self._add_leads(survey, queries.converted_leads(), cursor, rules)
        self._add_rows(survey, queries.of_our_leads(_past(earliest, since)))
        for start, campaigns in rules.campaigns_by_start().items():
            self._add_rows(survey, queries.on_campaigns(campaigns, _past(start, since)))
        if rules.role_accounts:
            self._add_rows(survey, queries.of_our_contacts(_past(earliest, since)))
            self._roles(survey, cursor, rules).read_all()
        # No query by a key finds these.
        unknown = survey.of_survivors - survey.rows.keys() - cursor.states.keys()
        self._add_rows(survey, queries.by_ids(unknown, _past(earliest, since)))
        missing = {each for each in cursor.states if each not in survey.rows}
        self._add_rows(survey, queries.by_ids(missing))
        self._find_purged(survey, cursor, missing - survey.rows.keys())
        return survey, replace(cursor, busy_polls=0)

    def _find_purged(self, survey: Survey, cursor: Cursor, gone: set[str]) -> None:
        """Kept opportunities that are not even in the recycle bin: deleted where the org's log says so.

        A row that the integration user may not see any more looks the same, and is no deletion.
        """
        gone = {each for each in gone if not cursor.states[each].row.deleted}
        if not gone:
            return
        now = self._queries.asked_at or datetime.now(UTC)
        purged = self._queries.purged(now - DELETION_LOG, now)
        for each in gone & purged:
            survey.rows[each] = as_deleted(cursor.states[each].row, now)
        survey.purged = gone & purged
        survey.unseen = gone - purged

    # --- what has changed ---

    def _read_changes(self, cursor: Cursor, rules: AttributionRules) -> tuple[Survey, Cursor]:
        assert cursor.until is not None
        since = cursor.until - self._overlap
        survey = Survey(asked_leads=cursor.polls_without_leads >= POLLS_WITHOUT_LEADS)
        busy_polls = cursor.busy_polls
        probe: dict[str, SalesforceRow] = {}
        if busy_polls == 0:
            rows, is_complete = self._queries.changed(since)
            if is_complete:
                probe = {str(row["Id"]): row for row in rows}
            else:
                busy_polls = BUSY_POLLS
        if busy_polls:
            busy_polls -= 1
            survey.asked_leads = True
            self._read_ours(survey, cursor, rules, since)
        self._take_ours(survey, probe, cursor, rules)
        if survey.asked_leads:
            asked_until = (cursor.leads_until or cursor.until) - self._overlap
            self._add_leads(survey, self._queries.converted_leads(RowBounds(asked_until)), cursor, rules)
            if rules.role_accounts:
                self._roles(survey, cursor, rules).read_changed(asked_until)
            found = {*survey.leads, *(each for each, origin in survey.roles.items() if origin is not None)}
            unknown = found - survey.rows.keys() - cursor.states.keys()
            self._add_rows(survey, [probe[each] for each in unknown if each in probe])
            self._add_rows(survey, self._queries.by_ids(unknown - probe.keys()))
        self._add_new_campaigns(survey, cursor, rules)
        return survey, replace(cursor, busy_polls=busy_polls)

    def _take_ours(
        self, survey: Survey, probe: dict[str, SalesforceRow], cursor: Cursor, rules: AttributionRules
    ) -> None:
        for each, row in probe.items():
            campaign = row["CampaignId"]
            if each in cursor.states or (campaign and long_record_id(campaign) in rules.campaigns):
                self._add_rows(survey, [row])
            else:
                survey.foreign[each] = str(row["SystemModstamp"])
            # A new one may be of a Lead of ours that was converted a moment ago, also where its campaign is ours.
            is_new = each not in cursor.states and each not in cursor.foreign
            survey.asked_leads = survey.asked_leads or is_new

    def _read_ours(self, survey: Survey, cursor: Cursor, rules: AttributionRules, since: datetime) -> None:
        bounds = RowBounds(since)
        self._add_rows(survey, self._queries.on_campaigns(rules.campaigns, bounds))
        self._add_rows(survey, self._queries.of_our_leads(bounds))
        if rules.role_accounts:
            self._add_rows(survey, self._queries.of_our_contacts(bounds))
        # The query for campaigns does not see an opportunity that has left them, the others none of a survivor.
        others = [each for each, state in cursor.states.items() if state.lead is None and state.role is None]
        others += [each for each, state in cursor.states.items() if state.lead and state.lead.merged_into]
        if rules.role_accounts:
            others += self._roles(survey, cursor, rules).kept_of_survivors()
        self._add_rows(survey, self._queries.by_ids({*others}, bounds))

    def _add_new_campaigns(self, survey: Survey, cursor: Cursor, rules: AttributionRules) -> None:
        known = cursor.rules.campaigns if cursor.rules is not None else {}
        for start, campaigns in rules.campaigns_by_start().items():
            if new := [each for each in campaigns if each not in known]:
                self._add_rows(survey, self._queries.on_campaigns(new, RowBounds(created_from=start)))

    # --- rows ---

    def _add_rows(self, survey: Survey, rows: Iterable[SalesforceRow]) -> None:
        for row in rows:
            opportunity = self._reader.opportunity(row)
            survey.rows[opportunity.id] = opportunity
            survey.created[opportunity.id] = date.fromisoformat(str(row["CreatedDate"])[:10])

    def _add_leads(
        self, survey: Survey, rows: Iterable[SalesforceRow], cursor: Cursor, rules: AttributionRules
    ) -> None:
        merged = {each: dict(leads) for each, leads in cursor.merged.items()}
        for row in rows:
            if (origin := self._reader.lead(row, rules)) is None:
                continue
            if row["ConvertedOpportunityId"] is not None:
                survey.leads.setdefault(str(row["ConvertedOpportunityId"]), []).append(origin)
            else:
                merged.setdefault(str(row["MasterRecordId"]), {})[origin.record] = origin
        survivors = follow_merges(self._queries, merged)
        survey.merged = survivors.waiting
        survey.of_survivors = set(survivors.converted)
        for each, leads in survivors.converted.items():
            survey.leads.setdefault(each, []).extend(leads)
        rivals = set[str]()
        for each, leads in survey.leads.items():
            competing = competing_leads(leads, cursor.states[each].lead if each in cursor.states else None)
            rivals.update(competing if len(competing) > 1 else ())
        survey.hand_overs = self._queries.last_hand_overs(filter(is_long_record_id, rivals))

    def _roles(self, survey: Survey, cursor: Cursor, rules: AttributionRules) -> ContactRoles:
        return ContactRoles(self._queries, self._reader, self._handed_over_at, cursor, rules, survey)

    # --- states ---

    def _compare(
        self, cursor: Cursor, rules: AttributionRules, survey: Survey, version: int, *, is_whole: bool
    ) -> tuple[dict[str, OrgOpportunity], list[OpportunityEvent]]:
        states, events = dict(cursor.states), list[OpportunityEvent]()
        ids = {*survey.rows, *survey.leads, *survey.roles}
        if rules != cursor.rules:
            ids.update(states)
        for each in sorted(ids):
            former = states.get(each)
            state = self._state(each, former, survey, rules)
            if state is None or (former is None and is_whole and self._is_past(state, survey, rules, cursor)):
                continue
            states[each] = state
            if former is not None and former.tells_the_same_as(state):
                continue
            if former is not None and former.account not in ("", state.account):
                released = OrgOpportunity(state.row, former.account)
                events.append(released.to_event(self.crm, version, released=True))
            events.append(state.to_event(self.crm, version))
        events.sort(key=lambda event: str(event["modified"]))
        return states, events

    def _state(
        self, opportunity: str, former: OrgOpportunity | None, survey: Survey, rules: AttributionRules
    ) -> OrgOpportunity | None:
        """Returns the present state; None for an opportunity that is not ours and never was."""
        row = survey.rows.get(opportunity)
        account, lead, role = "", None, None
        if former is not None:
            account, lead, role = former.account, former.lead, former.role
            # A deletion of what the org did not show for a while has a later stamp than the row it shows again.
            row = former.row if row is None else later_modified(row, former.row.modified)
        if row is None:
            return None
        if former is not None and former.is_partial and survey.roles.get(opportunity) is not None:
            # The ledger does not say whether it knows its contact by a Lead or by a role.
            lead, role = None, former.lead
        lead = self._lead(survey, opportunity, lead)
        if opportunity in survey.roles:
            role = role_that_counts(survey.roles[opportunity], role)
        is_partial = former is not None and former.is_partial and opportunity not in survey.rows
        if (owner := rules.owner(row.crm_campaign, lead, role)) is not None:
            return OrgOpportunity(row, *owner, lead, role, is_partial)
        # Its campaign was changed, or its role ended: its account has to know.
        return OrgOpportunity(row, account, None, lead, role, is_partial) if account else None

    def _lead(self, survey: Survey, opportunity: str, former: LeadOrigin | None) -> LeadOrigin | None:
        leads = competing_leads(survey.leads.get(opportunity, ()), former)
        for record in leads.keys() & survey.hand_overs.keys():
            leads[record] = msgspec.structs.replace(leads[record], number=survey.hand_overs[record])
        return latest_handed_over(leads.values(), self._handed_over_at)

    @staticmethod
    def _is_past(state: OrgOpportunity, survey: Survey, rules: AttributionRules, cursor: Cursor) -> bool:
        """Whether the account does not want what was created so long ago, and it has not changed since either."""
        start = rules.since.get(state.account)
        if start is None or survey.created[state.row.id] >= start:
            return False
        return cursor.until is None or datetime.fromisoformat(state.row.modified) < cursor.until - OVERLAP


def is_ours(event: object, crm: str = CRM_NAME) -> bool:
    """Whether this connector wrote a value of `crm-opportunities`, for the org that `crm` names.

    Anybody may write to the topic: what it has by that name and cannot be an event of the connector is passed over.
    """
    if not isinstance(event, dict) or event.get("crm") != crm:
        return False
    has_text = all(isinstance(event.get(name), str) for name in ("account", "opportunity", "modified"))
    if not has_text or not isinstance(event.get("version"), int) or not is_record_id(event["opportunity"]):
        return False
    try:
        return datetime.fromisoformat(event["modified"]).tzinfo is not None
    except ValueError:
        return False


def as_deleted(row: OpportunityRow, at: datetime) -> OpportunityRow:
    """Returns the last known row of an opportunity that is gone even from the recycle bin, seen so at a time."""
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return later_modified(msgspec.structs.replace(row, deleted=True), stamp)


def _needs_whole(cursor: Cursor, rules: AttributionRules) -> bool:
    if cursor.whole_at is None or cursor.until is None or cursor.rules is None:
        return True
    if rules.role_accounts - cursor.rules.role_accounts or rules.since != cursor.rules.since:
        return True
    return cursor.is_old


def _past(start: date | None, since: datetime | None) -> RowBounds:
    """Returns the bounds of a look at everything: the past that an account does not want may change."""
    return RowBounds() if start is None else RowBounds(since, start)


def _earliest_start(rules: AttributionRules) -> date | None:
    """Returns the earliest creation date that any account wants of Leads; None when one wants them all."""
    starts = [rules.since.get(account) for account in rules.campaigns_of_accounts]
    known = [start for start in starts if start is not None]
    return min(known, default=None) if len(known) == len(starts) else None
