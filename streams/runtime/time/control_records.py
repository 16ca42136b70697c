"""What a slot has to say itself in its journal partition, one thing at a time: releases and time.

An account's first release comes first, since everybody waits for it; then a newer one, which gives up the one on its
way; then one of which all the past is told; then time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from streams.engine.journal import records
from streams.engine.journal.records import Marker, Tick, proposal_from_marker
from streams.runtime.backfill.backfill import Backfill
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.protocols import Decider
from streams.runtime.time.alignment import Alignment, AlignmentSettings
from streams.runtime.time.ticks import TickScheduler
from streams.settings import Settings

ControlRecord = records.Tick | records.Marker | records.Proposal


@dataclass(frozen=True, slots=True)
class ScheduledRecord:
    """A record, the slot's positions after it, and what is to be done when it is committed."""

    record: ControlRecord
    checkpoint: SlotCheckpoint
    on_commit: Callable[[], None]


class ControlRecordScheduler:
    """One slot's. Asked only when nothing that it said before is undecided."""

    def __init__(
        self, settings: Settings, tick_scheduler: TickScheduler, decider: Decider, backfill: Backfill
    ) -> None:
        self._on_events_clock = settings.clock == "events"
        self._tick_scheduler = tick_scheduler
        self._decider = decider
        self._backfill = backfill
        self._alignment = Alignment(AlignmentSettings.from_settings(settings))

    def must_hold_events(self, checkpoint: SlotCheckpoint) -> bool:
        """Whether events wait a moment: an account that has nobody here yet is about to get its release, which has
        nothing to count, and what comes after it is to be decided by it.

        On the wall clock events that arrived before it do not wait until it is proposed.
        """
        coming = set(checkpoint.introduced)
        marker = self._tick_scheduler.next_marker(checkpoint) if self._on_events_clock else None
        if marker is not None:
            coming.add(marker.account)
        return not all(map(self._decider.has_contacts, coming))

    def next_record(self, checkpoint: SlotCheckpoint, now: int) -> ScheduledRecord | None:
        """The next thing to say; None when there is nothing."""
        said = (
            self._first_release(checkpoint)
            or self._next_release(checkpoint, now)
            or self._backfilled_release(checkpoint)
        )
        if said is not None or self.must_hold_events(checkpoint):
            return said  # time waits like events: it could take long to reach everybody
        return self._next_tick(checkpoint, now)

    def _next_release(self, checkpoint: SlotCheckpoint, now: int) -> ScheduledRecord | None:
        marker = self._tick_scheduler.next_marker(checkpoint)
        if marker is None or not self._is_in_step(marker, now):
            return None
        after = replace(checkpoint, definitions=marker.offset + 1)
        # Nothing said before is undecided, so the release in force here is the one that will be there.
        if not self._decider.needs_backfill(marker):
            return ScheduledRecord(
                marker, _without_release(after, marker.account), lambda: self._tick_scheduler.mark_appended(now)
            )
        introduced = {**after.introduced, marker.account: (marker.number, "")}
        return ScheduledRecord(
            proposal_from_marker(marker),
            replace(after, introduced=introduced),
            lambda: self._tick_scheduler.mark_appended(now),
        )

    def _first_release(self, checkpoint: SlotCheckpoint) -> ScheduledRecord | None:
        """Of an account that has nobody here there is nothing to count."""
        for account, proposed in self._decider.pending_proposals().items():
            if not self._decider.has_contacts(account):
                marker = self._tick_scheduler.marker(account, proposed.number)
                return ScheduledRecord(marker, _without_release(checkpoint, account), _no_action)
        return None

    def _backfilled_release(self, checkpoint: SlotCheckpoint) -> ScheduledRecord | None:
        told = self._backfill.complete_release()
        if told is None:
            return None
        account, number = told
        return ScheduledRecord(
            self._tick_scheduler.marker(account, number), _without_release(checkpoint, account), _no_action
        )

    def _is_in_step(self, marker: Marker, now: int) -> bool:
        """A release comes by its arrival too: not before the journal holds what arrived long before it, since for
        every contact it sets the clock to its own instant.
        """
        if self._on_events_clock or marker.at is None:
            return True
        claims = self._tick_scheduler.control_state.claims
        return self._alignment.horizon(self._tick_scheduler.sources, claims, marker.at, now) is None

    def _next_tick(self, checkpoint: SlotCheckpoint, now: int) -> ScheduledRecord | None:
        told = self._events_tick(checkpoint) if self._on_events_clock else self._wall_tick(checkpoint, now)
        return None if told is None else ScheduledRecord(*told, lambda: self._tick_scheduler.mark_appended(now))

    def _events_tick(self, checkpoint: SlotCheckpoint) -> tuple[Tick, SlotCheckpoint] | None:
        advance = self._tick_scheduler.next_advance(checkpoint)
        if advance is None or not self._tick_scheduler.is_advance_reached(advance):
            return None
        return Tick(at=advance.at, account=advance.account), replace(checkpoint, clock=advance.offset + 1)

    def _wall_tick(self, checkpoint: SlotCheckpoint, now: int) -> tuple[Tick, SlotCheckpoint] | None:
        tick = self._tick_scheduler.next_wall_tick(checkpoint, self._decider.next_due(), now)
        return None if tick is None else (tick, replace(checkpoint, tick=tick.at))


def _without_release(checkpoint: SlotCheckpoint, account: str) -> SlotCheckpoint:
    """The positions when no release of the account is on its way any more."""
    left = {name: told for name, told in checkpoint.introduced.items() if name != account}
    return replace(checkpoint, introduced=left)


def _no_action() -> None:
    """Of a release that was proposed the clock knows already."""
