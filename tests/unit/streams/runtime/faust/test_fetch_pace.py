"""A fetch is held long by the broker in silence, and briefly under load; the first records come at once."""

from __future__ import annotations

import pytest

from streams.runtime.faust.fetch_pace import AWAITED, LOADED, SILENT, FetchPace


def test_in_silence_the_broker_answers_the_first_record_at_once_and_otherwise_late() -> None:
    terms = FetchPace().next_terms(100.0, is_awaited=False)
    assert terms == SILENT
    assert terms.min_bytes == 1


def test_while_claims_are_awaited_fetches_come_back_sooner() -> None:
    terms = FetchPace().next_terms(100.0, is_awaited=True)
    assert terms == AWAITED
    assert AWAITED.max_wait_ms < SILENT.max_wait_ms


@pytest.mark.parametrize(("spacing", "terms"), [(0.020, LOADED), (0.050, SILENT)])
def test_many_answers_with_records_in_a_short_time_are_load(spacing: float, terms: object) -> None:
    pace = FetchPace()
    for number in range(10):
        pace.mark_answer(100.0 + spacing * number)
    assert pace.next_terms(100.0 + spacing * 9.5, is_awaited=False) == terms


def test_the_hops_of_the_first_record_after_a_silence_are_not_load() -> None:
    pace = FetchPace()
    for number in range(10):
        pace.mark_answer(90.0 + 0.02 * number)
    for instant in (100.0, 100.005, 100.010):  # the event, its journal record, its commit
        assert pace.next_terms(instant, is_awaited=False).min_bytes == 1
        pace.mark_answer(instant)


def test_load_ends_with_the_records() -> None:
    pace = FetchPace()
    for number in range(10):
        pace.mark_answer(100.0 + 0.02 * number)
    assert pace.next_terms(100.2, is_awaited=False) == LOADED
    assert pace.next_terms(100.4, is_awaited=False) == SILENT
