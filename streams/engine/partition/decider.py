"""The decisions of one journal partition, in portions (a `Decider` of streams.runtime.protocols).

Own records and broadcasts (ticks, release markers) go side by side, but what a contact sees is always the journal's
order: before its own record, an unfinished broadcast before it is applied to it. A second broadcast waits until the
first has reached everybody. So outputs per contact are the same whatever the portions, and since rows, outputs and
`checkpoint` are committed together, so they are whatever the restarts.

A release that asks of the past what nobody kept is proposed first: from there on its new leaves are followed in the
rows, slices bring in what was before, and its marker makes it decide (SPEC section 9).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from streams.engine.decisions.decide import LATENESS, NO_TICK, Decision, decide_event, decide_slice
from streams.engine.decisions.outputs import Place
from streams.engine.journal.effects import Budget, Effects
from streams.engine.journal.records import Event, Marker, Record, Slice, Tick, decode, event_key
from streams.engine.partition.active_releases import InForce
from streams.engine.partition.backfill import History
from streams.engine.partition.broadcast import Broadcast, Proposed, Standing, Unfinished
from streams.engine.releases.compiled import Lookup, ReleaseCache
from streams.engine.state.contact import Contact
from streams.engine.state.contact_store import Rows
from streams.engine.state.deduplication import Memory
from streams.engine.version import SEMANTICS, expect_semantics

_OWN_SHARE = 0.7
"""The part of a budget that own records may take while a broadcast is unfinished."""

_NEW_ROW = 300
"""About the bytes of a row that was never written."""


def _no_time() -> float:
    return 0.0


class Checkpoint(msgspec.Struct, omit_defaults=True):
    """What a restart needs besides rows and position."""

    standing: Standing
    unfinished: Unfinished | None = None
    semantics: int = 1
    """The meaning that the rows were decided by; see `streams.engine.version.SEMANTICS`."""
    taken_in: int = 0
    """Of the slice at the position: how many of its contacts are decided."""


class _Spending:
    """What a portion has used of its budget."""

    def __init__(self, budget: Budget, timer: Callable[[], float]) -> None:
        self._budget = budget
        self._timer = timer
        self._since = timer()
        self.records = 0
        self.bytes = 0
        self.began = False

    def over(self, share: float = 1.0) -> bool:
        """Whether that share of the budget is used up; something always fits."""
        budget = self._budget
        if not self.began:
            self.began = True
            return False
        if self.records >= budget.records * share or self.bytes >= budget.bytes * share:
            return True
        return self._timer() - self._since > budget.seconds * share


class PartitionDecider:
    """Decides the records of one journal partition.

    `lookup` gives the definitions of an account's release by number. `timer` (seconds, monotonic) bounds portions in
    time; without one the budget's seconds do not count. No decision depends on it. `lateness` is that of
    `streams.engine.decisions.decide.decide_event`.
    """

    def __init__(
        self,
        partition: int,
        lookup: Lookup,
        memory: Memory | None = None,
        timer: Callable[[], float] | None = None,
        lateness: int = LATENESS,
    ) -> None:
        self._partition = partition
        self._memory = memory or Memory()
        self._timer = timer or _no_time
        self._lateness = lateness
        self._releases = ReleaseCache(lookup)
        self._rows = Rows()
        self._queue: deque[tuple[int, bytes, Record]] = deque()
        self._standing = Standing()
        self._broadcast: Broadcast | None = None
        self._in_force = InForce(self._releases, self._standing)
        self._taken_in = 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One record of the changelog, in order, at take-over."""
        self._rows.restore(key, value)

    def resume(self, checkpoint: bytes | None) -> None:
        """After every `restore`.

        Raises msgspec.DecodeError for a checkpoint that no Leadstream wrote, OtherSemantics for one that was written
        by an engine that decides differently.
        """
        self._rows.index()
        if checkpoint is None:
            return
        state = msgspec.json.decode(checkpoint, type=Checkpoint)
        expect_semantics(state.semantics, "the contacts' state")
        self._standing = state.standing
        self._taken_in = state.taken_in
        self._in_force = InForce(self._releases, self._standing)
        if state.unfinished is not None:
            self._begin(state.unfinished)

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next journal record; `offset` rises, gaps are legal."""
        del key  # an event names its contact itself
        self._queue.append((offset, value, decode(value)))

    def pending(self) -> bool:
        """Whether `work` has anything left to do."""
        return bool(self._queue) or self._broadcast is not None

    def work(self, budget: Budget) -> Effects:
        """Decides as much as the budget allows, at least one contact."""
        effects = Effects()
        spending = _Spending(budget, self._timer)
        while not spending.over() and self.pending():
            if self._broadcast is not None and (not self._own_record_next() or spending.over(_OWN_SHARE)):
                self._reach_one(self._broadcast, effects, spending)
            else:
                self._take_record(effects, spending)
        effects.rows.update(self._rows.flush())
        return effects

    def checkpoint(self) -> bytes:
        """What `resume` needs besides rows and position."""
        unfinished = self._broadcast.state if self._broadcast is not None else None
        return msgspec.json.encode(Checkpoint(self._standing, unfinished, SEMANTICS, self._taken_in))

    def position(self, fetched: int) -> int:
        """The journal offset to go on from after a restart."""
        return self._queue[0][0] if self._queue else fetched

    def busy(self) -> bool:
        """Whether a tick or a marker is not finished for every contact, or waits to begin as a proposal may."""
        return self._broadcast is not None or any(not isinstance(entry[2], Event | Slice) for entry in self._queue)

    def next_due(self) -> int | None:
        """The earliest instant at which time alone changes something."""
        first = self._rows.first_due()
        return None if first is None else first[0]

    def contacts(self) -> Iterator[Contact]:
        """Every contact as it stands; not to be changed."""
        return self._rows.everyone()

    def clock_of(self, contact: Contact) -> int:
        """The contact's clock: the later of its records' and the last tick."""
        return max(contact.clock, self._standing.clock_of(contact.account, NO_TICK))

    def needs_history(self, marker: Marker) -> bool:
        """Whether that release, coming now, asks of the past what the one in force does not keep."""
        return self._in_force.needs_history(marker)

    def proposed(self) -> dict[str, Proposed]:
        """Account -> the release whose past is being counted."""
        return dict(self._standing.proposed)

    def has_contacts(self, account: str) -> bool:
        """Whether the account has any contact here."""
        return self._rows.has_any_of(account)

    def history(self, account: str, after: str = "", room: int | None = None) -> History:
        """What has to be fed with the journal before the proposal of the account's release; `after` and `room` as
        there.
        """
        definitions, following = self._releases.definitions, self._in_force.following(account)
        return History(account, following, definitions, self._memory, self._lateness, after=after, room=room)

    def releases_in_force(self) -> dict[str, int]:
        """Account -> the number of the release that decides."""
        return dict(self._standing.releases)

    def _own_record_next(self) -> bool:
        return bool(self._queue) and isinstance(self._queue[0][2], Event | Slice)

    def _take_record(self, effects: Effects, spending: _Spending) -> None:
        offset, value, record = self._queue[0]
        if isinstance(record, Slice):
            self._take_in(record, effects, spending)
            return
        self._queue.popleft()
        if isinstance(record, Event):
            self._decide_own(offset, value, record, effects, spending)
        elif isinstance(record, Tick):
            self._standing.advance(record)
            self._begin(Unfinished(offset, record))
        elif isinstance(record, Marker):
            self._begin(self._in_force.change(offset, record))
        else:
            self._in_force.propose(offset, record)

    def _take_in(self, part: Slice, effects: Effects, spending: _Spending) -> None:
        """As many of a slice's contacts as fit; it stays next until all are decided."""
        release, following = self._in_force.release(part.account), self._in_force.following(part.account)
        if following.number == part.number:  # what was counted for a proposal that is no more concerns nobody
            tick = self._standing.clock_of(part.account, NO_TICK)
            for name, kept in islice(part.contacts.items(), self._taken_in, None):
                self._taken_in += 1
                key = event_key(part.account, name)
                contact = self._rows.get(key)
                if contact is None:
                    continue
                if self._broadcast is not None:
                    self._reach(self._broadcast, key, contact, effects, spending)
                decision = decide_slice(contact, kept, release, following, tick=tick)
                self._keep(key, contact, decision, effects, spending)
                if self._taken_in < len(part.contacts) and spending.over():
                    return
        self._queue.popleft()
        self._taken_in = 0

    def _begin(self, state: Unfinished) -> None:
        place = Place(self._partition, state.offset)
        self._broadcast = Broadcast(state, place, self._rows, self._releases)

    def _reach_one(self, broadcast: Broadcast, effects: Effects, spending: _Spending) -> None:
        key = broadcast.next_key()
        if key is None:
            self._finish(broadcast)
            return
        contact = self._rows.get(key)
        if contact is not None:
            reached = self._reach(broadcast, key, contact, effects, spending)
            # A tick goes to whoever is first due: one who stays due would be found for ever.
            assert reached, f"{key!r} is due and has nothing to do"

    def _reach(
        self, broadcast: Broadcast, key: bytes, contact: Contact, effects: Effects, spending: _Spending
    ) -> bool:
        decision = broadcast.apply(contact)
        if decision is None:
            return False
        self._keep(key, contact, decision, effects, spending)
        return True

    def _finish(self, broadcast: Broadcast) -> None:
        self._broadcast = None
        record = broadcast.state.record
        if isinstance(record, Marker):
            self._releases.drop_before(record.account, record.number)

    def _decide_own(self, offset: int, value: bytes, event: Event, effects: Effects, spending: _Spending) -> None:
        key = event_key(event.account, event.contact)
        contact = self._rows.get(key)
        if contact is not None and self._broadcast is not None:
            self._reach(self._broadcast, key, contact, effects, spending)
        tick = self._standing.clock_of(event.account, NO_TICK)
        place = Place(self._partition, offset)
        decided = decide_event(
            contact,
            event,
            place,
            self._in_force.release(event.account),
            tick=tick,
            memory=self._memory,
            lateness=self._lateness,
            following=self._in_force.following(event.account),
        )
        if decided is None:
            spending.records += 1
            return
        contact, decision = decided
        self._keep(key, contact, decision, effects, spending)
        effects.letters.extend((refusal, event.source, value) for refusal in decision.refusals)

    def _keep(self, key: bytes, contact: Contact, decision: Decision, effects: Effects, spending: _Spending) -> None:
        self._rows.put(key, contact)
        effects.outputs.extend(decision.outputs)
        spending.records += 1
        spending.bytes += self._rows.size(key) or _NEW_ROW
        spending.bytes += sum(len(output.value or b"") + len(output.key) for output in decision.outputs)
