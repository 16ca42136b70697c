"""Keeps the order of a contact's events across topics: which to send now, which to hold for the journal. Pure.

Kafka keeps the order of the records of one source partition. Across topics only the order of arrival in the journal
counts, so an event waits until the journal has the contact's last event, where that one went to another topic.
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
    """An event to publish on an in-topic; `topic` is without prefix."""

    topic: str
    key: bytes | None
    value: bytes
    owner: OwnerKey | None
    location: str = ""
    """File and line, for error messages."""


@dataclass(slots=True)
class _LastSent:
    """Where a contact's last event went; `source_position` is None until the broker has acknowledged it."""

    topic: str
    source_position: tuple[SourcePartition, int] | None = None


class OrderAcrossTopics:
    """Holds events until the journal has those before them; `held_count` says how many it holds."""

    def __init__(self) -> None:
        self._last_sent: dict[OwnerKey, _LastSent] = {}
        self._queues: dict[OwnerKey, deque[OutgoingEvent]] = {}
        self.held_count = 0
        self._sent_offsets: dict[SourcePartition, int] = {}
        self._journaled_offsets: dict[SourcePartition, int] = {}

    @property
    def tracked_count(self) -> int:
        """For how many owners the last event is remembered."""
        return len(self._last_sent)

    def admit(self, event: OutgoingEvent) -> bool:
        """Returns whether to send `event` now; otherwise `pop_ready` returns it when its turn comes."""
        owner = event.owner
        if owner is None:
            return True
        if owner not in self._queues and self._may_follow(owner, event.topic):
            self._last_sent[owner] = _LastSent(event.topic)
            return True
        self._queues.setdefault(owner, deque()).append(event)
        self.held_count += 1
        return False

    def acknowledge(self, event: OutgoingEvent, partition: int, offset: int) -> None:
        """Records where the broker stored `event`; within a batch, call it in the order of sending."""
        source = (event.topic, partition)
        self._sent_offsets[source] = max(self._sent_offsets.get(source, -1), offset)
        if event.owner is not None:
            self._last_sent[event.owner] = _LastSent(event.topic, (source, offset))

    def mark_journaled(self, sources: Iterable[tuple[SourcePartition, int]]) -> None:
        """Records that the journal or the dead letters have these, and all before them in their source partitions."""
        for source, offset in sources:
            if offset > self._journaled_offsets.get(source, -1):
                self._journaled_offsets[source] = offset

    def pop_ready(self) -> list[OutgoingEvent]:
        """Returns the events to send now, in order; acknowledge all of them before the next call."""
        ready: list[OutgoingEvent] = []
        for owner in list(self._queues):
            queue = self._queues[owner]
            while queue and self._may_follow(owner, queue[0].topic):
                event = queue.popleft()
                self._last_sent[owner] = _LastSent(event.topic)
                ready.append(event)
            if not queue:
                del self._queues[owner]
        self.held_count -= len(ready)
        return ready

    def is_drained(self) -> bool:
        """Returns whether no event waits and the journal has everything that was sent."""
        return not self._queues and all(
            self._journaled_offsets.get(source, -1) >= offset for source, offset in self._sent_offsets.items()
        )

    def forget_journaled(self) -> None:
        """Forgets the owners whose last event is in the journal: any event may follow it."""
        self._last_sent = {owner: last for owner, last in self._last_sent.items() if not self._is_journaled(last)}

    def _may_follow(self, owner: OwnerKey, topic: str) -> bool:
        last = self._last_sent.get(owner)
        return last is None or last.topic == topic or self._is_journaled(last)

    def _is_journaled(self, last: _LastSent) -> bool:
        if last.source_position is None:
            return False
        source, offset = last.source_position
        return self._journaled_offsets.get(source, -1) >= offset
