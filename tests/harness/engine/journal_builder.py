"""A journal as slots write it: releases that ask of the past come in step by step, with other records in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.values import MILLION
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import release_records
from streams.engine.releases.cache import DefinitionsLookup
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS, EngineSettings
from tests.harness.random.random_events import RandomEvent

_BUDGET = Budget(1 << 40, 1 << 40)


@dataclass(slots=True)
class _PendingRelease:
    """A release on its way into the journal."""

    remaining: Iterator[tuple[bytes, bytes]]
    gap: int
    countdown: int


class JournalBuilder:
    """Records are decided as they come; `entries` are offset, key and value."""

    def __init__(self, lookup: DefinitionsLookup, settings: EngineSettings = DEFAULT_ENGINE_SETTINGS) -> None:
        self.entries: list[tuple[int, bytes, bytes]] = []
        self.decider = PartitionDecider(3, lookup, settings)
        self.decider.resume(None)
        self.refused: set[tuple[str, int, int]] = set()
        self._pending: dict[str, _PendingRelease] = {}

    def append(self, key: bytes, record: records.JournalRecord, skip: int = 0) -> None:
        """The next record, `skip` offsets later than it might be; what waits to come in comes nearer."""
        self._append_and_decide(key, records.encode(record), skip)
        for account in list(self._pending):
            coming = self._pending[account]
            coming.countdown -= 1
            if coming.countdown < 0:
                self._write_next(account, coming)

    def send(self, random_event: RandomEvent, event_id: str, at: int, contact: str = "ann") -> None:
        """What happens to a contact, most stories have only one; or time."""
        if random_event.event_type == "tick":
            self.append(records.TICK_KEY, records.Tick(at))
            return
        fields = dict(random_event.fields)
        if "points" in fields:
            fields["points"] = round(fields["points"] * MILLION)
        source = ("in", 0, len(self.entries))
        event = records.JournalEvent(random_event.event_type, event_id, at, "default", contact, source, at, fields)
        self.append(records.event_key("default", contact), event)

    def start_release(self, marker: records.Marker, gap: int) -> None:
        """A release; `gap` other records come between each of its own. One still on its way is given up."""
        before = list(self.entries)
        steps = release_records(self.decider, marker, lambda: before, self.refused)
        coming = _PendingRelease(((entry.key, entry.value) for entry in steps), gap, gap)
        self._pending[marker.account] = coming
        self._write_next(marker.account, coming)

    def finish_releases(self) -> None:
        """Whatever is on its way comes in."""
        while self._pending:
            for account, coming in list(self._pending.items()):
                self._write_next(account, coming)

    def _write_next(self, account: str, pending: _PendingRelease) -> None:
        entry = next(pending.remaining, None)
        if entry is None:
            del self._pending[account]
            return
        pending.countdown = pending.gap
        self._append_and_decide(*entry, 0)

    def _append_and_decide(self, key: bytes, value: bytes, skip: int) -> None:
        offset = self.entries[-1][0] + 1 + skip if self.entries else skip
        self.entries.append((offset, key, value))
        self.decider.feed(offset, key, value)
        while self.decider.has_pending():
            letters = self.decider.work(_BUDGET).dead_letters
            self.refused.update(source for _, source, _ in letters)
