"""What a slot has to say itself in its journal partition, one thing at a time: releases and time.

An account's first release comes first, since everybody waits for it; then a newer one, which gives up the one on its
way; then one of which all the past is told; then time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from streams.engine.journal import records
from streams.engine.journal.records import Marker, Tick, proposal_of
from streams.runtime.backfill.backfill import Introduction
from streams.runtime.checkpoint import Positions
from streams.runtime.protocols import Decider
from streams.runtime.time.alignment import InStep, Rules
from streams.runtime.time.ticks import Clockwork
from streams.settings import Settings

Announcement = records.Tick | records.Marker | records.Proposal


@dataclass(frozen=True, slots=True)
class Said:
    """A record, the slot's positions after it, and what is to be done when it is committed."""

    record: Announcement
    positions: Positions
    when_committed: Callable[[], None]


class Announcements:
    """One slot's. Asked only when nothing that it said before is undecided."""

    def __init__(
        self, settings: Settings, clockwork: Clockwork, decider: Decider, introduction: Introduction
    ) -> None:
        self._on_events_clock = settings.clock == "events"
        self._clockwork = clockwork
        self._decider = decider
        self._introduction = introduction
        self._in_step = InStep(Rules.of(settings))

    def hold_events_back(self, positions: Positions) -> bool:
        """Whether events wait a moment: an account that has nobody here yet is about to get its release, which has
        nothing to count, and what comes after it is to be decided by it.

        On the wall clock events that arrived before it do not wait until it is proposed.
        """
        coming = set(positions.introduced)
        marker = self._clockwork.next_marker(positions) if self._on_events_clock else None
        if marker is not None:
            coming.add(marker.account)
        return not all(map(self._decider.has_contacts, coming))

    def next(self, positions: Positions, now: int) -> Said | None:
        """The next thing to say; None when there is nothing."""
        said = self._first(positions) or self._release(positions, now) or self._introduced(positions)
        if said is not None or self.hold_events_back(positions):
            return said  # time waits like events: it could take long to reach everybody
        return self._time(positions, now)

    def _release(self, positions: Positions, now: int) -> Said | None:
        marker = self._clockwork.next_marker(positions)
        if marker is None or not self._is_in_step(marker, now):
            return None
        after = replace(positions, definitions=marker.offset + 1)
        # Nothing said before is undecided, so the release in force here is the one that will be there.
        if not self._decider.needs_history(marker):
            return Said(marker, _without(after, marker.account), lambda: self._clockwork.appended(now))
        introduced = {**after.introduced, marker.account: (marker.number, "")}
        return Said(proposal_of(marker), replace(after, introduced=introduced), lambda: self._clockwork.appended(now))

    def _first(self, positions: Positions) -> Said | None:
        """Of an account that has nobody here there is nothing to count."""
        for account, proposed in self._decider.proposed().items():
            if not self._decider.has_contacts(account):
                marker = self._clockwork.marker(account, proposed.number)
                return Said(marker, _without(positions, account), _nothing)
        return None

    def _introduced(self, positions: Positions) -> Said | None:
        told = self._introduction.finished()
        if told is None:
            return None
        account, number = told
        return Said(self._clockwork.marker(account, number), _without(positions, account), _nothing)

    def _is_in_step(self, marker: Marker, now: int) -> bool:
        """A release comes by its arrival too: not before the journal holds what arrived long before it, since for
        every contact it sets the clock to its own instant.
        """
        if self._on_events_clock or marker.at is None:
            return True
        claims = self._clockwork.announced.claims
        return self._in_step.horizon(self._clockwork.sources, claims, marker.at, now) is None

    def _time(self, positions: Positions, now: int) -> Said | None:
        told = self._advance(positions) if self._on_events_clock else self._tick(positions, now)
        return None if told is None else Said(*told, lambda: self._clockwork.appended(now))

    def _advance(self, positions: Positions) -> tuple[Tick, Positions] | None:
        advance = self._clockwork.next_advance(positions)
        if advance is None or not self._clockwork.advance_reached(advance):
            return None
        return Tick(at=advance.at, account=advance.account), replace(positions, clock=advance.offset + 1)

    def _tick(self, positions: Positions, now: int) -> tuple[Tick, Positions] | None:
        tick = self._clockwork.wall_tick(positions, self._decider.next_due(), now)
        return None if tick is None else (tick, replace(positions, tick=tick.at))


def _without(positions: Positions, account: str) -> Positions:
    """The positions when no release of the account is on its way any more."""
    left = {name: told for name, told in positions.introduced.items() if name != account}
    return replace(positions, introduced=left)


def _nothing() -> None:
    """Of a release that was proposed the clock knows already."""
