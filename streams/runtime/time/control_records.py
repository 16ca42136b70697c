"""Decides which control record a slot appends next to its own journal partition: releases and time, one at a time.

A first release that has nobody to count comes first, since events wait for it; then a newer release, which cancels
the back-fill under way; then a release whose back-fill is complete; then time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from streams.engine.journal import records
from streams.engine.journal.records import Marker, Tick, proposal_from_marker
from streams.runtime.backfill.backfill import Backfill
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.protocols import BackfillingDecider, Decider
from streams.runtime.time.alignment import Alignment, AlignmentSettings
from streams.runtime.time.ticks import TickScheduler
from streams.settings import Settings

ControlRecord = records.Tick | records.Marker | records.Proposal


@dataclass(frozen=True, slots=True)
class ScheduledRecord:
    """A control record, the slot's checkpoint after it, and the action to take when it is committed."""

    record: ControlRecord
    checkpoint: SlotCheckpoint
    on_commit: Callable[[], None]


class ControlRecordScheduler:
    """Schedules one slot's control records; called only when every one appended before is decided.

    `backfill` is None for a decider that needs none: its markers are appended without a proposal.
    """

    def __init__(
        self, settings: Settings, tick_scheduler: TickScheduler, decider: Decider, backfill: Backfill | None
    ) -> None:
        self._on_events_clock = settings.clock == "events"
        self._tick_scheduler = tick_scheduler
        self._decider = decider
        self._backfill = backfill
        self._alignment = Alignment(AlignmentSettings.from_settings(settings))
        self._ready: Marker | None = None

    async def prepare(self, checkpoint: SlotCheckpoint) -> None:
        """Makes the next release ready, in another thread: other slots of the process go on meanwhile."""
        marker = self._tick_scheduler.next_marker(checkpoint)
        if marker is not None and marker != self._ready and isinstance(self._decider, BackfillingDecider):
            await asyncio.to_thread(self._decider.prepare, marker)
            self._ready = marker

    def must_hold_events(self, checkpoint: SlotCheckpoint) -> bool:
        """Whether events wait a moment: an account without contacts here is about to get its release, which has
        nothing to count, and the release must decide the events after it.

        Only the slot's own source partitions wait, and only for its own journal partition: another slot's events may
        come to it before (docs/decisions/0011). On the wall clock, events that arrived before the release do not wait
        until it is proposed.
        """
        accounts = set(checkpoint.introduced)
        if self._on_events_clock:
            accounts.update(marker.account for marker in self._tick_scheduler.pending_markers(checkpoint))
        if self._backfill is None:
            return bool(accounts)
        return not all(map(self._backfill.has_contacts, accounts))

    def next_record(self, checkpoint: SlotCheckpoint, now: int) -> ScheduledRecord | None:
        """The next control record at `now` (ms); None when there is nothing to append."""
        release = (
            self._release_without_contacts(checkpoint)
            or self._next_release(checkpoint, now)
            or self._complete_release(checkpoint)
        )
        if release is not None or self.must_hold_events(checkpoint):
            return release  # time waits like events: it could take long to reach every contact
        return self._next_tick(checkpoint, now)

    def _next_release(self, checkpoint: SlotCheckpoint, now: int) -> ScheduledRecord | None:
        marker = self._tick_scheduler.next_marker(checkpoint)
        if marker is None or not self._is_in_step(marker, now):
            return None
        after = replace(checkpoint, definitions=max(checkpoint.definitions, marker.offset + 1))
        # Every control record before it is decided, so the release in force now is the one in force then.
        if self._backfill is None or not self._backfill.needs_backfill(marker):
            return ScheduledRecord(
                marker, _without_release(after, marker.account), lambda: self._tick_scheduler.mark_appended(now)
            )
        introduced = {**after.introduced, marker.account: (marker.number, "")}
        return ScheduledRecord(
            proposal_from_marker(marker),
            replace(after, introduced=introduced),
            lambda: self._tick_scheduler.mark_appended(now),
        )

    def _release_without_contacts(self, checkpoint: SlotCheckpoint) -> ScheduledRecord | None:
        """The marker of a proposed release that has nobody to count."""
        release = self._backfill.release_without_contacts() if self._backfill is not None else None
        return None if release is None else self._proposed_marker(*release, checkpoint)

    def _complete_release(self, checkpoint: SlotCheckpoint) -> ScheduledRecord | None:
        """The marker of a release whose back-fill is complete."""
        release = self._backfill.complete_release() if self._backfill is not None else None
        return None if release is None else self._proposed_marker(*release, checkpoint)

    def _proposed_marker(self, account: str, number: int, checkpoint: SlotCheckpoint) -> ScheduledRecord:
        marker = self._tick_scheduler.marker(account, number)
        return ScheduledRecord(marker, _without_release(checkpoint, account), _no_action)

    def _is_in_step(self, marker: Marker, now: int) -> bool:
        """A release waits for its arrival too: not before the journal holds the events that arrived long before it,
        since it sets every contact's clock to its own instant.
        """
        if self._on_events_clock or marker.at is None:
            return True
        claims = self._tick_scheduler.control_state.claims
        return self._alignment.horizon(self._tick_scheduler.sources.present, claims, marker.at, now) is None

    def _next_tick(self, checkpoint: SlotCheckpoint, now: int) -> ScheduledRecord | None:
        tick = self._events_tick(checkpoint) if self._on_events_clock else self._wall_tick(checkpoint, now)
        return None if tick is None else ScheduledRecord(*tick, lambda: self._tick_scheduler.mark_appended(now))

    def _events_tick(self, checkpoint: SlotCheckpoint) -> tuple[Tick, SlotCheckpoint] | None:
        advance = self._tick_scheduler.next_advance(checkpoint)
        if advance is None or not self._tick_scheduler.is_advance_reached(advance):
            return None
        return Tick(at=advance.at, account=advance.account), replace(checkpoint, clock=advance.offset + 1)

    def _wall_tick(self, checkpoint: SlotCheckpoint, now: int) -> tuple[Tick, SlotCheckpoint] | None:
        tick = self._tick_scheduler.next_wall_tick(checkpoint, self._decider.next_due, now)
        return None if tick is None else (tick, replace(checkpoint, tick=tick.at))


def _without_release(checkpoint: SlotCheckpoint, account: str) -> SlotCheckpoint:
    """The checkpoint when no release of the account is under way any more."""
    introduced = {name: release for name, release in checkpoint.introduced.items() if name != account}
    return replace(checkpoint, introduced=introduced)


def _no_action() -> None:
    """The proposal set the tick scheduler's clock already; its marker does not set it again."""
