"""Decides the records of one journal partition in batches (a `Decider` of streams.runtime.protocols).

Own records and broadcasts (ticks, markers) are decided side by side, but each contact sees the order of the journal:
before its own record, an unfinished broadcast with a lower offset is applied to it. A second broadcast waits until
the first has reached all contacts. So outputs per contact do not depend on the batches. Rows, outputs and
`checkpoint` are committed together, so outputs do not depend on restarts either.

A release with leaves that need the past is proposed first: from there on contacts track its new leaves, slices add
the state from before, and its marker makes it decide (SPEC section 9).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from schemas.engine_versions import OLDEST_VERSION
from streams.engine.decisions.decide import Decision, decide_event, decide_slice
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal.effects import Budget, Effects
from streams.engine.journal.records import (
    NO_TICK,
    JournalEvent,
    JournalRecord,
    Marker,
    Slice,
    Tick,
    decode,
    event_key,
)
from streams.engine.partition.active_releases import ActiveReleases
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.broadcast import Broadcast
from streams.engine.partition.checkpoint import Checkpoint, PartitionStatus, PendingBroadcast, PendingProposal
from streams.engine.releases.cache import DefinitionsLookup, ReleaseCache, ReleaseCompiler
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.contact_store import ContactStore
from streams.engine.state.decoded_contacts import DECODED_CONTACTS
from streams.engine.state.row_store import RowStore
from streams.engine.version import require_version

_OWN_RECORD_SHARE = 0.7
"""The share of a budget that own records may use while a broadcast is unfinished."""

_NEW_ROW_BYTES = 300
"""The estimated size (bytes) of a new row."""


def _zero_timer() -> float:
    return 0.0


class _BudgetUsage:
    """What a batch has used of its budget."""

    def __init__(self, budget: Budget, timer: Callable[[], float]) -> None:
        self._budget = budget
        self._timer = timer
        self._start = timer()
        self.records = 0
        self.bytes = 0
        self.has_started = False
        self._end = self._start + budget.seconds

    def is_exhausted(self, share: float = 1.0) -> bool:
        """Returns whether that share of the budget is used up; the first call always returns False."""
        budget = self._budget
        if not self.has_started:
            self.has_started = True
            return False
        if share == 1.0:
            return self.records >= budget.records or self.bytes >= budget.bytes or self._timer() > self._end
        if self.records >= budget.records * share or self.bytes >= budget.bytes * share:
            return True
        return self._timer() - self._start > budget.seconds * share


class PartitionDecider:
    """Decides the records of one journal partition.

    `lookup` gives the definitions of an account's release by number. `timer` (seconds, monotonic) limits the time of
    a batch; without one the budget's seconds do not count. `rows` holds the contacts, by default in memory; at most
    `decoded_contacts` of them stay decoded between batches. No decision depends on these three.
    """

    def __init__(
        self,
        partition: int,
        lookup: DefinitionsLookup,
        settings: EngineSettings,
        timer: Callable[[], float] | None = None,
        *,
        rows: RowStore | None = None,
        decoded_contacts: int = DECODED_CONTACTS,
        compiler: ReleaseCompiler | None = None,
    ) -> None:
        self._partition = partition
        self._settings = settings
        self._timer = timer or _zero_timer
        self._release_cache = ReleaseCache(compiler or ReleaseCompiler(lookup))
        self._contacts = ContactStore(rows, decoded_contacts)
        self._queue: deque[tuple[int, bytes, JournalRecord]] = deque()  # offset, value, record
        self._status = PartitionStatus()
        self._broadcast: Broadcast | None = None
        self._active_releases = ActiveReleases(self._release_cache, self._status)
        self._slice_progress = 0  # contacts of the first slice in the queue that are decided
        self._decided_slices = 0
        self._version: int = OLDEST_VERSION  # the newest engine version of the releases so far

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Restores one record of the changelog; to be called in their order."""
        self._contacts.restore(key, value)

    def resume(self, checkpoint: bytes | None) -> None:
        """Restores the checkpoint; to be called after the last `restore`.

        Raises msgspec.DecodeError for a checkpoint that Leadstream did not write, EngineVersionMismatch for one of an
        engine that decides differently.
        """
        self._contacts.finish_restore()
        if checkpoint is None:
            return
        state = msgspec.json.decode(checkpoint, type=Checkpoint)
        require_version(state.semantics, "the contacts' state")
        self._version = state.semantics
        self._status = state.standing
        self._slice_progress = state.taken_in
        self._active_releases = ActiveReleases(self._release_cache, self._status)
        if state.unfinished is not None:
            self._start_broadcast(state.unfinished)
        for account in self._status.releases:
            self._active_releases.release(account)
            self._active_releases.backfill_leaves(account)

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """Queues the next journal record; offsets rise, gaps are legal."""
        del key  # an event holds its contact
        self._queue.append((offset, value, decode(value)))

    def has_pending(self) -> bool:
        """Returns whether `work` has anything to do."""
        return bool(self._queue) or self._broadcast is not None

    def work(self, budget: Budget) -> Effects:
        """Decides as much as the budget allows, at least one contact."""
        effects = Effects()
        usage = _BudgetUsage(budget, self._timer)
        while not usage.is_exhausted():
            broadcast = self._broadcast
            if broadcast is None:
                if not self._queue:
                    break
                self._process_record(effects, usage)
            elif not budget.advances_releases and usage.records and self.is_releasing():
                if not self._is_own_record_next():
                    break
                self._process_record(effects, usage)
            elif not self._is_own_record_next() or usage.is_exhausted(_OWN_RECORD_SHARE):
                self._advance_broadcast(broadcast, effects, usage)
            else:
                self._process_record(effects, usage)
        effects.rows.update(self._contacts.flush())
        return effects

    def checkpoint(self) -> bytes:
        """What `resume` needs besides rows and journal offset."""
        unfinished = self._broadcast.state if self._broadcast is not None else None
        return msgspec.json.encode(Checkpoint(self._status, unfinished, self._version, self._slice_progress))

    def resume_offset(self, next_offset: int) -> int:
        """The journal offset to continue from after a restart."""
        return self._queue[0][0] if self._queue else next_offset

    def is_busy(self) -> bool:
        """Returns whether a tick or marker has not reached every contact, or one or a proposal is still queued."""
        return self._broadcast is not None or any(
            not isinstance(entry[2], JournalEvent | Slice) for entry in self._queue
        )

    def is_releasing(self) -> bool:
        """Returns whether a release has not reached every contact."""
        return self._broadcast is not None and isinstance(self._broadcast.state.record, Marker)

    def decided_slices(self) -> int:
        """How many slices this decider has decided."""
        return self._decided_slices

    def known_release(self, account: str) -> int:
        """The number of the account's newest release, proposed or in force; 0 for none."""
        proposed = self._status.proposed.get(account)
        return max(self._status.releases.get(account, 0), proposed.number if proposed is not None else 0)

    def next_due(self, before: int | None = None) -> int | None:
        """The earliest instant at which time alone changes something; any or None where it is not before `before`."""
        first = self._contacts.first_due(before=before)
        return None if first is None else first[0]

    def contacts(self) -> Iterator[Contact]:
        """Every contact in its present state; not to be changed."""
        return self._contacts.contacts()

    def clock_of(self, contact: Contact) -> int:
        """The contact's clock (ms): the later of its last record's and the last tick."""
        return max(contact.clock, self._status.clock_of(contact.account, NO_TICK))

    def prepare(self, marker: Marker) -> None:
        """Compiles the marker's release, which may take seconds."""
        self._release_cache.get(marker.account, marker.number)

    def needs_backfill(self, marker: Marker) -> bool:
        """Returns whether the release, activated now, has leaves that need the past and are not tracked."""
        return self._active_releases.needs_backfill(marker)

    def pending_proposals(self) -> dict[str, PendingProposal]:
        """Account -> its proposed release."""
        return dict(self._status.proposed)

    def has_contacts(self, account: str) -> bool:
        """Returns whether the account has any contact in this partition."""
        return self._contacts.has_contacts(account)

    def backfill_counter(self, account: str, after: str = "", limit: int | None = None) -> BackfillCounter:
        """The counter to feed with the journal before the proposal of the account's release."""
        leaves, lookup = self._active_releases.backfill_leaves(account), self._release_cache.lookup
        return BackfillCounter(account, leaves, lookup, self._settings, after=after, limit=limit)

    def active_releases(self) -> dict[str, int]:
        """Account -> the number of the release that decides."""
        return dict(self._status.releases)

    def _is_own_record_next(self) -> bool:
        return bool(self._queue) and isinstance(self._queue[0][2], JournalEvent | Slice)

    def _process_record(self, effects: Effects, usage: _BudgetUsage) -> None:
        offset, value, record = self._queue[0]
        if isinstance(record, JournalEvent):
            self._queue.popleft()
            self._decide_event(offset, value, record, effects, usage)
            return
        if isinstance(record, Slice):
            self._process_slice(record, effects, usage)
            return
        self._queue.popleft()
        if isinstance(record, Tick):
            self._status.advance(record)
            self._start_broadcast(PendingBroadcast(offset, record))
        elif isinstance(record, Marker):
            self._start_broadcast(self._active_releases.activate(offset, record))
            self._version = max(self._version, record.semantics)
        else:
            self._active_releases.propose(offset, record)
            self._version = max(self._version, record.semantics)

    def _process_slice(self, history_slice: Slice, effects: Effects, usage: _BudgetUsage) -> None:
        """Decides as many of a slice's contacts as fit; it stays first in the queue until all are decided."""
        account = history_slice.account
        release = self._active_releases.release(account)
        leaves = self._active_releases.backfill_leaves(account)
        if leaves.number == history_slice.number:  # else the slice belongs to a proposal that was given up
            tick = self._status.clock_of(account, NO_TICK)
            for name, state in islice(history_slice.contacts.items(), self._slice_progress, None):
                self._slice_progress += 1
                key = event_key(account, name)
                contact = self._contacts.visit(key)
                if contact is None:
                    continue
                if self._broadcast is not None:
                    self._apply_broadcast(self._broadcast, key, contact, effects, usage, is_visited=True)
                decision = decide_slice(contact, state, release, leaves, tick=tick)
                self._store_decision(key, contact, decision, effects, usage, is_visited=True)
                if self._slice_progress < len(history_slice.contacts) and usage.is_exhausted():
                    return
        self._queue.popleft()
        self._slice_progress = 0
        self._decided_slices += 1

    def _start_broadcast(self, pending: PendingBroadcast) -> None:
        position = JournalPosition(self._partition, pending.offset)
        self._broadcast = Broadcast(pending, position, self._contacts, self._release_cache)

    def _advance_broadcast(self, broadcast: Broadcast, effects: Effects, usage: _BudgetUsage) -> None:
        key = broadcast.next_key()
        if key is None:
            self._finish_broadcast(broadcast)
            return
        contact = self._contacts.visit(key)
        if contact is not None:
            is_applied = self._apply_broadcast(broadcast, key, contact, effects, usage, is_visited=True)
            # A tick goes to the first due contact: one that stays due would come up for ever. A marker has reached
            # some contacts with a record of their own, or before a restart.
            assert is_applied or isinstance(broadcast.state.record, Marker), f"{key!r} is due and has nothing to do"

    def _apply_broadcast(
        self,
        broadcast: Broadcast,
        key: bytes,
        contact: Contact,
        effects: Effects,
        usage: _BudgetUsage,
        *,
        is_visited: bool = False,
    ) -> bool:
        decision = broadcast.apply(contact)
        if decision is None:
            return False
        self._store_decision(key, contact, decision, effects, usage, is_visited=is_visited)
        return True

    def _finish_broadcast(self, broadcast: Broadcast) -> None:
        self._broadcast = None
        record = broadcast.state.record
        if isinstance(record, Marker):
            self._release_cache.discard_before(record.account, record.number)

    def _decide_event(
        self, offset: int, value: bytes, event: JournalEvent, effects: Effects, usage: _BudgetUsage
    ) -> None:
        key = event_key(event.account, event.owner)
        contact = self._contacts.get(key)
        if contact is not None and self._broadcast is not None:
            self._apply_broadcast(self._broadcast, key, contact, effects, usage)
        tick = self._status.clock_of(event.account, NO_TICK)
        position = JournalPosition(self._partition, offset)
        result = decide_event(
            contact,
            event,
            position,
            self._active_releases.release(event.account),
            tick=tick,
            settings=self._settings,
            backfill_leaves=self._active_releases.backfill_leaves(event.account),
        )
        if result is None:
            usage.records += 1
            return
        contact, decision = result
        self._store_decision(key, contact, decision, effects, usage)
        if decision.refusals:
            effects.dead_letters.extend((refusal, event.source, value) for refusal in decision.refusals)

    def _store_decision(
        self,
        key: bytes,
        contact: Contact,
        decision: Decision,
        effects: Effects,
        usage: _BudgetUsage,
        *,
        is_visited: bool = False,
    ) -> None:
        self._contacts.put(key, contact, is_visited=is_visited)
        usage.records += 1
        usage.bytes += (contact.row_size or _NEW_ROW_BYTES) + decision.value_bytes
        effects.outputs += decision.outputs
