"""A fetch is held long by the broker in silence, and for a transaction's interval under load; first records come at
once.
"""

from __future__ import annotations

import pytest

from streams.runtime.faust.fetch_pace import (
    AWAITED,
    FULL_BYTES,
    LONGEST_LOAD_WAIT,
    SHORTEST_LOAD_WAIT,
    SILENT,
    FetchPace,
    FetchTerms,
)

INTERVAL = 0.015
LOADED = FetchTerms(max_wait_ms=15, min_bytes=FULL_BYTES)


def loaded_pace() -> FetchPace:
    """A pace after answers with records every 20 ms until 100.18 s."""
    pace = FetchPace()
    for number in range(10):
        pace.mark_answer(100.0 + 0.02 * number)
    return pace


def test_in_silence_the_broker_answers_the_first_record_at_once_and_otherwise_late() -> None:
    terms = FetchPace().next_terms(100.0, interval=INTERVAL, is_awaited=False)
    assert terms == SILENT
    assert terms.min_bytes == 1


def test_while_claims_are_awaited_fetches_come_back_sooner() -> None:
    terms = FetchPace().next_terms(100.0, interval=INTERVAL, is_awaited=True)
    assert terms == AWAITED
    assert AWAITED.max_wait_ms < SILENT.max_wait_ms


@pytest.mark.parametrize(("spacing", "terms"), [(0.020, LOADED), (0.050, SILENT)])
def test_many_answers_with_records_in_a_short_time_are_load(spacing: float, terms: object) -> None:
    pace = FetchPace()
    for number in range(10):
        pace.mark_answer(100.0 + spacing * number)
    assert pace.next_terms(100.0 + spacing * 9.5, interval=INTERVAL, is_awaited=False) == terms


@pytest.mark.parametrize(
    ("interval", "wait"),
    [(0.010, 0.010), (0.024, 0.024), (0.0, SHORTEST_LOAD_WAIT), (1.0, LONGEST_LOAD_WAIT)],
)
def test_under_load_a_fetch_waits_as_long_as_slots_between_transactions(interval: float, wait: float) -> None:
    terms = loaded_pace().next_terms(100.2, interval=interval, is_awaited=False)
    assert terms == FetchTerms(max_wait_ms=round(wait * 1000), min_bytes=FULL_BYTES)


def test_a_fetch_under_load_waits_no_longer_because_claims_are_awaited() -> None:
    assert loaded_pace().next_terms(100.2, interval=INTERVAL, is_awaited=True) == LOADED
    assert AWAITED.max_wait_ms > LONGEST_LOAD_WAIT * 1000


def test_the_hops_of_the_first_record_after_a_silence_are_not_load() -> None:
    pace = FetchPace()
    for number in range(10):
        pace.mark_answer(90.0 + 0.02 * number)
    for instant in (100.0, 100.005, 100.010):  # the event, its journal record, its commit
        assert pace.next_terms(instant, interval=INTERVAL, is_awaited=False).min_bytes == 1
        pace.mark_answer(instant)


def test_load_ends_with_the_records() -> None:
    pace = loaded_pace()
    assert pace.next_terms(100.2, interval=INTERVAL, is_awaited=False) == LOADED
    assert pace.next_terms(100.4, interval=INTERVAL, is_awaited=False) == SILENT
