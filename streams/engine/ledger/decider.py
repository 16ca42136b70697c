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
from streams.engine.journal.records import Event, Marker, Record, decode
from streams.engine.ledger import outputs
from streams.engine.ledger.attribution import Campaigns, of
from streams.engine.ledger.opportunity import Contribution, Opportunity, of_event
from streams.engine.ledger.totals import Total, total_key
from streams.engine.partition.backfill import History
from streams.engine.partition.broadcast import Proposed
from streams.engine.releases.compiled import Lookup

_OPPORTUNITY = "opportunity/"
_TOTAL = "total/"
_CAMPAIGNS = "campaigns/"
_OUTPUTS_PER_OPPORTUNITY = 4
"""Two totals and two tellings: what one opportunity can change at one record."""

_encode = msgspec.json.Encoder().encode


class LedgerDecider:
    """Holds every opportunity and total; `lookup` gives an account's definitions by release number."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._opportunities: dict[str, Opportunity] = {}
        self._totals: dict[str, Total] = {}
        self._campaigns: dict[str, Campaigns] = {}
        self._queue: deque[tuple[int, Record]] = deque()
        self._waiting: deque[str] | None = None
        """Keys of opportunities that the marker at the head of the queue has not reached; None before it begins."""
        self._reached = 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog, in order, at take-over."""
        name = key.decode()
        if value is None:
            return
        if name.startswith(_OPPORTUNITY):
            self._opportunities[name[len(_OPPORTUNITY) :]] = msgspec.json.decode(value, type=Opportunity)
        elif name.startswith(_TOTAL):
            self._totals[name[len(_TOTAL) :]] = msgspec.json.decode(value, type=Total)
        elif name.startswith(_CAMPAIGNS):
            self._campaigns[name[len(_CAMPAIGNS) :]] = msgspec.json.decode(value, type=Campaigns)

    def resume(self, checkpoint: bytes | None) -> None:
        """Nothing: rows and position say all."""

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next journal record; `offset` rises, gaps are legal."""
        del key  # an event names its opportunity itself
        self._queue.append((offset, decode(value)))

    def pending(self) -> bool:
        """Whether `work` has anything left to do."""
        return bool(self._queue)

    def work(self, budget: Budget) -> Effects:
        """Decides as much as the budget allows, at least one opportunity."""
        effects = Effects()
        for _ in range(max(1, budget.records)):
            if not self._queue:
                break
            self._step(effects)
        return effects

    def checkpoint(self) -> bytes:
        """Nothing but rows and position is needed."""
        return b"{}"

    def position(self, fetched: int) -> int:
        """The journal offset to go on from after a restart."""
        return self._queue[0][0] if self._queue else fetched

    def busy(self) -> bool:
        """Whether a release marker has not reached every opportunity of its account."""
        return any(isinstance(record, Marker) for _, record in self._queue)

    def next_due(self) -> int | None:
        """None: time alone changes no revenue."""
        return None

    def needs_history(self, marker: Marker) -> bool:  # noqa: ARG002 - a Decider
        """No: what a release names counts for every opportunity that is kept."""
        return False

    def proposed(self) -> dict[str, Proposed]:
        """Nothing: no release asks of the past here."""
        return {}

    def has_contacts(self, account: str) -> bool:  # noqa: ARG002 - a Decider
        """No: there are opportunities only."""
        return False

    def history(self, account: str, _after: str = "", _room: int | None = None) -> History:
        """Never asked. Raises LookupError."""
        raise LookupError(f"no release of account {account} is proposed to the ledger")

    def _step(self, effects: Effects) -> None:
        """Decides one event, or lets the marker at the head reach one opportunity."""
        offset, record = self._queue[0]
        if isinstance(record, Event):
            self._decide(offset, record, effects)
        elif isinstance(record, Marker) and not self._reach_next(offset, record, effects):
            return
        self._queue.popleft()

    def _decide(self, offset: int, event: Event, effects: Effects) -> None:
        if event.type != "opportunity.changed":
            return
        told = of_event(event)
        known = self._opportunities.get(told.key)
        if known is not None:
            if not told.newer_than(known):
                return
            told.contribution, told.told = known.contribution, known.told
        self._opportunities[told.key] = told
        place = outputs.Place(offset, event.at, {"kind": "crm", "event": event.id})
        self._settle(told, place, effects)
        effects.rows[f"{_OPPORTUNITY}{told.key}".encode()] = _encode(told)

    def _reach_next(self, offset: int, marker: Marker, effects: Effects) -> bool:
        """Lets a marker reach one more opportunity of its account; whether it has reached them all."""
        if self._waiting is None:
            self._waiting = self._begin(marker, effects)
            self._reached = 0
        if self._waiting:
            opportunity = self._opportunities[self._waiting.popleft()]
            before = (opportunity.contribution, opportunity.told)
            cause = {"kind": "definition", "release": marker.number}
            place = outputs.Place(offset, marker.at, cause, self._reached * _OUTPUTS_PER_OPPORTUNITY)
            self._settle(opportunity, place, effects)
            self._reached += 1
            if before != (opportunity.contribution, opportunity.told):
                effects.rows[f"{_OPPORTUNITY}{opportunity.key}".encode()] = _encode(opportunity)
        if self._waiting:
            return False
        self._waiting = None
        return True

    def _begin(self, marker: Marker, effects: Effects) -> deque[str]:
        account = marker.account
        campaigns = of(self._campaigns, account).after(marker.number, self._lookup(account, marker.number))
        self._campaigns[account] = campaigns
        effects.rows[f"{_CAMPAIGNS}{account}".encode()] = _encode(campaigns)
        return deque(sorted(key for key, row in self._opportunities.items() if row.account == account))

    def _settle(self, opportunity: Opportunity, place: outputs.Place, effects: Effects) -> None:
        """Brings totals and lead up to what the opportunity is now."""
        campaigns = of(self._campaigns, opportunity.account)
        self._move(opportunity, opportunity.due_contribution(campaigns), place, effects)
        self._tell(opportunity, campaigns, place, effects)

    def _move(
        self, opportunity: Opportunity, due: Contribution | None, place: outputs.Place, effects: Effects
    ) -> None:
        former = opportunity.contribution
        if due == former:
            return
        opportunity.contribution = due
        at = opportunity.modified if place.at is None else place.at
        changed: dict[str, Total] = {}
        if former is not None:
            total = self._total(opportunity.account, former, at)
            changed[total.key] = total.minus(former)
        if due is not None:
            total = self._total(opportunity.account, due, at)
            changed[total.key] = changed.get(total.key, total).plus(due)
        for key, total in changed.items():
            self._totals[key] = total
            effects.rows[f"{_TOTAL}{key}".encode()] = _encode(total)
            effects.outputs.append(outputs.revenue(total, place))

    def _total(self, account: str, part: Contribution, at: int) -> Total:
        """The total that a contribution belongs to, at the later of its own instant and `at`."""
        known = self._totals.get(total_key(account, part.campaign, part.currency))
        if known is None:
            return Total(account, part.campaign, part.currency, at)
        return msgspec.structs.replace(known, at=max(known.at, at))

    @staticmethod
    def _tell(opportunity: Opportunity, campaigns: Campaigns, place: outputs.Place, effects: Effects) -> None:
        former, due = opportunity.told, opportunity.due_telling(campaigns)
        if due == former:
            return
        opportunity.told = due
        at = opportunity.modified if place.at is None else place.at
        moved = due is None or former is None or (due.contact, due.campaign) != (former.contact, former.campaign)
        if former is not None and moved and former.outcome != "deleted":
            gone = msgspec.structs.replace(former, outcome="deleted")
            effects.outputs.append(outputs.outcome(opportunity.account, opportunity.id, gone, at, place))
        if due is not None:
            effects.outputs.append(outputs.outcome(opportunity.account, opportunity.id, due, at, place))
