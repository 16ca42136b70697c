"""Valid and invalid forms of a duration (SPEC section 5)."""

from __future__ import annotations

import pytest

from schemas.values import duration_ms

SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", 90 * SECOND),
        ("1d12h", 36 * HOUR),
        ("2w", 14 * DAY),
        ("PT36H", 36 * HOUR),
        ("P1DT12H", 36 * HOUR),
        ("PT0.001S", 1),
        ("PT0.000S", 0),
    ],
)
def test_a_duration_is_a_fixed_length(text: str, length: int) -> None:
    assert duration_ms(text) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT1.5H", 90 * 60 * SECOND),
        ("PT1,5H", 90 * 60 * SECOND),
        ("P0.5D", 12 * HOUR),
        ("P0,25W", 42 * HOUR),
        ("P1DT0.5H", DAY + HOUR // 2),
        ("PT0.00001H", 36),
        ("PT1.50000S", 1_500),
    ],
)
def test_the_smallest_unit_of_an_iso_duration_may_have_a_fraction(text: str, length: int) -> None:
    assert duration_ms(text) == length


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("P7DT", "is not a duration"),
        ("P", "is not a duration"),
        ("PT", "is not a duration"),
        ("1.5d", "is not a duration"),
        ("P1.D", "is not a duration"),
        ("9" * 5_000 + "d", "is not a duration"),
        ("PT1.5H3M", "only the smallest unit takes one"),
        ("P0.5DT1H", "only the smallest unit takes one"),
        ("PT0.0001S", "comes out as no whole milliseconds"),
        ("P0.000000001D", "comes out as no whole milliseconds"),
        ("100000001d", "at most 100000000 days"),
        ("P100000000.5D", "at most 100000000 days"),
    ],
    ids=lambda text: text[:20],
)
def test_an_invalid_duration_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        duration_ms(text)
