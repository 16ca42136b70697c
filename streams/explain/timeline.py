"""One contact's history, decided by the engine step by step, and when tracked values changed.

Between two records time alone goes on: the timeline stops wherever the contact or something watched is due, so that
every change is found at its own instant.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from streams.engine.decisions.decide import NO_TICK
from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Output
from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Proposal, Slice, Tick, event_key
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.partition.decider import Checkpoint, PartitionDecider
from streams.engine.releases.cache import DefinitionsLookup, ReleaseCache
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import is_repeat
from streams.engine.version import ENGINE_VERSION
from streams.explain.tree import TrackedValue
from streams.store.contact_view import ContactView, build_view

_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """When something changed, and the id of the event that changed it; empty where time or a release did."""

    at: int
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class EngineParameters:
    """What the engine needs besides records; `definitions_lookup` has every release that the records name."""

    definitions_lookup: DefinitionsLookup
    settings: EngineSettings


class ContactTimeline:
    """A contact at `now`; `tracked_values` are looked at wherever they may change."""

    def __init__(
        self, account: str, contact: str, parameters: EngineParameters, tracked_values: Sequence[TrackedValue] = ()
    ) -> None:
        self.account = account
        self.key = event_key(account, contact)
        self.now = NO_TICK
        self.applied_events: list[JournalEvent] = []
        """The contact's own records that were applied."""
        self.outputs: list[Output] = []
        self.has_later_records = False
        """Whether the records given to `replay` reach behind its end."""
        self.first_effective: int | None = None
        """When the contact's first record takes effect, where that is behind the end given to `replay`."""
        self.first_changes: dict[TrackedValue, ValueChange] = {}
        self.last_changes: dict[TrackedValue, ValueChange] = {}
        self._parameters = parameters
        self._tracked_values = tracked_values
        self._values: dict[TrackedValue, Hashable] = {}
        self._releases = ReleaseCache(parameters.definitions_lookup)
        self._decider = PartitionDecider(0, parameters.definitions_lookup, parameters.settings)
        self._next_offset = 0
        self._last_tick = NO_TICK

    def start(self) -> None:
        """From nothing."""
        self._values = {tracked: value for tracked in self._tracked_values for value in tracked.initial_values}
        self._decider.resume(None)

    def restore(self, contact: Contact, now: int) -> None:
        """From a row that is settled for `now`."""
        self._decider.restore(self.key, msgspec.json.encode(contact))
        status = PartitionStatus(releases={contact.account: contact.release})
        self._decider.resume(msgspec.json.encode(Checkpoint(status, semantics=ENGINE_VERSION)))
        self._next_offset = contact.settled + 1
        self._record_changes(now, "")

    def track(self, tracked_values: Sequence[TrackedValue]) -> None:
        """From here on these are looked at; changes found before are forgotten."""
        self._tracked_values = tracked_values
        self._values.clear()
        self.first_changes, self.last_changes = {}, {}
        self._record_changes(self.now, "")

    def contact(self) -> Contact | None:
        """The row; None before the contact's first record. Not to be changed."""
        return next(self._decider.contacts(), None)

    def view(self) -> ContactView | None:
        """Returns a copy of the contact as conditions see it now."""
        contact = self.contact()
        return None if contact is None else self._build_view(_copy_contact(contact), self.now)

    def release_number(self) -> int:
        """The number of the release in force; 0 for none."""
        return self._decider.active_releases().get(self.account, 0)

    def replay(self, journal_records: Iterable[JournalRecord], until: int | None) -> None:
        """Takes the records up to `until` (ms) and passes time to it; where it is None, takes all of them.

        What is said to all contacts before the first record of this one ends nothing: that record may be of a past
        before it.
        """
        for entry in journal_records:
            if until is not None and self._effective_instant(entry) > until:
                self.has_later_records = True
                if self.contact() is not None:
                    break
                if isinstance(entry, JournalEvent):
                    self.first_effective = self._effective_instant(entry)
                    break
            self._apply_record(entry)
        if until is not None:
            self.advance_time(until + 1)
            self._record_changes(until, "")

    def advance_time(
        self, before: int | None, max_steps: int | None = None, is_enough: Callable[[], bool] | None = None
    ) -> bool:
        """Goes through the instants before `before`, at most so many; False where more of them may come."""
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
        """The contact's clock; before its first record, the last tick."""
        contact = self.contact()
        return self._last_tick if contact is None else self._decider.clock_of(contact)

    def _apply_record(self, record: JournalRecord) -> None:
        if isinstance(record, Proposal | Slice):
            self._decide(record)  # nothing is decided by these
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
        """The instant at which a record takes effect."""
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
            self.outputs.extend(self._decider.work(_UNBOUNDED).outputs)

    def _next_instant(self) -> int | None:
        contact = self.contact()
        if contact is None:
            return None
        view = self._build_view(contact, self.now)
        dues = [contact.due, *(tracked.due(view) for tracked in self._tracked_values)]
        return min((due for due in dues if due is not None and due > self.now), default=None)

    def _record_changes(self, now: int, event_id: str) -> None:
        contact = self.contact()
        if contact is None:
            return
        self.now = max(self.now, now)
        view = self._build_view(contact, self.now)
        for tracked in self._tracked_values:
            value = tracked.current_value(view)
            if tracked in self._values and self._values[tracked] != value:
                change = ValueChange(self.now, event_id)
                self.first_changes.setdefault(tracked, change)
                self.last_changes[tracked] = change
            self._values[tracked] = value

    def _build_view(self, contact: Contact, now: int) -> ContactView:
        return build_view(contact, self._releases.get(self.account, self.release_number()), now)


def _copy_contact(contact: Contact) -> Contact:
    return msgspec.json.decode(msgspec.json.encode(contact), type=Contact)
