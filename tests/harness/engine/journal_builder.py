"""A journal as slots write it: releases that ask of the past come in step by step, with other records in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streams.engine.decisions.decide import LATENESS
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.partition.release_records import introduce
from streams.engine.releases.compiled import Lookup
from streams.engine.state.points import MILLION
from tests.harness.random.random_events import Move

_BUDGET = Budget(1 << 40, 1 << 40)


@dataclass(slots=True)
class _Coming:
    """A release on its way into the journal."""

    left: Iterator[tuple[bytes, bytes]]
    pause: int
    wait: int


class GrowingJournal:
    """Records are decided as they come; `entries` are offset, key and value."""

    def __init__(self, contents: Lookup, lateness: int = LATENESS) -> None:
        self.entries: list[tuple[int, bytes, bytes]] = []
        self.decider = PartitionDecider(3, contents, lateness=lateness)
        self.decider.resume(None)
        self.refused: set[tuple[str, int, int]] = set()
        self._coming: dict[str, _Coming] = {}

    def put(self, key: bytes, record: records.Record, skip: int = 0) -> None:
        """The next record, `skip` offsets later than it might be; what waits to come in comes nearer."""
        self._append(key, records.encode(record), skip)
        for account in list(self._coming):
            coming = self._coming[account]
            coming.wait -= 1
            if coming.wait < 0:
                self._advance(account, coming)

    def tell(self, move: Move, id_: str, at: int) -> None:
        """What happens to the one contact of these stories, or time."""
        if move.kind == "tick":
            self.put(records.TICK_KEY, records.Tick(at))
            return
        fields = dict(move.fields)
        if "points" in fields:
            fields["points"] = round(fields["points"] * MILLION)
        source = ("in", 0, len(self.entries))
        event = records.Event(move.kind, id_, at, "default", "ann", source, at, fields)
        self.put(records.event_key("default", "ann"), event)

    def release(self, marker: records.Marker, pause: int) -> None:
        """A release; `pause` other records come between each of its own. One still on its way is given up."""
        before = list(self.entries)
        steps = introduce(self.decider, marker, lambda: before, self.refused)
        coming = _Coming(((entry.key, entry.value) for entry in steps), pause, pause)
        self._coming[marker.account] = coming
        self._advance(marker.account, coming)

    def finish(self) -> None:
        """Whatever is on its way comes in."""
        while self._coming:
            for account, coming in list(self._coming.items()):
                self._advance(account, coming)

    def _advance(self, account: str, coming: _Coming) -> None:
        entry = next(coming.left, None)
        if entry is None:
            del self._coming[account]
            return
        coming.wait = coming.pause
        self._append(*entry, 0)

    def _append(self, key: bytes, value: bytes, skip: int) -> None:
        offset = self.entries[-1][0] + 1 + skip if self.entries else skip
        self.entries.append((offset, key, value))
        self.decider.feed(offset, key, value)
        while self.decider.pending():
            letters = self.decider.work(_BUDGET).letters
            self.refused.update(source for _, source, _ in letters)
