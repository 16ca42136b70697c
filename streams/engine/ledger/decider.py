"""Decides the ledger's journal (a `Decider` of streams.runtime.protocols).

A new state of an opportunity gives a new contribution, and the totals get the difference. A release marker may change
which campaign an opportunity counts for, so it visits every opportunity of its account, in portions. Repeating a
marker after a restart changes nothing for opportunities already visited, so an unfinished one needs no cursor: its
journal position stays before it until it is complete.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.engine.journal.effects import Budget, Effects, Output
from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, decode
from streams.engine.ledger import money, outputs
from streams.engine.ledger.attribution import CrmCampaigns, account_campaigns
from streams.engine.ledger.lead_outcomes import LeadOpportunities, LeadOutcome, lead_of
from streams.engine.ledger.opportunity import Contribution, Opportunity, ReportedOutcome, opportunity_from_event
from streams.engine.ledger.totals import RevenueTotal, total_key
from streams.engine.releases.cache import DefinitionsLookup

_OPPORTUNITY = "opportunity/"
_TOTAL = "total/"
_CAMPAIGNS = "campaigns/"
_OUTPUTS_PER_OPPORTUNITY = 4
"""The most outputs of one opportunity at one record: two totals and two outcomes."""

_encode = msgspec.json.Encoder().encode


class LedgerDecider:
    """Holds every opportunity and total; `lookup` gives an account's definitions by release number."""

    def __init__(self, lookup: DefinitionsLookup) -> None:
        self._lookup = lookup
        self._opportunities: dict[str, Opportunity] = {}
        self._totals: dict[str, RevenueTotal] = {}
        self._campaigns: dict[str, CrmCampaigns] = {}
        self._leads = LeadOpportunities()
        self._queue: deque[tuple[int, JournalRecord]] = deque()
        self._keys_to_visit: deque[str] | None = None
        """Keys of the opportunities that the marker at the head of the queue has yet to visit; None: not started."""
        self._visit_count = 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Restores one record of the changelog; they come in order, at take-over."""
        name = key.decode()
        if value is None:
            return
        if name.startswith(_OPPORTUNITY):
            opportunity = msgspec.json.decode(value, type=Opportunity)
            former = self._opportunities.get(opportunity.key)
            self._opportunities[opportunity.key] = opportunity
            self._leads.replace(
                opportunity.account, former.reported_outcome if former else None, opportunity.reported_outcome
            )
        elif name.startswith(_TOTAL):
            self._totals[name[len(_TOTAL) :]] = msgspec.json.decode(value, type=RevenueTotal)
        elif name.startswith(_CAMPAIGNS):
            self._campaigns[name[len(_CAMPAIGNS) :]] = msgspec.json.decode(value, type=CrmCampaigns)

    def resume(self, checkpoint: bytes | None) -> None:
        """Does nothing: rows and journal position are the whole state."""

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """Queues the next journal record; `offset` rises, gaps are legal."""
        del key  # an event names its opportunity itself
        self._queue.append((offset, decode(value)))

    def has_pending(self) -> bool:
        """Whether there are records to decide."""
        return bool(self._queue)

    def work(self, budget: Budget) -> Effects:
        """Decides as much as the budget allows, at least one opportunity, and returns the effects."""
        effects = Effects()
        for _ in range(max(1, budget.records)):
            if not self._queue:
                break
            self._process_record(effects)
        return effects

    def checkpoint(self) -> bytes:
        """Returns an empty checkpoint: rows and journal position are the whole state."""
        return b"{}"

    def resume_offset(self, next_offset: int) -> int:
        """Returns the journal offset to continue from after a restart."""
        return self._queue[0][0] if self._queue else next_offset

    def is_busy(self) -> bool:
        """Whether a release marker has yet to visit opportunities of its account."""
        return any(isinstance(record, Marker) for _, record in self._queue)

    def known_release(self, account: str) -> int:
        """The number of the account's release; 0 for none."""
        return account_campaigns(self._campaigns, account).release

    def next_due(self, before: int | None = None) -> int | None:
        """Returns None: time alone changes no revenue."""
        del before
        return None

    def _process_record(self, effects: Effects) -> None:
        """Decides one event, or lets the marker at the head of the queue visit one opportunity."""
        offset, record = self._queue[0]
        if isinstance(record, JournalEvent):
            self._decide_event(offset, record, effects)
        elif isinstance(record, Marker) and not self._advance_marker(offset, record, effects):
            return
        self._queue.popleft()

    def _decide_event(self, offset: int, event: JournalEvent, effects: Effects) -> None:
        if event.type != "opportunity.changed":
            return
        opportunity = opportunity_from_event(event)
        former = self._opportunities.get(opportunity.key)
        if former is not None:
            if not opportunity.is_newer_than(former):
                return
            opportunity.contribution, opportunity.reported_outcome = former.contribution, former.reported_outcome
        self._opportunities[opportunity.key] = opportunity
        cause: dict[str, Any] = {"kind": "crm", "event": event.id}
        campaigns = account_campaigns(self._campaigns, event.account)
        if campaigns.speaks_for_leads:
            cause["release"] = campaigns.release
        origin = outputs.OutputOrigin(offset, event.at, cause)
        self._settle(opportunity, origin, effects)
        effects.rows[f"{_OPPORTUNITY}{opportunity.key}".encode()] = _encode(opportunity)

    def _advance_marker(self, offset: int, marker: Marker, effects: Effects) -> bool:
        """Lets a marker visit one more opportunity of its account; returns whether it has visited all of them."""
        if self._keys_to_visit is None:
            self._keys_to_visit = self._start_marker(marker, effects)
            self._visit_count = 0
        if self._keys_to_visit:
            opportunity = self._opportunities[self._keys_to_visit.popleft()]
            before = (opportunity.contribution, opportunity.reported_outcome)
            cause = {"kind": "definition", "release": marker.number}
            origin = outputs.OutputOrigin(offset, marker.at, cause, self._visit_count * _OUTPUTS_PER_OPPORTUNITY)
            self._settle(opportunity, origin, effects)
            self._visit_count += 1
            if before != (opportunity.contribution, opportunity.reported_outcome):
                effects.rows[f"{_OPPORTUNITY}{opportunity.key}".encode()] = _encode(opportunity)
        if self._keys_to_visit:
            return False
        self._keys_to_visit = None
        return True

    def _start_marker(self, marker: Marker, effects: Effects) -> deque[str]:
        account = marker.account
        campaigns = account_campaigns(self._campaigns, account).with_release(
            marker.number, self._lookup(account, marker.number)
        )
        self._campaigns[account] = campaigns
        effects.rows[f"{_CAMPAIGNS}{account}".encode()] = _encode(campaigns)
        return deque(sorted(key for key, row in self._opportunities.items() if row.account == account))

    def _settle(self, opportunity: Opportunity, origin: outputs.OutputOrigin, effects: Effects) -> None:
        """Updates the totals and the lead to the opportunity's present state."""
        campaigns = account_campaigns(self._campaigns, opportunity.account)
        self._update_totals(opportunity, opportunity.expected_contribution(campaigns), origin, effects)
        self._report_outcome(opportunity, campaigns, origin, effects)

    def _update_totals(
        self, opportunity: Opportunity, expected: Contribution | None, origin: outputs.OutputOrigin, effects: Effects
    ) -> None:
        former = opportunity.contribution
        if expected == former:
            return
        opportunity.contribution = expected
        at = opportunity.modified if origin.at is None else origin.at
        changed: dict[str, RevenueTotal] = {}
        if former is not None:
            total = self._total(opportunity.account, former, at)
            changed[total.key] = total.minus(former)
        if expected is not None:
            total = self._total(opportunity.account, expected, at)
            changed[total.key] = changed.get(total.key, total).plus(expected)
        for key, each in changed.items():
            total = msgspec.structs.replace(each, offset=origin.offset)
            self._totals[key] = total
            effects.rows[f"{_TOTAL}{key}".encode()] = _encode(total)
            effects.outputs.append(outputs.revenue_output(total, origin, is_repeated=each.offset == origin.offset))

    def _total(self, account: str, contribution: Contribution, at: int) -> RevenueTotal:
        """Returns the total that a contribution belongs to, at the later of the total's own instant and `at`."""
        total = self._totals.get(total_key(account, contribution.campaign, contribution.currency))
        if total is None:
            return RevenueTotal(account, contribution.campaign, contribution.currency, at)
        return msgspec.structs.replace(total, at=max(total.at, at))

    def _report_outcome(
        self, opportunity: Opportunity, campaigns: CrmCampaigns, origin: outputs.OutputOrigin, effects: Effects
    ) -> None:
        former, expected = opportunity.reported_outcome, opportunity.expected_outcome(campaigns)
        if campaigns.speaks_for_leads and expected is not None:
            # A lead that never heard of an opportunity need not hear that it was deleted.
            is_new = former is None or lead_of(opportunity.account, former) != lead_of(opportunity.account, expected)
            is_unheard = is_new and expected.outcome == "deleted"
            expected = None if is_unheard else msgspec.structs.replace(expected, speaks_for_lead=True)
        if expected == former:
            return
        opportunity.reported_outcome = expected
        self._leads.replace(opportunity.account, former, expected)
        at = opportunity.modified if origin.at is None else origin.at
        report = self._report_for_lead if campaigns.speaks_for_leads else _report_opportunity
        for each in _reports(former, expected):
            if (output := report(opportunity, each, former, at, origin)) is not None:
                effects.outputs.append(output)

    def _report_for_lead(
        self,
        opportunity: Opportunity,
        report: ReportedOutcome,
        former: ReportedOutcome | None,
        at: int,
        origin: outputs.OutputOrigin,
    ) -> Output | None:
        """Returns what the lead's opportunities say together, from engine version 4 on; None where it knows that."""
        lead = lead_of(opportunity.account, report)
        is_unchanged = former is not None and report == msgspec.structs.replace(former, speaks_for_lead=True)
        # Then an earlier version said what there was to say of the opportunity, perhaps not of the lead.
        if is_unchanged and not self._leads.needs_summary(lead):
            return None
        outcome = self._leads.outcome(lead)
        if outcome is None:
            amount = report.amount or money.ZERO
            outcome = LeadOutcome("deleted", report.currency, {report.currency: amount})
        return outputs.lead_outcome_output(opportunity, report, outcome, at, origin)


def _report_opportunity(
    opportunity: Opportunity,
    report: ReportedOutcome,
    former: ReportedOutcome | None,
    at: int,
    origin: outputs.OutputOrigin,
) -> Output:
    """Returns the outcome of the opportunity itself, as engine versions before 4 report it."""
    del former
    return outputs.outcome_output(opportunity, report, at, origin)


def _reports(former: ReportedOutcome | None, expected: ReportedOutcome | None) -> Iterator[ReportedOutcome]:
    """Yields what leads have to hear: the former one that the opportunity is gone, the present one its state."""
    is_other_lead = (
        expected is None
        or former is None
        or (expected.contact, expected.campaign) != (former.contact, former.campaign)
    )
    if former is not None and is_other_lead and former.outcome != "deleted":
        yield msgspec.structs.replace(former, outcome="deleted")
    if expected is not None:
        yield expected
