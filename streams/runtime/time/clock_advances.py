"""The records of the topic `clock` that the slots of a worker have not answered yet.

The topic is kept for ever, and a slot asks for one record after the other. So a worker holds stretches of the topic:
the newest one, and those that slots which are behind ask for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from streams.kafka.partitions import Partition

STRETCH_ADVANCES = 100
"""So many records are held and read together."""


@dataclass(frozen=True, slots=True)
class ClockAdvance:
    """A record of the topic `clock`: the account's time is `at` once every partition has reached its end."""

    offset: int
    account: str
    at: int
    ends: dict[Partition, int]


@dataclass
class _Stretch:
    """All records with offsets from `start` up to `end` (not included), in their order."""

    start: int
    end: int
    advances: list[ClockAdvance] = field(default_factory=list)


class ClockAdvances:
    """Stretches of the topic `clock` up to the offset `end`, at most `max_stretches` beside the newest.

    A slot uses two at most, the one that it has just answered and the next: with room for all no slot takes another's
    away. `missing` are the offsets that were asked for and lie in no stretch; `on_missing` is called for each.
    """

    def __init__(self, max_stretches: int = 2, on_missing: Callable[[], None] = lambda: None) -> None:
        self.missing: set[int] = set()
        self._max_stretches = max_stretches
        self._on_missing = on_missing
        self._newest = _Stretch(0, 0)
        self._others: list[_Stretch] = []
        """The one that was used last comes last."""

    @property
    def end(self) -> int:
        """How far the topic is known."""
        return self._newest.end

    def start(self, end: int) -> None:
        """Begins at the topic's present end: what lies before is read when a slot asks for it."""
        self._newest = _Stretch(end, end)

    def add(self, advance: ClockAdvance) -> None:
        """A new record of the topic."""
        if len(self._newest.advances) == STRETCH_ADVANCES:
            self._keep(self._newest)
            self._newest = _Stretch(self.end, self.end)
        self._newest.advances.append(advance)
        self._newest.end = advance.offset + 1

    def add_missing(self, start: int, end: int, advances: list[ClockAdvance]) -> None:
        """The records from the missing offset `start` up to `end`; at least one, where there is one."""
        self.missing.discard(start)
        self._keep(_Stretch(start, end, advances))

    def next_from(self, offset: int) -> ClockAdvance | None:
        """The first record from that offset on; None where there is none, or where it must be read first."""
        while offset < self.end:
            stretch = self._find(offset)
            if stretch is None:
                self.missing.add(offset)
                self._on_missing()
                return None
            index = bisect_left(stretch.advances, offset, key=attrgetter("offset"))
            if index < len(stretch.advances):
                return stretch.advances[index]
            offset = stretch.end
        return None

    def _find(self, offset: int) -> _Stretch | None:
        if offset >= self._newest.start:
            return self._newest
        for index, stretch in enumerate(self._others):
            if stretch.start <= offset < stretch.end:
                self._others.append(self._others.pop(index))
                return stretch
        return None

    def _keep(self, stretch: _Stretch) -> None:
        self._others.append(stretch)
        del self._others[: -self._max_stretches]
