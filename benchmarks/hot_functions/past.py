"""What a release with a past costs a contact: counting, slices, and the release itself, as portions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import msgspec

from benchmarks.backfill.contacts import contact_id, definitions, past_visits
from benchmarks.hot_functions.portions import Portion
from benchmarks.live_edit.definitions import ACCOUNT
from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION
from streams.engine.journal.effects import Budget
from streams.engine.journal.records import (
    MARKER_KEY,
    PROPOSAL_KEY,
    SLICE_KEY,
    JournalEvent,
    Marker,
    encode,
    event_key,
    proposal_from_marker,
)
from streams.engine.partition.backfill import BackfillCounter, JournalEntry
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.validation import validate_definitions

NOW = 1_767_225_600_000
DAY = 86_400_000
_UNBOUNDED = Budget(records=1 << 60, bytes=1 << 60)


class PastStory:
    """A partition of `contacts` that have visits. Its first release counts none of them where `needs_past`.

    Between portions no contact stays decoded, as in a large partition.
    """

    def __init__(self, contacts: int, *, needs_past: bool) -> None:
        self._needs_past = needs_past
        self.decider = PartitionDecider(0, self._definitions, DEFAULT_ENGINE_SETTINGS, decoded_contacts=0)
        self.decider.resume(None)
        self.journal: list[JournalEntry] = []
        self._release = 0
        self.feed_release()
        for number in range(contacts):
            for page, age in past_visits(number):
                self._feed_visit(contact_id(number), page, NOW - age * DAY)
        self.work()

    def _definitions(self, _account: str, number: int) -> Definitions:
        checked = validate_definitions(definitions(with_counted=number > 1 or not self._needs_past))
        if checked.definitions is None:
            raise ValueError(f"the definitions of the job are refused: {checked.problems[0]}")
        return checked.definitions

    def feed(self, key: bytes, value: bytes) -> None:
        """Appends a record to the journal and queues it."""
        entry = len(self.journal), key, value
        self.journal.append(entry)
        self.decider.feed(*entry)

    def _feed_visit(self, contact: str, page: str, at: int) -> None:
        number = len(self.journal)
        fields = {"url": f"https://shop.example{page}"}
        event = JournalEvent("web.visited", f"e{number}", at, ACCOUNT, contact, ("t", 0, number), at, fields)
        self.feed(event_key(ACCOUNT, contact), encode(event))

    def feed_release(self) -> None:
        """Queues the marker of the next release, compiled already."""
        self._release += 1
        marker = self._marker(self._release)
        self.decider.prepare(marker)
        self.feed(MARKER_KEY, encode(marker))

    def propose(self) -> None:
        """Decides the proposal of the next release."""
        self.feed(PROPOSAL_KEY, encode(proposal_from_marker(self._marker(self._release + 1))))
        self.work()

    def _marker(self, number: int) -> Marker:
        return Marker(ACCOUNT, number, number, "", None, NEWEST_VERSION)

    def counter(self) -> BackfillCounter:
        """A counter of the past that the proposed release needs."""
        return self.decider.backfill_counter(ACCOUNT)

    def work(self) -> None:
        """Decides all that is queued."""
        while self.decider.has_pending():
            self.decider.work(_UNBOUNDED)


def counts_of_past(calls: int) -> Iterator[Portion]:
    """Yields portions that count that many events of the past."""
    story = PastStory(calls, needs_past=True)
    story.propose()
    events = [entry for entry in story.journal if entry[1].startswith(event_key(ACCOUNT, ""))][:calls]
    while True:
        yield partial(story.counter().count, events, frozenset())


def slices_of_past(calls: int) -> Iterator[Portion]:
    """Yields portions that decide a slice of that many contacts and encode their rows."""
    story = PastStory(16 * calls, needs_past=True)
    story.propose()
    counter = story.counter()
    counter.count(story.journal, frozenset())
    states = counter.states()
    portion = {name: states[name] for name in sorted(states)[:calls]}
    head = {"kind": "slice", "account": ACCOUNT, "number": 2}
    while True:
        story.feed(SLICE_KEY, msgspec.json.encode({**head, "contacts": portion}))
        yield story.work


def releases(calls: int) -> Iterator[Portion]:
    """Yields portions in which a release reaches that many contacts, whose segments stay what they are."""
    story = PastStory(calls, needs_past=False)
    while True:
        story.feed_release()
        yield story.work
