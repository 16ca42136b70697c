"""The order of a contact's events across topics: who may be sent now, and who waits for the journal. Pure.

Records of one source partition keep their order by themselves. Between topics it is the order of arrival in the
journal, so an event for another topic than its contact's last one waits until the journal holds that last one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `replay FILE` reads lines without a Kafka client
    from streams.kafka.partitions import SourcePartition

OwnerKey = tuple[str, str]
"""Account, and contact, visitor or opportunity."""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event on its way to an in-topic; `topic` carries no prefix."""

    topic: str
    key: bytes | None
    value: bytes
    owner: OwnerKey | None
    location: str = ""
    """File and line, for a message about it."""


@dataclass(slots=True)
class _LastSent:
    """Where a contact's last sent event is; None until the broker acknowledged it."""

    topic: str
    source_position: tuple[SourcePartition, int] | None = None


class OrderAcrossTopics:
    """Holds events back until those before them are in the journal; `held_count` says how many it holds."""

    def __init__(self) -> None:
        self._last_sent: dict[OwnerKey, _LastSent] = {}
        self._queues: dict[OwnerKey, deque[OutgoingEvent]] = {}
        self.held_count = 0
        self._sent_offsets: dict[SourcePartition, int] = {}
        self._journaled_offsets: dict[SourcePartition, int] = {}

    @property
    def tracked_count(self) -> int:
        """How many contacts' last places are remembered."""
        return len(self._last_sent)

    def admit(self, event: OutgoingEvent) -> bool:
        """Whether `event` is to be sent now; otherwise it is kept, and comes out of `pop_ready` in its turn."""
        whose = event.owner
        if whose is None:
            return True
        if whose not in self._queues and self._may_follow(whose, event.topic):
            self._last_sent[whose] = _LastSent(event.topic)
            return True
        self._queues.setdefault(whose, deque()).append(event)
        self.held_count += 1
        return False

    def acknowledge(self, event: OutgoingEvent, partition: int, offset: int) -> None:
        """The broker has `event` at this place of its topic. Of one batch, told in the order of sending."""
        source = (event.topic, partition)
        self._sent_offsets[source] = max(self._sent_offsets.get(source, -1), offset)
        if event.owner is not None:
            self._last_sent[event.owner] = _LastSent(event.topic, (source, offset))

    def mark_journaled(self, sources: Iterable[tuple[SourcePartition, int]]) -> None:
        """The journal (or the dead letters) hold these; so everything before them in their partitions."""
        for source, offset in sources:
            if offset > self._journaled_offsets.get(source, -1):
                self._journaled_offsets[source] = offset

    def pop_ready(self) -> list[OutgoingEvent]:
        """The events that may be sent now, in order; all of them are to be acknowledged before the next call."""
        free: list[OutgoingEvent] = []
        for whose in list(self._queues):
            queue = self._queues[whose]
            while queue and self._may_follow(whose, queue[0].topic):
                event = queue.popleft()
                self._last_sent[whose] = _LastSent(event.topic)
                free.append(event)
            if not queue:
                del self._queues[whose]
        self.held_count -= len(free)
        return free

    def is_drained(self) -> bool:
        """Whether nothing waits and the journal holds all that was sent."""
        return not self._queues and all(
            self._journaled_offsets.get(source, -1) >= offset for source, offset in self._sent_offsets.items()
        )

    def forget_journaled(self) -> None:
        """Drops what is known of contacts whose last event is in the journal: whatever comes next may follow."""
        self._last_sent = {whose: last for whose, last in self._last_sent.items() if not self._is_journaled(last)}

    def _may_follow(self, owner: OwnerKey, topic: str) -> bool:
        last = self._last_sent.get(owner)
        return last is None or last.topic == topic or self._is_journaled(last)

    def _is_journaled(self, last: _LastSent) -> bool:
        if last.source_position is None:
            return False
        source, offset = last.source_position
        return self._journaled_offsets.get(source, -1) >= offset
