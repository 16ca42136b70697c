"""How a release comes into a journal that is all at hand: proposed, counted, in force (SPEC section 9).

A slot of a worker does so step by step, beside the traffic (streams.runtime.backfill). It proposes where nobody
is yet, too: it cannot know what others are about to append before it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator

from streams.engine.journal.effects import Append, SourcePosition
from streams.engine.journal.records import MARKER_KEY, PROPOSAL_KEY, SLICE_KEY, Marker, encode, proposal_from_marker
from streams.engine.partition.backfill import JournalEntry
from streams.engine.partition.decider import PartitionDecider

JournalScan = Callable[[], Iterable[JournalEntry]]
"""Every record so far."""


def release_records(
    decider: PartitionDecider, marker: Marker, journal: JournalScan, refused_sources: Container[SourcePosition]
) -> Iterator[Append]:
    """The records to append, in their order; each is to be fed and decided before the next one is asked for.

    `refused_sources`: the sources of what became a dead letter when it was decided.
    """
    # Everything before is decided: where there is no contact by now, there is no past either.
    if decider.needs_backfill(marker) and decider.has_contacts(marker.account):
        yield Append(PROPOSAL_KEY, encode(proposal_from_marker(marker)))
        counter = decider.backfill_counter(marker.account)
        counter.count(journal(), refused_sources)
        for part in counter.slices():
            yield Append(SLICE_KEY, encode(part))
    yield Append(MARKER_KEY, encode(marker))
