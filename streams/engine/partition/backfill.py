"""Computes the state that new leaves would have if they had been tracked from the first record on (SPEC section 9).

A `BackfillCounter` reads the journal of one partition up to an offset and returns the state of each contact there.
It decides nothing: it only repeats what decisions did to clocks, applied ids, properties and counts.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from schemas.definitions import PropertyType
from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from streams.engine.conditions.protocols import Activity, ActivityCounter, HeldState
from streams.engine.decisions.apply_event import activity_from_event
from streams.engine.decisions.backfill_leaves import BackfillLeaves, advance_tracking, update_tracking
from streams.engine.decisions.counters import adjusts_own_score, count_activity, count_own_score, enforce_limit
from streams.engine.decisions.decide import NO_TICK, consumes_id
from streams.engine.decisions.lateness import is_too_late
from streams.engine.journal.effects import SourcePosition
from streams.engine.journal.records import (
    SLICE_KEY,
    BackfilledState,
    JournalEvent,
    JournalRecord,
    Marker,
    Slice,
    Tick,
    decode,
)
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.releases.cache import DefinitionsLookup
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import is_repeat, remember_id
from streams.engine.state.patches import patch_properties

MAX_SLICE_CONTACTS = 200
MAX_SLICE_BYTES = 400_000
"""The most contacts, and bytes of their states, in a slice; a larger state has a slice of its own."""

JournalEntry = tuple[int, bytes, bytes]
"""Offset, key and value of a record."""

_encode = msgspec.json.Encoder().encode


class _DescendingId(str):
    """An id that sorts in descending order."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class BackfillCounter:
    """Computes the state of new leaves for an account's contacts in one journal partition.

    `backfill_leaves`: the new leaves. `lookup` gives the definitions of past releases, whose declared properties
    decided what a patch changed. `settings` are those that the journal is decided with.

    `limit`: the most contacts, the first ones by id; None for all. `after`: only contacts with ids after this one.
    With both, several passes cover all contacts, even where retention deletes records in between.
    """

    def __init__(
        self,
        account: str,
        backfill_leaves: BackfillLeaves,
        lookup: DefinitionsLookup,
        settings: EngineSettings,
        *,
        after: str = "",
        limit: int | None = None,
    ) -> None:
        self._account = account
        self._prefix = account.encode() + b"/"
        self._after = self._prefix + after.encode()
        self._limit = limit
        self._id_heap: list[_DescendingId] = []  # a heap: the last id first
        self._last_key: bytes | None = None  # the last key within the limit, once some were beyond it
        self._backfill_leaves = backfill_leaves
        self._lookup = lookup
        self._settings = settings
        self._status = PartitionStatus()
        self._property_types: Mapping[str, PropertyType] = {}
        self._engine_version: EngineVersion = OLDEST_VERSION
        self._release_clocks: list[tuple[int, int]] = []  # offset of a marker, and the least clock (ms) after it
        self._contacts: dict[str, Contact] = {}  # by id
        self._first_instant: int | None = None  # of the first record with an instant
        self._latest_instant = NO_TICK

    def missing_before(self) -> int | None:
        """For a journal whose beginning is gone: its first instant (ms) where the leaves need records before that.

        None where the journal holds everything that the leaves need.
        """
        if self._first_instant is None:
            return None
        leaves: tuple[ActivityCounter | HeldState, ...] = (
            *self._backfill_leaves.counters,
            *self._backfill_leaves.held_states,
        )
        instants = [leaf.earliest_needed(self._latest_instant) for leaf in leaves]
        is_missing = any(instant is None or instant < self._first_instant for instant in instants)
        return self._first_instant if is_missing else None

    def count(self, journal: Iterable[JournalEntry], refused_sources: Container[SourcePosition]) -> None:
        """Counts the next records of the journal, all of them or a burst; events of other accounts are ignored.

        `refused_sources`: the sources of the events that a decision refused: their ids do not count as applied.
        """
        for offset, key, value in journal:
            if b"/" in key:
                if key.startswith(self._prefix):
                    self._count_event(offset, key, value, refused_sources)
            elif key != SLICE_KEY:
                self._apply_broadcast(offset, decode(value))

    def continue_after(self) -> str | None:
        """The last contact within `limit`, the `after` of the next pass; None when no contact was beyond it."""
        return None if self._last_key is None else self._last_key.removeprefix(self._prefix).decode()

    def states(self) -> dict[str, BackfilledState]:
        """Contact -> its state; contacts without any are omitted."""
        return dict(self._iterate_states())

    def slices(self) -> Iterator[Slice]:
        """All states in slices, in the order of the contacts' ids: retention cannot change that order."""
        states: dict[str, BackfilledState] = {}
        size = 0
        for name, state in self._iterate_states():
            state_size = len(_encode({name: state}))
            if states and (len(states) >= MAX_SLICE_CONTACTS or size + state_size > MAX_SLICE_BYTES):
                yield Slice(self._account, self._backfill_leaves.number, states)
                states, size = {}, 0
            states[name] = state
            size += state_size
        if states:
            yield Slice(self._account, self._backfill_leaves.number, states)

    def _iterate_states(self) -> Iterator[tuple[str, BackfilledState]]:
        for name in sorted(self._contacts):
            contact = self._contacts[name]
            if self._backfill_leaves.held_states or contact.counts:
                yield name, _to_backfilled_state(contact)

    def _count_event(self, offset: int, key: bytes, value: bytes, refused_sources: Container[SourcePosition]) -> None:
        # A contact beyond the limit is skipped by its key alone: that costs a tenth of processing the event.
        is_within_limit = key > self._after and (self._last_key is None or key <= self._last_key)
        if not is_within_limit and self._first_instant is not None:
            return
        event = decode(value)
        assert isinstance(event, JournalEvent)
        self._record_instant(event.at)
        if is_within_limit:
            self._process_event(offset, event, is_refused=event.source in refused_sources)

    def _apply_broadcast(self, offset: int, record: JournalRecord) -> None:
        if isinstance(record, Tick):
            self._status.advance(record)
            if record.account in ("", self._account):
                self._record_instant(record.at)
        elif isinstance(record, Marker) and record.account == self._account:
            tick = self._status.clock_of(self._account, NO_TICK)
            self._release_clocks.append((offset, tick if record.at is None else max(record.at, tick)))
            definitions = self._lookup(self._account, record.number)
            self._property_types, self._engine_version = definitions.properties, definitions.engine_version

    def _record_instant(self, at: int) -> None:
        if self._first_instant is None:
            self._first_instant = self._latest_instant = at
        self._latest_instant = max(self._latest_instant, at)

    def _process_event(self, offset: int, event: JournalEvent, *, is_refused: bool) -> None:
        tick = self._status.clock_of(self._account, NO_TICK)
        contact = self._contacts.get(event.owner)
        if contact is None:
            contact = Contact(event.account, event.owner, created=event.at, clock=event.at, settled=-1)
            contact.tracked_until = contact.created
            self._contacts[event.owner] = contact
            if not self._evict_beyond_limit(event.owner):
                return
        clock = max(contact.clock, tick, self._latest_release_clock(contact))
        if is_repeat(contact, event.id, clock, self._settings.duplicate_window):
            return
        contact.clock = max(event.at, clock)
        contact.settled = offset
        advance_tracking(contact, self._backfill_leaves, contact.clock)
        self._apply(contact, event)
        update_tracking(contact, self._backfill_leaves, contact.clock)
        if consumes_id(event, is_refused=is_refused):
            remember_id(contact, event.id, self._settings.duplicate_window)

    def _evict_beyond_limit(self, name: str) -> bool:
        """Drops the last contact by id where there are too many. Returns whether the contact `name` remains."""
        if self._limit is None:
            return True
        heapq.heappush(self._id_heap, _DescendingId(name))
        if len(self._id_heap) <= self._limit:
            return True
        dropped = str(heapq.heappop(self._id_heap))
        del self._contacts[dropped]
        self._last_key = self._prefix + self._id_heap[0].encode()
        return dropped != name

    def _latest_release_clock(self, contact: Contact) -> int:
        """The clock after the releases since the contact's last record: each counts as a record of the contact."""
        latest = NO_TICK
        if contact.settled >= 0:
            for offset, clock in reversed(self._release_clocks):
                if offset <= contact.settled:
                    break
                latest = max(latest, clock)
        return latest

    def _apply(self, contact: Contact, event: JournalEvent) -> None:
        activity = activity_from_event(event)
        if activity is not None:
            self._count_activity(contact, activity)
        elif self._backfill_leaves.held_states and event.type == "contact.changed":
            patch = event.fields.get("properties", {})
            patch_properties(contact, patch, self._property_types, self._engine_version)
        elif adjusts_own_score(event):
            count_own_score(contact, self._backfill_leaves.counters, event, contact.clock)

    def _count_activity(self, contact: Contact, activity: Activity) -> None:
        leaves, now = self._backfill_leaves, contact.clock
        too_late = is_too_late(activity.at, now, self._settings.lateness)
        count_activity(contact, leaves.filter_index, activity, now, is_too_late=too_late)
        enforce_limit(contact, leaves.counters)


def _to_backfilled_state(contact: Contact) -> BackfilledState:
    return BackfilledState(contact.tracked_until, contact.counts, contact.held, contact.flags)
