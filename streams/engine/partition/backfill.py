"""Computes the state that new leaves would have if they had been tracked from the first record on (SPEC section 9).

A `BackfillCounter` reads the journal of one partition up to an offset and returns the state of each contact there.
It decides nothing: it only repeats what decisions did to clocks, applied ids, properties and counts.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from schemas.definitions import PropertyType
from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from streams.engine.conditions.own_score import OWN_SCORE_KEY
from streams.engine.conditions.protocols import ActivityCounter, HeldState
from streams.engine.decisions.apply_event import ACTIVITY_TYPES
from streams.engine.decisions.backfill_leaves import BackfillLeaves, advance_tracking, update_tracking
from streams.engine.decisions.counters import adjusts_own_score, count_matches, count_own_score, enforce_limit
from streams.engine.decisions.decide import consumes_id
from streams.engine.decisions.lateness import is_too_late
from streams.engine.journal.effects import SourcePosition
from streams.engine.journal.records import NO_TICK, SLICE_KEY, BackfilledState, JournalRecord, Marker, Tick, decode
from streams.engine.partition.backfill_contact import (
    CONTACT_BYTES,
    NO_COUNTS,
    TRACKED_BYTES,
    BackfillContact,
    PastEvent,
    decode_fields,
    decode_past_event,
    decode_source,
)
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.partition.past_activities import PastActivities
from streams.engine.releases.cache import DefinitionsLookup
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.patches import patch_properties

MAX_SLICE_CONTACTS = 50
MAX_SLICE_BYTES = 100_000
"""The most contacts, and bytes of their states, in a slice; a larger state has a slice of its own. A transaction
takes whole slices: with small ones less of its time is left unused.
"""

RUN_CONTACTS = 2_000
"""How many keys are sorted at once."""

SAMPLE_CONTACTS = 1_000
"""How many keys tell which ones are the last when memory is short."""

KEPT_SHARE = 7 / 8
"""The part of the memory that is still used after contacts were dropped because it was short."""

JournalEntry = tuple[int, bytes, bytes]
"""Offset, key and value of a record."""

SortedKeys = Sequence[list[bytes]]
"""Keys in several lists, each of them sorted."""

_encode = msgspec.json.Encoder().encode


class EncodedSlice(NamedTuple):
    """The journal value of a slice, and its last contact."""

    value: bytes
    last_contact: str


class BackfillCounter:
    """Computes the state of new leaves for an account's contacts in one journal partition.

    `backfill_leaves`: the new leaves. `lookup` gives the definitions of past releases, whose declared properties
    decided what a patch changed. `settings` are those that the journal is decided with.

    `limit`: about how many bytes of memory it may take; None for any number. Where that is too little for all
    contacts, the first ones by id are counted. `after`: only contacts with ids after this one. With both, several
    passes cover all contacts, even where retention deletes records in between.
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
        self._size = 0  # of all contacts, in bytes
        self._last_key: bytes | None = None  # the last key that is counted, once some were dropped
        self._backfill_leaves = backfill_leaves
        self._activities = PastActivities(backfill_leaves.filter_index)
        self._counts_own_score = any(counter.key == OWN_SCORE_KEY for counter in backfill_leaves.counters)
        self._lookup = lookup
        self._settings = settings
        self._status = PartitionStatus()
        self._tick = NO_TICK
        self._property_types: Mapping[str, PropertyType] = {}
        self._engine_version: EngineVersion = OLDEST_VERSION
        self._release_clocks: list[int] = []  # for each marker so far the least clock (ms) after it
        self._contacts: dict[bytes, BackfillContact] = {}  # by key
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
        prefix = self._prefix
        for _, key, value in journal:
            if key.startswith(prefix):
                self._count_event(key, value, refused_sources)
            elif b"/" not in key and key != SLICE_KEY:
                self._apply_broadcast(decode(value))

    def continue_after(self) -> str | None:
        """The last contact that was counted, the `after` of the next pass; None when no contact was dropped."""
        return None if self._last_key is None else self._name(self._last_key)

    def states(self) -> dict[str, BackfilledState]:
        """Contact -> its state; contacts without any are omitted."""
        return {
            self._name(key): contact.to_state() for key, contact in self._contacts.items() if self._is_told(contact)
        }

    def unsorted_keys(self) -> SortedKeys:
        """The keys of all contacts in short lists, for `slices` after each of them is sorted."""
        keys = iter(self._contacts)
        return list(iter(lambda: list(islice(keys, RUN_CONTACTS)), []))

    def slices(self, sorted_keys: SortedKeys | None = None) -> Iterator[EncodedSlice]:
        """All states in slices, in the order of the contacts' ids: retention cannot change that order.

        `sorted_keys` are the lists of `unsorted_keys`, sorted: a caller that must not take long at a time does that.
        """
        begin = _encode({"kind": "slice", "account": self._account, "number": self._backfill_leaves.number})
        begin = b'%b,"contacts":{' % begin[:-1]
        entries: list[bytes] = []
        size, last = 0, b""
        for key in heapq.merge(*sorted_keys) if sorted_keys is not None else sorted(self._contacts):
            contact = self._contacts[key]
            if not self._is_told(contact):
                continue
            entry = _encode({self._name(key): contact.to_state()})[1:-1]
            entry_size = len(entry) + 2
            if entries and (len(entries) >= MAX_SLICE_CONTACTS or size + entry_size > MAX_SLICE_BYTES):
                yield EncodedSlice(b"%b%b}}" % (begin, b",".join(entries)), self._name(last))
                entries, size = [], 0
            entries.append(entry)
            size += entry_size
            last = key
        if entries:
            yield EncodedSlice(b"%b%b}}" % (begin, b",".join(entries)), self._name(last))

    def _name(self, key: bytes) -> str:
        return key[len(self._prefix) :].decode()

    def _is_told(self, contact: BackfillContact) -> bool:
        return bool(contact.counts) or contact.tracked is not None

    def _count_event(self, key: bytes, value: bytes, refused_sources: Container[SourcePosition]) -> None:
        # Others are skipped by their key alone: that costs a tenth of counting the event.
        if key <= self._after or (self._last_key is not None and key > self._last_key):
            if self._first_instant is None:
                self._record_instant(decode_past_event(value).at)
            return
        event = decode_past_event(value)
        at = event.at
        self._record_instant(at)
        contact = self._contacts.get(key)
        if contact is None:
            contact = self._new_contact(key, at)
            clock = self._tick
        else:
            clock = self._clock_before(contact)
            if contact.applied and contact.has_applied(event.id, clock - self._settings.duplicate_window.duration):
                return
        contact.clock = max(at, clock)
        contact.releases = len(self._release_clocks)
        if contact.tracked is not None:
            self._track(contact, contact.tracked, event)
        else:
            self._count(contact, event)
        is_refused = bool(refused_sources) and decode_source(event.source) in refused_sources
        if not is_refused or consumes_id(event.type, is_refused=True):
            former_size = len(contact.applied)
            contact.remember_id(event.id, self._settings.duplicate_window)
            self._size += len(contact.applied) - former_size
        if self._limit is not None and self._size > self._limit:
            self._drop_last_contacts(self._limit)

    def _new_contact(self, key: bytes, at: int) -> BackfillContact:
        contact = self._contacts[key] = BackfillContact(at, at, len(self._release_clocks))
        self._size += CONTACT_BYTES + len(key)
        if self._backfill_leaves.held_states:
            contact.tracked = Contact(self._account, self._name(key), created=at, clock=at, settled=-1)
            contact.tracked.tracked_until = at
            self._size += TRACKED_BYTES
        return contact

    def _clock_before(self, contact: BackfillContact) -> int:
        """The contact's clock before its next event: each tick and each release counts as a record of the contact."""
        if contact.releases == len(self._release_clocks):
            return max(contact.clock, self._tick)
        return max(contact.clock, self._tick, *self._release_clocks[contact.releases :])

    def _track(self, contact: BackfillContact, tracked: Contact, event: PastEvent) -> None:
        advance_tracking(tracked, self._backfill_leaves, contact.clock)
        if event.type == "contact.changed":
            former_count = len(tracked.properties)
            patch = decode_fields(event.fields).get("properties", {})
            patch_properties(tracked, patch, self._property_types, self._engine_version)
            if len(tracked.properties) > former_count:
                contact.property_bytes += len(event.fields)
                self._size += len(event.fields)
        else:
            self._count(contact, event)
        update_tracking(tracked, self._backfill_leaves, contact.clock)

    def _count(self, contact: BackfillContact, event: PastEvent) -> None:
        if event.type in ACTIVITY_TYPES:
            self._count_activity(contact, event)
        elif self._counts_own_score and event.type == "score.adjusted":
            self._count_own_score(contact, event)

    def _count_activity(self, contact: BackfillContact, event: PastEvent) -> None:
        matched, activity = self._activities.matches(event)
        if not matched:
            return
        now = contact.clock
        if is_too_late(event.at, now, self._settings.lateness):
            matched = [counter for counter in matched if not counter.drops_late]
            if not matched:
                return
        former_size = self._before_counting(contact)
        count_matches(contact, matched, activity, now)
        enforce_limit(contact, self._backfill_leaves.counters)
        self._size += contact.counts_size() - former_size

    def _count_own_score(self, contact: BackfillContact, event: PastEvent) -> None:
        if adjusts_own_score(decode_fields(event.fields)):
            former_size = self._before_counting(contact)
            count_own_score(contact, self._backfill_leaves.counters, event.at, contact.clock)
            self._size += contact.counts_size() - former_size

    def _before_counting(self, contact: BackfillContact) -> int:
        """Gives the contact counts of its own; returns the size (bytes) of those it has."""
        if contact.counts is not NO_COUNTS:
            return contact.counts_size()
        contact.counts = {}
        return 0

    def _drop_last_contacts(self, limit: int) -> None:
        """Drops the contacts that come last by id, until there is room for others; one always stays."""
        contacts = self._contacts
        while self._size > limit and len(contacts) > 1:
            sample = sorted(islice(contacts, 0, None, max(1, len(contacts) // SAMPLE_CONTACTS)))
            kept = int(len(sample) * limit * KEPT_SHARE / self._size)
            self._last_key = last_key = sample[max(0, min(kept, len(sample) - 1) - 1)]
            for key in [key for key in contacts if key > last_key]:
                self._size -= contacts.pop(key).size(key)

    def _apply_broadcast(self, record: JournalRecord) -> None:
        if isinstance(record, Tick):
            self._status.advance(record)
            self._tick = self._status.clock_of(self._account, NO_TICK)
            if record.account in ("", self._account):
                self._record_instant(record.at)
        elif isinstance(record, Marker) and record.account == self._account:
            self._release_clocks.append(self._tick if record.at is None else max(record.at, self._tick))
            definitions = self._lookup(self._account, record.number)
            self._property_types, self._engine_version = definitions.properties, definitions.engine_version

    def _record_instant(self, at: int) -> None:
        if self._first_instant is None:
            self._first_instant = self._latest_instant = at
        elif at > self._latest_instant:
            self._latest_instant = at
