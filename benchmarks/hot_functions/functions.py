"""The hot functions, each as an endless source of portions: a portion is called once, with the clock running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from benchmarks.engine_partition import EnginePartition
from benchmarks.hot_functions.past import counts_of_past, releases, slices_of_past
from benchmarks.hot_functions.portions import Portion, PortionSource
from benchmarks.side_by_side.events import EventGenerator, EventPlan, JobEvent
from benchmarks.side_by_side.segments import Changes, NeutralSegment, PropertyTest, SegmentGenerator
from streams.engine.journal.records import event_key
from streams.engine.state.contact_store import ContactStore

CALLS = 50
"""Events in a portion: about as long as the fixed loop, so that both meet the same moment of the machine."""
CONTACTS = 100
SEGMENTS = 100


class _Story:
    """A loaded partition and the generator of its events."""

    def __init__(self, changes: Changes, segments: list[NeutralSegment] | None = None) -> None:
        plan = EventPlan(CONTACTS, 1_000_000, changes, SEGMENTS)
        self.generator = EventGenerator(plan)
        self.partition = EnginePartition(segments or SegmentGenerator(SEGMENTS, changes).segments())
        self.partition.decide(list(self.generator.first_events()))
        self._contact = 0

    def events(self, make: Callable[[int], JobEvent]) -> list[JobEvent]:
        """Returns the events of a portion, of one contact after the other."""
        events = [make((self._contact + index) % CONTACTS) for index in range(CALLS)]
        self._contact += CALLS
        return events

    def decisions(self, make: Callable[[int], JobEvent]) -> Iterator[Portion]:
        """Yields portions that decide events and encode the rows; validating and decoding is done before."""
        while True:
            sources = self.partition.source_records(self.events(make))
            self.partition.feed(self.partition.validate(sources))
            yield self.partition.work

    def validations(self, make: Callable[[int], JobEvent]) -> Iterator[Portion]:
        """Yields portions that validate events."""
        while True:
            sources = self.partition.source_records(self.events(make))
            yield partial(self.partition.validate, sources)


def _validations_of_changes() -> Iterator[Portion]:
    story = _Story("many")
    return story.validations(story.generator.change)


def _validations_of_visits() -> Iterator[Portion]:
    story = _Story("many")
    return story.validations(story.generator.visit)


def _decodings() -> Iterator[Portion]:
    story = _Story("many")
    while True:
        entries = story.partition.validate(story.partition.source_records(story.events(story.generator.change)))
        yield partial(story.partition.feed, entries)
        story.partition.work()


def _decisions_of_changes() -> Iterator[Portion]:
    story = _Story("many")
    return story.decisions(story.generator.change)


def _decisions_of_visits() -> Iterator[Portion]:
    story = _Story("many")
    return story.decisions(story.generator.visit)


def _decisions_without_change() -> Iterator[Portion]:
    story = _Story("none")
    return story.decisions(story.generator.change)


def _segment_changes(segments: int) -> Iterator[Portion]:
    condition = (PropertyTest("b0", "eq", True),)
    story = _Story("many", [NeutralSegment(f"s{number}", condition) for number in range(segments)])
    flags = [False] * CONTACTS

    def flip(contact: int) -> JobEvent:
        flags[contact] = not flags[contact]
        return story.generator.patch(contact, {"b0": flags[contact]})

    return story.decisions(flip)


def _row_encodings() -> Iterator[Portion]:
    story = _Story("many")
    story.partition.decide([story.generator.visit(contact) for contact in range(CONTACTS)])
    contacts = list(story.partition.decider.contacts())[:CALLS]
    store = ContactStore()
    while True:
        for contact in contacts:
            store.put(event_key(contact.account, contact.id), contact)
        yield store.flush


HOT_FUNCTIONS: Mapping[str, PortionSource] = {
    "validate a change": _validations_of_changes,
    "validate a visit": _validations_of_visits,
    "decode a journal record": _decodings,
    "decide a change, 100 segments": _decisions_of_changes,
    "decide a visit, 100 segments": _decisions_of_visits,
    "decide a change that moves nothing, 100 segments": _decisions_without_change,
    "decide a change of one segment, with its output": partial(_segment_changes, 1),
    "decide a change of ten segments, with their outputs": partial(_segment_changes, 10),
    "encode a row": _row_encodings,
    "count an event of the past": partial(counts_of_past, CALLS),
    "decide a contact of a slice": partial(slices_of_past, CALLS),
    "put a contact under a release": partial(releases, CALLS),
}
