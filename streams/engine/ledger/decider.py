"""The decisions of the ledger's journal (a `Decider` of streams.runtime.protocols).

An opportunity's new state gives a new contribution; the totals get the difference. A release marker may change which
campaign an opportunity counts for, so it looks at every opportunity of its account, in portions. Doing a marker again
after a restart changes nothing where it was done before, so that an unfinished one needs no cursor: the position
stays before it until it is done.
"""

from __future__ import annotations

from collections import deque

import msgspec

from streams.engine.journal.effects import Budget, Effects
from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, decode
from streams.engine.ledger import outputs
from streams.engine.ledger.attribution import CrmCampaigns, account_campaigns
from streams.engine.ledger.opportunity import Contribution, Opportunity, opportunity_from_event
from streams.engine.ledger.totals import RevenueTotal, total_key
from streams.engine.releases.compiled import DefinitionsLookup

_OPPORTUNITY = "opportunity/"
_TOTAL = "total/"
_CAMPAIGNS = "campaigns/"
_OUTPUTS_PER_OPPORTUNITY = 4
"""Two totals and two tellings: what one opportunity can change at one record."""

_encode = msgspec.json.Encoder().encode


class LedgerDecider:
    """Holds every opportunity and total; `lookup` gives an account's definitions by release number."""

    def __init__(self, lookup: DefinitionsLookup) -> None:
        self._lookup = lookup
        self._opportunities: dict[str, Opportunity] = {}
        self._totals: dict[str, RevenueTotal] = {}
        self._campaigns: dict[str, CrmCampaigns] = {}
        self._queue: deque[tuple[int, JournalRecord]] = deque()
        self._keys_to_reach: deque[str] | None = None
        """Keys of opportunities that the marker at the head of the queue has not reached; None before it begins."""
        self._reach_count = 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog, in order, at take-over."""
        name = key.decode()
        if value is None:
            return
        if name.startswith(_OPPORTUNITY):
            self._opportunities[name[len(_OPPORTUNITY) :]] = msgspec.json.decode(value, type=Opportunity)
        elif name.startswith(_TOTAL):
            self._totals[name[len(_TOTAL) :]] = msgspec.json.decode(value, type=RevenueTotal)
        elif name.startswith(_CAMPAIGNS):
            self._campaigns[name[len(_CAMPAIGNS) :]] = msgspec.json.decode(value, type=CrmCampaigns)

    def resume(self, checkpoint: bytes | None) -> None:
        """Nothing: rows and position say all."""

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next journal record; `offset` rises, gaps are legal."""
        del key  # an event names its opportunity itself
        self._queue.append((offset, decode(value)))

    def has_pending(self) -> bool:
        """Whether `work` has anything left to do."""
        return bool(self._queue)

    def work(self, budget: Budget) -> Effects:
        """Decides as much as the budget allows, at least one opportunity."""
        effects = Effects()
        for _ in range(max(1, budget.records)):
            if not self._queue:
                break
            self._process_record(effects)
        return effects

    def checkpoint(self) -> bytes:
        """Nothing but rows and position is needed."""
        return b"{}"

    def resume_offset(self, next_offset: int) -> int:
        """The journal offset to go on from after a restart."""
        return self._queue[0][0] if self._queue else next_offset

    def is_busy(self) -> bool:
        """Whether a release marker has not reached every opportunity of its account."""
        return any(isinstance(record, Marker) for _, record in self._queue)

    def next_due(self) -> int | None:
        """None: time alone changes no revenue."""
        return None

    def _process_record(self, effects: Effects) -> None:
        """Decides one event, or lets the marker at the head reach one opportunity."""
        offset, record = self._queue[0]
        if isinstance(record, JournalEvent):
            self._decide_event(offset, record, effects)
        elif isinstance(record, Marker) and not self._advance_marker(offset, record, effects):
            return
        self._queue.popleft()

    def _decide_event(self, offset: int, event: JournalEvent, effects: Effects) -> None:
        if event.type != "opportunity.changed":
            return
        told = opportunity_from_event(event)
        known = self._opportunities.get(told.key)
        if known is not None:
            if not told.is_newer_than(known):
                return
            told.contribution, told.told = known.contribution, known.told
        self._opportunities[told.key] = told
        place = outputs.OutputOrigin(offset, event.at, {"kind": "crm", "event": event.id})
        self._settle(told, place, effects)
        effects.rows[f"{_OPPORTUNITY}{told.key}".encode()] = _encode(told)

    def _advance_marker(self, offset: int, marker: Marker, effects: Effects) -> bool:
        """Lets a marker reach one more opportunity of its account; whether it has reached them all."""
        if self._keys_to_reach is None:
            self._keys_to_reach = self._start_marker(marker, effects)
            self._reach_count = 0
        if self._keys_to_reach:
            opportunity = self._opportunities[self._keys_to_reach.popleft()]
            before = (opportunity.contribution, opportunity.told)
            cause = {"kind": "definition", "release": marker.number}
            place = outputs.OutputOrigin(offset, marker.at, cause, self._reach_count * _OUTPUTS_PER_OPPORTUNITY)
            self._settle(opportunity, place, effects)
            self._reach_count += 1
            if before != (opportunity.contribution, opportunity.told):
                effects.rows[f"{_OPPORTUNITY}{opportunity.key}".encode()] = _encode(opportunity)
        if self._keys_to_reach:
            return False
        self._keys_to_reach = None
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
        """Brings totals and lead up to what the opportunity is now."""
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
        for key, total in changed.items():
            self._totals[key] = total
            effects.rows[f"{_TOTAL}{key}".encode()] = _encode(total)
            effects.outputs.append(outputs.revenue_output(total, origin))

    def _total(self, account: str, contribution: Contribution, at: int) -> RevenueTotal:
        """The total that a contribution belongs to, at the later of its own instant and `at`."""
        known = self._totals.get(total_key(account, contribution.campaign, contribution.currency))
        if known is None:
            return RevenueTotal(account, contribution.campaign, contribution.currency, at)
        return msgspec.structs.replace(known, at=max(known.at, at))

    @staticmethod
    def _report_outcome(
        opportunity: Opportunity, campaigns: CrmCampaigns, origin: outputs.OutputOrigin, effects: Effects
    ) -> None:
        former, due = opportunity.told, opportunity.expected_outcome(campaigns)
        if due == former:
            return
        opportunity.told = due
        at = opportunity.modified if origin.at is None else origin.at
        moved = due is None or former is None or (due.contact, due.campaign) != (former.contact, former.campaign)
        if former is not None and moved and former.outcome != "deleted":
            gone = msgspec.structs.replace(former, outcome="deleted")
            effects.outputs.append(outputs.outcome_output(opportunity.account, opportunity.id, gone, at, origin))
        if due is not None:
            effects.outputs.append(outputs.outcome_output(opportunity.account, opportunity.id, due, at, origin))
