"""One contact's life, decided by the engine step by step, and when what is watched changed.

Between two records time alone goes on: the timeline stops wherever the contact or something watched is due, so that
every change is found at its own instant.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from streams.engine.decisions.decide import LATENESS, NO_TICK
from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Output
from streams.engine.journal.records import Event, Marker, Proposal, Record, Slice, Tick, event_key
from streams.engine.partition.broadcast import Standing
from streams.engine.partition.decider import Checkpoint, PartitionDecider
from streams.engine.releases.compiled import Lookup, ReleaseCache
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import Memory, is_repeat
from streams.engine.version import SEMANTICS
from streams.explain.tree import Watched
from streams.store.contact_view import Sight, sight_of

_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


@dataclass(frozen=True, slots=True)
class Change:
    """When something changed, and the id of the event that changed it; empty where time or a release did."""

    at: int
    event: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the engine is told besides records: definitions, memory of ids, lateness (ms)."""

    lookup: Lookup
    memory: Memory = field(default_factory=Memory)
    lateness: int = LATENESS


class Timeline:
    """A contact at `now`; `watched` are looked at wherever they may change."""

    def __init__(self, account: str, contact: str, rules: Rules, watched: Sequence[Watched] = ()) -> None:
        self.account = account
        self.key = event_key(account, contact)
        self.now = NO_TICK
        self.told: list[Event] = []
        """The contact's own records that were applied."""
        self.outputs: list[Output] = []
        self.reached = False
        """Whether the records given to `live` reach behind its end."""
        self.first_known: int | None = None
        """When the contact's first record takes effect, where that is behind the end given to `live`."""
        self.first: dict[Watched, Change] = {}
        self.last: dict[Watched, Change] = {}
        self._rules = rules
        self._watched = watched
        self._values: dict[Watched, Hashable] = {}
        self._releases = ReleaseCache(rules.lookup)
        self._decider = PartitionDecider(0, rules.lookup, rules.memory, lateness=rules.lateness)
        self._place = 0
        self._tick = NO_TICK

    def begin(self) -> None:
        """From nothing."""
        self._values = {watched: value for watched in self._watched for value in watched.before}
        self._decider.resume(None)

    def take_up(self, contact: Contact, now: int) -> None:
        """From a row that is settled for `now`."""
        self._decider.restore(self.key, msgspec.json.encode(contact))
        standing = Standing(releases={contact.account: contact.release})
        self._decider.resume(msgspec.json.encode(Checkpoint(standing, semantics=SEMANTICS)))
        self._place = contact.settled + 1
        self._look(now, "")

    def watch(self, watched: Sequence[Watched]) -> None:
        """From here on these are looked at; changes found before are forgotten."""
        self._watched = watched
        self._values.clear()
        self.first, self.last = {}, {}
        self._look(self.now, "")

    def contact(self) -> Contact | None:
        """The row; None before the contact's first record. Not to be changed."""
        return next(self._decider.contacts(), None)

    def sight(self) -> Sight | None:
        """The contact as conditions see it now, whatever becomes of it afterwards."""
        contact = self.contact()
        return None if contact is None else self._sight(_copy(contact), self.now)

    def release(self) -> int:
        """The number of the release in force; 0 for none."""
        return self._decider.releases_in_force().get(self.account, 0)

    def live(self, entries: Iterable[Record], until: int | None) -> None:
        """Takes the records up to `until` (ms) and passes time to it; where it is None, takes all of them.

        What is said to all contacts before the first record of this one ends nothing: that record may be of a past
        before it.
        """
        for entry in entries:
            if until is not None and self._instant_of(entry) > until:
                self.reached = True
                if self.contact() is not None:
                    break
                if isinstance(entry, Event):
                    self.first_known = self._instant_of(entry)
                    break
            self._tell(entry)
        if until is not None:
            self.pass_time(until + 1)
            self._look(until, "")

    def pass_time(
        self, before: int | None, most: int | None = None, enough: Callable[[], bool] | None = None
    ) -> bool:
        """Goes through the instants before `before`, at most so many; False where more of them may come."""
        steps = 0
        while (instant := self._next_instant()) is not None and (before is None or instant < before):
            if steps == most:
                return False
            self._feed(Tick(instant + 1, self.account))
            self._look(instant, "")
            steps += 1
            if enough is not None and enough():
                break
        return True

    def clock(self) -> int:
        """The contact's clock; before its first record, the last tick."""
        contact = self.contact()
        return self._tick if contact is None else self._decider.clock_of(contact)

    def _tell(self, entry: Record) -> None:
        if isinstance(entry, Proposal | Slice):
            self._feed(entry)  # nothing is decided by these
            return
        at = self._instant_of(entry)
        if not isinstance(entry, Event):
            self.pass_time(at)
            self._feed(entry)
            # A tick T closes the instants before T; a release decides at its own.
            self._look(at - 1 if isinstance(entry, Tick) else at, "")
            return
        if not self._repeats(entry):
            self.pass_time(at)
            self.told.append(entry)
            self._feed(entry)
            self._look(at, entry.id)

    def _repeats(self, event: Event) -> bool:
        contact = self.contact()
        if contact is None:
            return False
        return is_repeat(contact, event.id, self._decider.clock_of(contact), self._rules.memory)

    def _instant_of(self, entry: Record) -> int:
        """The instant at which a record takes effect."""
        if isinstance(entry, Event):
            return self.clock() if self._repeats(entry) else max(entry.at, self.clock())
        if isinstance(entry, Marker):
            return self.clock() if entry.at is None else max(entry.at, self.clock())
        return entry.at if isinstance(entry, Tick) else self.clock()

    def _feed(self, entry: Record) -> None:
        if isinstance(entry, Tick):
            self._tick = max(self._tick, entry.at)
        self._decider.feed(self._place, self.key, records.encode(entry))
        self._place += 1
        while self._decider.pending():
            self.outputs.extend(self._decider.work(_UNBOUNDED).outputs)

    def _next_instant(self) -> int | None:
        contact = self.contact()
        if contact is None:
            return None
        sight = self._sight(contact, self.now)
        dues = [contact.due, *(watched.due(sight) for watched in self._watched)]
        return min((due for due in dues if due is not None and due > self.now), default=None)

    def _look(self, now: int, event: str) -> None:
        contact = self.contact()
        if contact is None:
            return
        self.now = max(self.now, now)
        sight = self._sight(contact, self.now)
        for watched in self._watched:
            value = watched.look(sight)
            if watched in self._values and self._values[watched] != value:
                change = Change(self.now, event)
                self.first.setdefault(watched, change)
                self.last[watched] = change
            self._values[watched] = value

    def _sight(self, contact: Contact, now: int) -> Sight:
        return sight_of(contact, self._releases.get(self.account, self.release()), now)


def _copy(contact: Contact) -> Contact:
    return msgspec.json.decode(msgspec.json.encode(contact), type=Contact)
