"""Creates the records that bring a release into a journal that can be scanned at once (SPEC section 9).

They are a proposal, slices and a marker. A slot of a worker appends them step by step beside the traffic
(streams.runtime.backfill), and proposes even without contacts: it cannot know what is appended before it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator

from streams.engine.journal.effects import Append, SourcePosition
from streams.engine.journal.records import MARKER_KEY, PROPOSAL_KEY, SLICE_KEY, Marker, encode, proposal_from_marker
from streams.engine.partition.backfill import JournalEntry
from streams.engine.partition.decider import PartitionDecider

JournalScan = Callable[[], Iterable[JournalEntry]]
"""Scans the journal: every record so far."""


def release_records(
    decider: PartitionDecider, marker: Marker, journal: JournalScan, refused_sources: Container[SourcePosition]
) -> Iterator[Append]:
    """The records to append, in order. The caller feeds and decides each one before it requests the next.

    `refused_sources`: the sources of the events that a decision refused.
    """
    # Everything before is decided: without any contact there is no past either.
    if decider.needs_backfill(marker) and decider.has_contacts(marker.account):
        yield Append(PROPOSAL_KEY, encode(proposal_from_marker(marker)))
        counter = decider.backfill_counter(marker.account)
        counter.count(journal(), refused_sources)
        for history_slice in counter.slices():
            yield Append(SLICE_KEY, history_slice.value)
    yield Append(MARKER_KEY, encode(marker))
