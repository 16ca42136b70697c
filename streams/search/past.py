"""What a condition would have kept of everyone's past, had it been defined from the first record on.

The very same engine decides the journal under definitions in which the condition is the only one.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.conditions import Condition
from schemas.definitions import Definitions, Segment
from streams.engine import records
from streams.engine.effects import Budget
from streams.engine.partition import PartitionDecider
from streams.engine.records import MARKER_KEY, Marker
from streams.engine.repeats import Memory

PORTION = 20_000
"""Journal records between two portions of decisions."""

_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the condition's leaves keep of one contact."""

    counts: dict[str, list[int]]
    held: dict[str, list[int]]


class PastOfAll:
    """The past of the contacts of one journal partition."""

    def __init__(self, definitions: Definitions, condition: Condition, memory: Memory, lateness: int) -> None:
        segment = Segment(id="search", dynamic=True, when=condition)
        alone = definitions.model_copy(update={"segments": (segment,), "campaigns": ()})
        self._account = definitions.account
        self._prefix = self._account.encode() + b"/"
        self._decider = PartitionDecider(0, lambda _account, _number: alone, memory, lateness=lateness)
        self._decider.resume(None)
        self._fed = 0
        self._feed(MARKER_KEY, records.encode(Marker(self._account, 1, 0, "", None, 1)))

    def wants(self, key: bytes) -> bool:
        """The account's own records and time; the condition is always there, so releases do not matter."""
        return key.startswith(self._prefix) or (b"/" not in key and key != MARKER_KEY)

    def take(self, key: bytes, value: bytes) -> None:
        """The next record that is wanted."""
        self._feed(key, value)
        if self._fed % PORTION == 0:
            self._work()

    def end(self) -> dict[str, Kept]:
        """What is kept of each contact after the last record."""
        self._work()
        return {contact.id: Kept(contact.counts, contact.held) for contact in self._decider.contacts()}

    def _feed(self, key: bytes, value: bytes) -> None:
        self._decider.feed(self._fed, key, value)
        self._fed += 1

    def _work(self) -> None:
        while self._decider.pending():
            self._decider.work(_UNBOUNDED)
