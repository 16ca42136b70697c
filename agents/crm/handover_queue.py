"""The hand-overs that wait for an answer of Salesforce, by contact: which are due, and which had their time.

Salesforce takes one snapshot of a contact at a time, so all of a contact's hand-overs go together, the oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.errors import CrmError
from streams.kafka.batches import Headers

FEW_CONTACTS = 20
WHOLE_ORG_CODES = frozenset(
    {
        *("QUERY_TIMEOUT", "REQUEST_LIMIT_EXCEEDED", "REQUEST_RUNNING_TOO_LONG", "SERVER_UNAVAILABLE"),
        "UNKNOWN_EXCEPTION",
    }
)
"""When these are all that the records of more contacts are answered with, the fault is one of the whole org."""


class OrgClock:
    """Counts the seconds in which Salesforce answers: the time between two answers with no outage in between."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._answer: float | None = None

    def add_answer(self, now: float) -> None:
        """Salesforce answered at `now` (monotonic seconds)."""
        if self._answer is not None:
            self.seconds += now - self._answer
        self._answer = now

    def add_outage(self) -> None:
        """Salesforce did not answer: the time since its last answer does not count."""
        self._answer = None


@dataclass(slots=True, eq=False)
class QueuedHandOver:
    """A hand-over without an answer. `place` is its partition and offset, `command` the key of its retry by hand."""

    handover: LeadHandOver
    place: tuple[TopicPartition, int] | None = None
    command: str | None = None
    headers: Headers = ()
    first_try: float | None = None
    """When (monotonic seconds) it was first tried; None before."""
    refused_at: float | None = None
    """The org clock's seconds at its first refusal; None before."""
    error: CrmError | None = None

    @property
    def id(self) -> tuple[str, int]:
        """The hand-over and the number of its retry."""
        return self.handover.id, self.handover.retry


ItemFilter = Callable[[QueuedHandOver], bool]


def _is_any(_item: QueuedHandOver) -> bool:
    return True


@dataclass(slots=True)
class _ContactLine:
    items: list[QueuedHandOver] = field(default_factory=list)
    attempts: int = 0
    next_try: float = 0.0


class HandOverQueue:
    """The queue of one process; `patience` is in the org clock's seconds, `delay` the wait after an attempt."""

    def __init__(self, patience: float, delay: Callable[[int], float]) -> None:
        self._patience = patience
        self._delay = delay
        self._lines: dict[str, _ContactLine] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[QueuedHandOver]:
        return (item for line in self._lines.values() for item in line.items)

    def add(self, item: QueuedHandOver) -> None:
        """Adds a hand-over behind the older ones of its contact."""
        line = self._lines.setdefault(item.handover.key, _ContactLine())
        line.items.append(item)
        line.items.sort(key=lambda each: (each.handover.number, each.handover.retry))
        self._count += 1

    def due(self, now: float, limit: int, is_meant: ItemFilter = _is_any) -> Sequence[QueuedHandOver]:
        """Up to `limit` hand-overs whose contact is due and meant, in the order in which contacts came.

        Contacts with a refused one get half of the room while others want it, too.
        """
        lines = [line for line in self._lines.values() if line.next_try <= now and is_meant(line.items[0])]
        refused = _items_of((line for line in lines if line.attempts), limit)
        fresh = _items_of((line for line in lines if not line.attempts), limit)
        first = refused[: max(limit // 2, limit - len(fresh))]
        return [*first, *fresh[: limit - len(first)]]

    def due_count(self, now: float, is_meant: ItemFilter = _is_any) -> int:
        """How many hand-overs are due, of contacts that are meant."""
        lines = [line for line in self._lines.values() if line.next_try <= now]
        return sum(len(line.items) for line in lines if is_meant(line.items[0]))

    def remove(self, item: QueuedHandOver) -> bool:
        """Removes a hand-over that is answered; its contact is due at once, unless others of it were refused.

        Returns whether it was there.
        """
        line = self._lines.get(item.handover.key)
        if line is None or item not in line.items:
            return False
        line.items.remove(item)
        self._count -= 1
        if not line.items:
            del self._lines[item.handover.key]
        elif all(each.refused_at is None for each in line.items):
            line.attempts, line.next_try = 0, 0.0
        return True

    def remove_where(self, is_meant: Callable[[QueuedHandOver], bool]) -> Sequence[QueuedHandOver]:
        """Removes and returns hand-overs, in the order of the queue."""
        removed = [item for item in self if is_meant(item)]
        for item in removed:
            self.remove(item)
        return removed

    def refuse(self, items: Iterable[tuple[QueuedHandOver, CrmError]], now: float, org_seconds: float) -> None:
        """Notes refusals of one batch, which may pass: the contacts are tried again after a while."""
        lines = {}
        for item, error in items:
            line = self._lines.get(item.handover.key)
            if line is None or item not in line.items:
                continue  # it was put back while it was being handed over
            item.error = error
            if item.refused_at is None:
                item.refused_at = org_seconds
            lines[item.handover.key] = line
        for line in lines.values():
            wait = min(self._delay(line.attempts), self._least_patience(line, org_seconds))
            line.attempts += 1
            line.next_try = now + wait

    def overdue(self, org_seconds: float, is_meant: ItemFilter = _is_any) -> Sequence[QueuedHandOver]:
        """The hand-overs, of those that are meant, that were refused for as long as they may be."""
        return [each for each in self if is_meant(each) and self._patience_of(each, org_seconds) <= 0]

    @property
    def refused_count(self) -> int:
        """How many hand-overs were refused and will be tried again."""
        return sum(item.refused_at is not None for item in self)

    @property
    def oldest_try(self) -> float | None:
        """When (monotonic seconds) the one that is tried the longest was first tried; None when none is."""
        return min((item.first_try for item in self if item.first_try is not None), default=None)

    def _least_patience(self, line: _ContactLine, org_seconds: float) -> float:
        return max(0.0, min(self._patience_of(item, org_seconds) for item in line.items))

    def _patience_of(self, item: QueuedHandOver, org_seconds: float) -> float:
        return self._patience - (0.0 if item.refused_at is None else org_seconds - item.refused_at)


def _items_of(lines: Iterable[_ContactLine], limit: int) -> list[QueuedHandOver]:
    """The first items of lines; of a hand-over and its retry by hand one at a time."""
    items: list[QueuedHandOver] = []
    for line in lines:
        ids = set()
        for item in line.items:
            if len(items) == limit:
                return items
            if item.handover.id not in ids:
                ids.add(item.handover.id)
                items.append(item)
    return items
