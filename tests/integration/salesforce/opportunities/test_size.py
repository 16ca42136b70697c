"""The first poll of a big org takes requests and memory for what is ours, whatever else there is."""

from __future__ import annotations

from benchmarks.opportunity_poll.measure import PollFigures, measure

OURS = 200


def figures_of(opportunities: int, unrelated_edits: int = 0) -> PollFigures:
    figures = measure(opportunities, OURS, unrelated_edits)
    assert figures.events == OURS
    return figures


def test_the_first_poll_takes_the_same_whatever_the_size_of_the_org() -> None:
    small, big = figures_of(OURS), figures_of(10_000)
    assert big.first_requests == small.first_requests <= 5
    assert big.first_rows == small.first_rows <= 2 * OURS
    assert big.restart_requests <= big.first_requests
    assert big.kept_kb < OURS  # 1 KB each
    assert big.first_peak_kb < 3 * OURS


def test_further_polls_read_ours_alone_where_thousands_of_others_change() -> None:
    busy = figures_of(5_000, unrelated_edits=2_000)
    assert busy.first_requests <= 5
    assert busy.requests_of_a_poll < 6
    assert busy.rows_of_a_poll < 500 / 5  # one look at everything, cut short, and then only ours
