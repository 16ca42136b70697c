"""Applies a record for many contacts of its partition (a tick, a marker) contact by contact.

For each contact it counts as a record of that contact at its offset. It can stop after any contact: a tick still has
to reach the contacts due before it, a marker those whose row is settled for an earlier offset.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves, new_leaves
from streams.engine.decisions.decide import Decision, decide_release, decide_tick
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal.records import Marker, Tick
from streams.engine.partition.checkpoint import PendingBroadcast
from streams.engine.releases.cache import ReleaseCache
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact
from streams.engine.state.contact_store import ContactStore

_ReleaseChange = tuple[CompiledRelease, CompiledRelease, BackfillLeaves]
"""The former release, the new one, and the leaves that were tracked for it."""


class Broadcast:
    """Applies a pending broadcast to the contacts of a store."""

    def __init__(
        self, state: PendingBroadcast, position: JournalPosition, contacts: ContactStore, release_cache: ReleaseCache
    ) -> None:
        self.state = state
        self._position = position
        self._contacts = contacts
        self._release_cache = release_cache
        self._keys: Iterator[bytes] | None = None
        self._change: _ReleaseChange | None = None

    def apply(self, contact: Contact) -> Decision | None:
        """Applies the broadcast to one contact; None where it does not concern the contact or was applied already."""
        record, offset = self.state.record, self.state.offset
        if contact.settled >= offset:
            return None
        if isinstance(record, Tick):
            if contact.due is None or contact.due >= record.at or record.account not in ("", contact.account):
                return None
            return decide_tick(
                contact, record.at, self._position, self._release_cache.get(contact.account, contact.release)
            )
        if contact.account != record.account:
            return None
        former, release, leaves = self._change or self._find_change(record)
        return decide_release(
            contact, record.at, self._position, former, release, tick=self.state.tick, backfill_leaves=leaves
        )

    def _find_change(self, marker: Marker) -> _ReleaseChange:
        former = self._release_cache.get(marker.account, self.state.former)
        release = self._release_cache.get(marker.account, marker.number)
        leaves = new_leaves(former, release) if self.state.was_proposed else NO_BACKFILL
        self._change = former, release, leaves
        return self._change

    def next_key(self) -> bytes | None:
        """The key of a contact that the broadcast may still have to reach; None when it is finished."""
        record = self.state.record
        if isinstance(record, Marker):
            if self._keys is None:
                self._keys = self._contacts.keys_of(record.account)
            return next(self._keys, None)
        first = self._contacts.first_due(record.account, record.at)
        return first[1] if first is not None and first[0] < record.at else None
