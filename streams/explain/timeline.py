"""Decides one contact's history step by step with the engine, and records when tracked values change.

Between two records time advances alone: the timeline stops at every instant at which the contact or a tracked value
is due, so that it finds each change at its own instant.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from schemas.engine_versions import OLDEST_VERSION
from schemas.topics import CONTACTS
from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Output
from streams.engine.journal.records import (
    NO_TICK,
    JournalEvent,
    JournalRecord,
    Marker,
    Proposal,
    Slice,
    Tick,
    event_key,
)
from streams.engine.partition.checkpoint import Checkpoint, PartitionStatus
from streams.engine.partition.decider import PartitionDecider
from streams.engine.releases.cache import DefinitionsLookup, ReleaseCache, ReleaseCompiler
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact, decode_contact, encode_contact
from streams.engine.state.deduplication import is_repeat
from streams.explain.tree import TrackedValue
from streams.store.contact_view import ContactView, build_view

_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """The instant (ms) of a change, and the id of the event that caused it; empty for time or a release."""

    at: int
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class EngineParameters:
    """The engine's inputs besides records; `definitions_lookup` has every release that the records name."""

    definitions_lookup: DefinitionsLookup
    settings: EngineSettings


class ContactTimeline:
    """A contact at the instant `now` (ms); evaluates `tracked_values` at every instant at which they may change."""

    def __init__(
        self, account: str, contact: str, parameters: EngineParameters, tracked_values: Sequence[TrackedValue] = ()
    ) -> None:
        self.account = account
        self.key = event_key(account, contact)
        self.now = NO_TICK
        self.applied_events: list[JournalEvent] = []
        """The contact's events that were applied, without repeats."""
        self.outputs: list[Output] = []
        """The outputs without the rows of `contacts`: there is one for each visit, and no answer shows them."""
        self.has_later_records = False
        """Whether `replay` got records after its end."""
        self.first_effective: int | None = None
        """The instant (ms) of the contact's first record, where it is after the end of `replay`."""
        self.first_changes: dict[TrackedValue, ValueChange] = {}
        self.last_changes: dict[TrackedValue, ValueChange] = {}
        self._parameters = parameters
        self._tracked_values = tracked_values
        self._values: dict[TrackedValue, Hashable] = {}
        self._releases = ReleaseCache(ReleaseCompiler(parameters.definitions_lookup))
        self._decider = PartitionDecider(0, parameters.definitions_lookup, parameters.settings)
        self._next_offset = 0
        self._last_tick = NO_TICK

    def start(self) -> None:
        """Begins without state."""
        self._values = {each: value for each in self._tracked_values for value in each.initial_values}
        self._decider.resume(None)

    def restore(self, contact: Contact, now: int) -> None:
        """Begins with a row that is settled for `now` (ms)."""
        self._decider.restore(self.key, encode_contact(contact))
        status = PartitionStatus(releases={contact.account: contact.release})
        self._decider.resume(msgspec.json.encode(Checkpoint(status, semantics=OLDEST_VERSION)))
        self._next_offset = contact.settled + 1
        self._record_changes(now, "")

    def track(self, tracked_values: Sequence[TrackedValue]) -> None:
        """Tracks these values from now on and drops the changes recorded so far."""
        self._tracked_values = tracked_values
        self._values.clear()
        self.first_changes, self.last_changes = {}, {}
        self._record_changes(self.now, "")

    def contact(self) -> Contact | None:
        """Returns the row, which callers must not change; None before the contact's first record."""
        return next(self._decider.contacts(), None)

    def view(self) -> ContactView | None:
        """Returns a copy of the contact as conditions see it now."""
        contact = self.contact()
        return None if contact is None else self._build_view(_copy_contact(contact), self.now)

    def release_number(self) -> int:
        """Returns the number of the release in force; 0 for none."""
        return self._decider.active_releases().get(self.account, 0)

    def replay(self, journal_records: Iterable[JournalRecord], until: int | None) -> None:
        """Applies the records up to `until` (ms) and advances time to it; None applies all records.

        Before the contact's first event, a later tick or release does not end the replay: the event itself may be
        earlier.
        """
        for record in journal_records:
            if until is not None and self._effective_instant(record) > until:
                self.has_later_records = True
                if self.contact() is not None:
                    break
                if isinstance(record, JournalEvent):
                    self.first_effective = self._effective_instant(record)
                    break
            self._apply_record(record)
        if until is not None:
            self.advance_time(until + 1)
            self._record_changes(until, "")

    def advance_time(
        self, before: int | None, max_steps: int | None = None, is_enough: Callable[[], bool] | None = None
    ) -> bool:
        """Advances through due instants before `before` (ms; None: no limit), at most `max_steps` of them.

        Returns False where `max_steps` ended it. `is_enough` is asked after each step and may end it.
        """
        steps = 0
        while (instant := self._next_instant()) is not None and (before is None or instant < before):
            if steps == max_steps:
                return False
            self._decide(Tick(instant + 1, self.account))
            self._record_changes(instant, "")
            steps += 1
            if is_enough is not None and is_enough():
                break
        return True

    def clock(self) -> int:
        """Returns the contact's clock (ms); before its first record, the last tick."""
        contact = self.contact()
        return self._last_tick if contact is None else self._decider.clock_of(contact)

    def _apply_record(self, record: JournalRecord) -> None:
        if isinstance(record, Proposal | Slice):
            self._decide(record)  # no outputs come of these
            return
        at = self._effective_instant(record)
        if not isinstance(record, JournalEvent):
            self.advance_time(at)
            self._decide(record)
            # A tick T closes the instants before T; a release decides at its own.
            self._record_changes(at - 1 if isinstance(record, Tick) else at, "")
            return
        if not self._is_repeat(record):
            self.advance_time(at)
            self.applied_events.append(record)
            self._decide(record)
            self._record_changes(at, record.id)

    def _is_repeat(self, event: JournalEvent) -> bool:
        contact = self.contact()
        if contact is None:
            return False
        return is_repeat(
            contact, event.id, self._decider.clock_of(contact), self._parameters.settings.duplicate_window
        )

    def _effective_instant(self, record: JournalRecord) -> int:
        """Returns the instant (ms) at which a record takes effect."""
        if isinstance(record, JournalEvent):
            return self.clock() if self._is_repeat(record) else max(record.at, self.clock())
        if isinstance(record, Marker):
            return self.clock() if record.at is None else max(record.at, self.clock())
        return record.at if isinstance(record, Tick) else self.clock()

    def _decide(self, record: JournalRecord) -> None:
        if isinstance(record, Tick):
            self._last_tick = max(self._last_tick, record.at)
        self._decider.feed(self._next_offset, self.key, records.encode(record))
        self._next_offset += 1
        while self._decider.has_pending():
            outputs = self._decider.work(_UNBOUNDED).outputs
            self.outputs.extend(output for output in outputs if output.topic != CONTACTS.name)

    def _next_instant(self) -> int | None:
        contact = self.contact()
        if contact is None:
            return None
        view = self._build_view(contact, self.now)
        dues = [contact.due, *(tracked_value.due(view) for tracked_value in self._tracked_values)]
        return min((due for due in dues if due is not None and due > self.now), default=None)

    def _record_changes(self, now: int, event_id: str) -> None:
        contact = self.contact()
        if contact is None:
            return
        self.now = max(self.now, now)
        view = self._build_view(contact, self.now)
        for tracked_value in self._tracked_values:
            value = tracked_value.current_value(view)
            if tracked_value in self._values and self._values[tracked_value] != value:
                change = ValueChange(self.now, event_id)
                self.first_changes.setdefault(tracked_value, change)
                self.last_changes[tracked_value] = change
            self._values[tracked_value] = value

    def _build_view(self, contact: Contact, now: int) -> ContactView:
        return build_view(contact, self._releases.get(self.account, self.release_number()), now)


def _copy_contact(contact: Contact) -> Contact:
    return decode_contact(encode_contact(contact))
