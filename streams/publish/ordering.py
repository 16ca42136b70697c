"""The order of a contact's events across topics: who may be sent now, and who waits for the journal. Pure.

Records of one source partition keep their order by themselves. Between topics it is the order of arrival in the
journal, so an event for another topic than its contact's last one waits until the journal holds that last one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from streams.kafka.partitions import Source

Whose = tuple[str, str]
"""Account, and contact, visitor or opportunity."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way to an in-topic; `topic` carries no prefix."""

    topic: str
    key: bytes | None
    value: bytes
    whose: Whose | None
    where: str = ""
    """File and line, for a message about it."""


@dataclass(slots=True)
class _Last:
    """Where a contact's last sent event is; None until the broker acknowledged it."""

    topic: str
    place: tuple[Source, int] | None = None


class OrderAcrossTopics:
    """Holds events back until those before them are in the journal; `waiting` says how many it holds."""

    def __init__(self) -> None:
        self._last: dict[Whose, _Last] = {}
        self._waiting: dict[Whose, deque[Outgoing]] = {}
        self.waiting = 0
        self._sent: dict[Source, int] = {}
        self._journaled: dict[Source, int] = {}

    @property
    def known(self) -> int:
        """How many contacts' last places are remembered."""
        return len(self._last)

    def may_go(self, event: Outgoing) -> bool:
        """Whether `event` is to be sent now; otherwise it is kept, and comes out of `released` in its turn."""
        whose = event.whose
        if whose is None:
            return True
        if whose not in self._waiting and self._follows(whose, event.topic):
            self._last[whose] = _Last(event.topic)
            return True
        self._waiting.setdefault(whose, deque()).append(event)
        self.waiting += 1
        return False

    def acknowledged(self, event: Outgoing, partition: int, offset: int) -> None:
        """The broker has `event` at this place of its topic. Of one batch, told in the order of sending."""
        source = (event.topic, partition)
        self._sent[source] = max(self._sent.get(source, -1), offset)
        if event.whose is not None:
            self._last[event.whose] = _Last(event.topic, (source, offset))

    def journaled(self, sources: Iterable[tuple[Source, int]]) -> None:
        """The journal (or the dead letters) hold these; so everything before them in their partitions."""
        for source, offset in sources:
            if offset > self._journaled.get(source, -1):
                self._journaled[source] = offset

    def released(self) -> list[Outgoing]:
        """The events that may be sent now, in order; all of them are to be acknowledged before the next call."""
        free: list[Outgoing] = []
        for whose in list(self._waiting):
            queue = self._waiting[whose]
            while queue and self._follows(whose, queue[0].topic):
                event = queue.popleft()
                self._last[whose] = _Last(event.topic)
                free.append(event)
            if not queue:
                del self._waiting[whose]
        self.waiting -= len(free)
        return free

    def settled(self) -> bool:
        """Whether nothing waits and the journal holds all that was sent."""
        return not self._waiting and all(
            self._journaled.get(source, -1) >= offset for source, offset in self._sent.items()
        )

    def forget_settled(self) -> None:
        """Drops what is known of contacts whose last event is in the journal: whatever comes next may follow."""
        self._last = {whose: last for whose, last in self._last.items() if not self._is_journaled(last)}

    def _follows(self, whose: Whose, topic: str) -> bool:
        last = self._last.get(whose)
        return last is None or last.topic == topic or self._is_journaled(last)

    def _is_journaled(self, last: _Last) -> bool:
        if last.place is None:
            return False
        source, offset = last.place
        return self._journaled.get(source, -1) >= offset
