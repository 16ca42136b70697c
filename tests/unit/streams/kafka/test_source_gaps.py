"""Gaps on record say where a partition is read on, and nothing else moves a position."""

from __future__ import annotations

import pytest

from streams.kafka.partitions import Partition
from streams.kafka.source_gaps import GapRecord, SourceGap, SourceGaps

VISITS = Partition("web-visits", 0)


def gaps(*bounds: tuple[int, int]) -> SourceGaps:
    return SourceGaps(GapRecord(SourceGap(*VISITS, start, end), start) for start, end in bounds)


@pytest.mark.parametrize(
    ("bounds", "position", "beginning", "end", "after"),
    [
        ([], 5, 6, 9, 5),
        ([(5, 6)], 5, 6, 9, 6),
        ([(5, 6)], 5, 0, 9, 5),  # it is there: a gap is skipped only where the record is gone
        ([(5, 6)], 4, 6, 9, 4),
        ([(5, 6), (6, 8)], 5, 8, 9, 8),
        ([(5, 6)], 5, 8, 9, 6),  # more is gone by now
        ([(90, 0)], 90, 0, 7, 0),  # made anew
        ([(90, 0), (0, 90)], 90, 95, 99, 90),  # it ends, whatever is on record
    ],
)
def test_a_position_moves_over_accepted_gaps_alone(
    bounds: list[tuple[int, int]], position: int, beginning: int, end: int, after: int
) -> None:
    assert gaps(*bounds).position_after(VISITS, position, beginning, end) == after


def test_another_partition_has_its_own_gaps() -> None:
    assert gaps((5, 6)).position_after(Partition("web-visits", 1), 5, 6, 9) == 5


def test_a_gap_tells_what_is_gone_and_when_it_came() -> None:
    gap = SourceGap(*VISITS, 5, 9, 1_772_442_000_000, 1_772_442_060_000, "a disk was lost")
    assert str(GapRecord(gap, 1_772_442_120_000)) == (
        "web-visits:0: offsets 5 to 8 are gone, which arrived after 2026-03-02T09:00:00.000Z and before"
        " 2026-03-02T09:01:00.000Z; accepted 2026-03-02T09:02:00.000Z: a disk was lost"
    )
    assert "made anew" in str(SourceGap(*VISITS, 90, 0))
    assert "at an unknown time" in str(SourceGap(*VISITS, 5, 9))
    assert GapRecord(SourceGap(*VISITS, 5, 9), 0).to_dict()["last_arrival"] is None
