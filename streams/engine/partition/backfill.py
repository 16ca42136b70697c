"""What leaves would have kept of everyone's past, had they been followed from the first record on (SPEC section 9).

It is fed with the journal of one partition up to a place, and then says of each contact what its row has to know of
the time before that place. Nothing is decided here: repeats, clocks, properties and counts are folded as they were.
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterator, Mapping

import msgspec

from schemas.definitions import PropertyType
from streams.engine.conditions.protocols import Counter, Happening, Truth
from streams.engine.decisions.apply_event import happening_of
from streams.engine.decisions.backfill_leaves import Following, keep_up, look
from streams.engine.decisions.counters import count, shorten
from streams.engine.decisions.decide import LATENESS, NO_TICK, is_spent
from streams.engine.journal.effects import Source
from streams.engine.journal.records import SLICE_KEY, Event, Kept, Marker, Record, Slice, Tick, decode
from streams.engine.partition.broadcast import Standing
from streams.engine.releases.compiled import Lookup
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import Memory, is_repeat, remember
from streams.engine.state.patches import change_properties

SLICE_CONTACTS = 200
SLICE_BYTES = 400_000
"""The most that a slice holds, or one contact."""

_encode = msgspec.json.Encoder().encode


class _Descending(str):
    """An id that comes before those it would come after."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


class History:
    """The past of an account's contacts in one journal partition.

    `following` is what is asked; `lookup` gives the definitions of past releases, whose declared properties decided
    what a patch changed; `memory` and `lateness` are as for `streams.engine.decisions.decide.decide_event`.

    `room`: the most contacts that are kept, those that come first by their ids; None for all. `after`: only of those
    whose ids come after this one. So everybody's past can be told in passes, whatever the journal lost in between.
    """

    def __init__(
        self,
        account: str,
        following: Following,
        lookup: Lookup,
        memory: Memory,
        lateness: int = LATENESS,
        *,
        after: str = "",
        room: int | None = None,
    ) -> None:
        self._account = account
        self._prefix = account.encode() + b"/"
        self._after = self._prefix + after.encode()
        self._room = room
        self._by_id: list[_Descending] = []  # a heap: the last one by its id first
        self._last: bytes | None = None  # the key of the last one that has room, where some had none
        self._following = following
        self._lookup = lookup
        self._memory = memory
        self._lateness = lateness
        self._standing = Standing()
        self._declared: Mapping[str, PropertyType] = {}
        self._releases: list[tuple[int, int]] = []  # offset, and the clock at least after it
        self._contacts: dict[str, Contact] = {}
        self._first: int | None = None  # the instant of the first record that tells one
        self._latest = NO_TICK
        self.refused: Container[Source] = ()
        """Sources of the events that became dead letters when they were decided: their ids were not spent."""

    def lacking(self) -> int | None:
        """For a journal whose beginning is gone: from which instant (ms) on it speaks, where more is asked of it.

        None where all that is asked of lies after it.
        """
        if self._first is None:
            return None
        asked: tuple[Counter | Truth, ...] = (*self._following.counters, *self._following.held)
        reaches = [each.reaches_to(self._latest) for each in asked]
        is_behind = any(reach is None or reach < self._first for reach in reaches)
        return self._first if is_behind else None

    def take(self, offset: int, key: bytes, value: bytes) -> None:
        """The next record of the journal; those of other accounts are passed over."""
        if b"/" in key:
            if key.startswith(self._prefix):
                self._take_own(offset, key, value)
        elif key != SLICE_KEY:
            self._take_broadcast(offset, decode(value))

    def left_out_after(self) -> str | None:
        """The last contact that was kept, where others after it had no room; None where everybody had."""
        return None if self._last is None else self._last.removeprefix(self._prefix).decode()

    def kept(self) -> dict[str, Kept]:
        """Contact -> what is kept of it; those of whom nothing is kept are left out."""
        return dict(self._told())

    def slices(self) -> Iterator[Slice]:
        """All of it in slices, in the order of the contacts' ids: no order that retention could change."""
        part: dict[str, Kept] = {}
        size = 0
        for name, kept in self._told():
            weight = len(_encode({name: kept}))
            if part and (len(part) >= SLICE_CONTACTS or size + weight > SLICE_BYTES):
                yield Slice(self._account, self._following.number, part)
                part, size = {}, 0
            part[name] = kept
            size += weight
        if part:
            yield Slice(self._account, self._following.number, part)

    def _told(self) -> Iterator[tuple[str, Kept]]:
        for name in sorted(self._contacts):
            contact = self._contacts[name]
            if self._following.held or contact.counts:
                yield name, _kept(contact)

    def _take_own(self, offset: int, key: bytes, value: bytes) -> None:
        # Whoever has no room is passed over by the key alone: that costs a tenth of taking the event in.
        has_room = key > self._after and (self._last is None or key <= self._last)
        if not has_room and self._first is not None:
            return
        event = decode(value)
        assert isinstance(event, Event)
        self._note_time(event.at)
        if has_room:
            self._own(offset, event)

    def _take_broadcast(self, offset: int, record: Record) -> None:
        if isinstance(record, Tick):
            self._standing.advance(record)
            if record.account in ("", self._account):
                self._note_time(record.at)
        elif isinstance(record, Marker) and record.account == self._account:
            tick = self._standing.clock_of(self._account, NO_TICK)
            self._releases.append((offset, tick if record.at is None else max(record.at, tick)))
            self._declared = self._lookup(self._account, record.number).properties

    def _note_time(self, at: int) -> None:
        if self._first is None:
            self._first = self._latest = at
        self._latest = max(self._latest, at)

    def _own(self, offset: int, event: Event) -> None:
        tick = self._standing.clock_of(self._account, NO_TICK)
        contact = self._contacts.get(event.contact)
        if contact is None:
            contact = Contact(event.account, event.contact, created=event.at, clock=event.at, settled=-1)
            contact.followed = contact.created
            self._contacts[event.contact] = contact
            if not self._make_room_for(event.contact):
                return
        clock = max(contact.clock, tick, self._released_since(contact))
        if is_repeat(contact, event.id, clock, self._memory):
            return
        contact.clock = max(event.at, clock)
        contact.settled = offset
        keep_up(contact, self._following, contact.clock)
        self._apply(contact, event)
        look(contact, self._following, contact.clock)
        if is_spent(event, refused=event.source in self.refused):
            remember(contact, event.id, self._memory)

    def _make_room_for(self, name: str) -> bool:
        """Whoever comes last by id goes where there is no room left for one more; whether that was somebody else."""
        if self._room is None:
            return True
        heapq.heappush(self._by_id, _Descending(name))
        if len(self._by_id) <= self._room:
            return True
        gone = str(heapq.heappop(self._by_id))
        del self._contacts[gone]
        self._last = self._prefix + self._by_id[0].encode()
        return gone != name

    def _released_since(self, contact: Contact) -> int:
        """A release counts as a record of every contact that was there."""
        latest = NO_TICK
        if contact.settled >= 0:
            for offset, clock in reversed(self._releases):
                if offset <= contact.settled:
                    break
                latest = max(latest, clock)
        return latest

    def _apply(self, contact: Contact, event: Event) -> None:
        happening = happening_of(event)
        if happening is not None:
            self._count(contact, happening)
        elif self._following.held and event.type == "contact.changed":
            change_properties(contact, event.fields.get("properties", {}), self._declared)

    def _count(self, contact: Contact, happening: Happening) -> None:
        counters, now = self._following.counters, contact.clock
        count(contact, counters, happening, now, too_late=now - happening.at > self._lateness)
        shorten(contact, counters)


def _kept(contact: Contact) -> Kept:
    return Kept(contact.followed, contact.counts, contact.held, contact.flags)
