"""What leaves would have kept of everyone's past, had they been followed from the first record on (SPEC section 9).

It is fed with the journal of one partition up to a place, and then says of each contact what its row has to know of
the time before that place. Nothing is decided here: repeats, clocks, properties and counts are folded as they were.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping

import msgspec

from schemas.definitions import PropertyType
from streams.engine.conditions.protocols import Activity, ActivityCounter, HeldState
from streams.engine.decisions.apply_event import activity_from_event
from streams.engine.decisions.backfill_leaves import BackfillLeaves, advance_tracking, update_tracking
from streams.engine.decisions.counters import count_activity, enforce_limit
from streams.engine.decisions.decide import NO_TICK, consumes_id
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
from streams.engine.releases.compiled import DefinitionsLookup
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import is_repeat, remember_id
from streams.engine.state.patches import patch_properties

MAX_SLICE_CONTACTS = 200
MAX_SLICE_BYTES = 400_000
"""The most that a slice holds, or one contact."""

JournalEntry = tuple[int, bytes, bytes]
"""Offset, key and value of a record."""

_encode = msgspec.json.Encoder().encode


class _DescendingId(str):
    """An id that comes before those it would come after."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class BackfillCounter:
    """The past of an account's contacts in one journal partition.

    `backfill_leaves` is what is asked; `lookup` gives the definitions of past releases, whose declared properties
    decided what a patch changed; `settings` are those that the journal is decided with.

    `limit`: the most contacts that are kept, those that come first by their ids; None for all. `after`: only of those
    whose ids come after this one. So everybody's past can be told in passes, whatever the journal lost in between.
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
        self._id_heap: list[_DescendingId] = []  # a heap: the last one by its id first
        self._last_key: bytes | None = None  # the key of the last one that has room, where some had none
        self._backfill_leaves = backfill_leaves
        self._lookup = lookup
        self._settings = settings
        self._status = PartitionStatus()
        self._property_types: Mapping[str, PropertyType] = {}
        self._release_clocks: list[tuple[int, int]] = []  # offset, and the clock at least after it
        self._contacts: dict[str, Contact] = {}
        self._first_instant: int | None = None  # the instant of the first record that tells one
        self._latest_instant = NO_TICK

    def missing_before(self) -> int | None:
        """For a journal whose beginning is gone: from which instant (ms) on it speaks, where more is asked of it.

        None where all that is asked of lies after it.
        """
        if self._first_instant is None:
            return None
        asked: tuple[ActivityCounter | HeldState, ...] = (
            *self._backfill_leaves.counters,
            *self._backfill_leaves.held_states,
        )
        reaches = [each.earliest_needed(self._latest_instant) for each in asked]
        is_behind = any(reach is None or reach < self._first_instant for reach in reaches)
        return self._first_instant if is_behind else None

    def count(self, journal: Iterable[JournalEntry], refused_sources: Container[SourcePosition]) -> None:
        """Takes the next records of the journal: all of them, or a burst; those of other accounts are skipped.

        `refused_sources`: the sources of the events that became dead letters when they were decided: they did not
        use up their ids.
        """
        for offset, key, value in journal:
            if b"/" in key:
                if key.startswith(self._prefix):
                    self._count_event(offset, key, value, refused_sources)
            elif key != SLICE_KEY:
                self._apply_broadcast(offset, decode(value))

    def continue_after(self) -> str | None:
        """The last contact that was kept, where others after it had no room; None where everybody had."""
        return None if self._last_key is None else self._last_key.removeprefix(self._prefix).decode()

    def states(self) -> dict[str, BackfilledState]:
        """Contact -> what is kept of it; those of whom nothing is kept are left out."""
        return dict(self._iterate_states())

    def slices(self) -> Iterator[Slice]:
        """All of it in slices, in the order of the contacts' ids: no order that retention could change."""
        part: dict[str, BackfilledState] = {}
        size = 0
        for name, kept in self._iterate_states():
            weight = len(_encode({name: kept}))
            if part and (len(part) >= MAX_SLICE_CONTACTS or size + weight > MAX_SLICE_BYTES):
                yield Slice(self._account, self._backfill_leaves.number, part)
                part, size = {}, 0
            part[name] = kept
            size += weight
        if part:
            yield Slice(self._account, self._backfill_leaves.number, part)

    def _iterate_states(self) -> Iterator[tuple[str, BackfilledState]]:
        for name in sorted(self._contacts):
            contact = self._contacts[name]
            if self._backfill_leaves.held_states or contact.counts:
                yield name, _to_backfilled_state(contact)

    def _count_event(self, offset: int, key: bytes, value: bytes, refused_sources: Container[SourcePosition]) -> None:
        # Whoever has no room is passed over by the key alone: that costs a tenth of taking the event in.
        has_room = key > self._after and (self._last_key is None or key <= self._last_key)
        if not has_room and self._first_instant is not None:
            return
        event = decode(value)
        assert isinstance(event, JournalEvent)
        self._record_instant(event.at)
        if has_room:
            self._process_event(offset, event, is_refused=event.source in refused_sources)

    def _apply_broadcast(self, offset: int, record: JournalRecord) -> None:
        if isinstance(record, Tick):
            self._status.advance(record)
            if record.account in ("", self._account):
                self._record_instant(record.at)
        elif isinstance(record, Marker) and record.account == self._account:
            tick = self._status.clock_of(self._account, NO_TICK)
            self._release_clocks.append((offset, tick if record.at is None else max(record.at, tick)))
            self._property_types = self._lookup(self._account, record.number).properties

    def _record_instant(self, at: int) -> None:
        if self._first_instant is None:
            self._first_instant = self._latest_instant = at
        self._latest_instant = max(self._latest_instant, at)

    def _process_event(self, offset: int, event: JournalEvent, *, is_refused: bool) -> None:
        tick = self._status.clock_of(self._account, NO_TICK)
        contact = self._contacts.get(event.owner)
        if contact is None:
            contact = Contact(event.account, event.owner, created=event.at, clock=event.at, settled=-1)
            contact.followed = contact.created
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
        """Whoever comes last by id goes where there is no room left for one more; whether that was somebody else."""
        if self._limit is None:
            return True
        heapq.heappush(self._id_heap, _DescendingId(name))
        if len(self._id_heap) <= self._limit:
            return True
        gone = str(heapq.heappop(self._id_heap))
        del self._contacts[gone]
        self._last_key = self._prefix + self._id_heap[0].encode()
        return gone != name

    def _latest_release_clock(self, contact: Contact) -> int:
        """A release counts as a record of every contact that was there."""
        latest = NO_TICK
        if contact.settled >= 0:
            for offset, clock in reversed(self._release_clocks):
                if offset <= contact.settled:
                    break
                latest = max(latest, clock)
        return latest

    def _apply(self, contact: Contact, event: JournalEvent) -> None:
        happening = activity_from_event(event)
        if happening is not None:
            self._count_activity(contact, happening)
        elif self._backfill_leaves.held_states and event.type == "contact.changed":
            patch_properties(contact, event.fields.get("properties", {}), self._property_types)

    def _count_activity(self, contact: Contact, activity: Activity) -> None:
        counters, now = self._backfill_leaves.counters, contact.clock
        count_activity(contact, counters, activity, now, is_too_late=now - activity.at > self._settings.lateness)
        enforce_limit(contact, counters)


def _to_backfilled_state(contact: Contact) -> BackfilledState:
    return BackfilledState(contact.followed, contact.counts, contact.held, contact.flags)
