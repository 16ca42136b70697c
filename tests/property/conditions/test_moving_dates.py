"""The instants at which a date relative to now crosses an instant, without trying every millisecond."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.time_zones import require_zone
from schemas.values import instant_ms
from streams.verify.recompute.conditions.dates import date_span
from streams.verify.recompute.conditions.relative_dates import crossing_instants

MINUTE = 60_000
DAY = 1_440 * MINUTE
TEXTS = [
    *("now", "now/d", "now-7d", "now/d-7d", "now-1d/d", "now+10ms", "now/h", "now/m", "now/w-1w", "now/M", "now-1M"),
    *("now+1M/d", "now/y", "now-1y", "now-90s/d", "now+12h", "now-1w/w+1d"),
]
NEAR = {
    "Europe/Berlin": ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"],
    "America/Havana": ["2026-03-08T05:00:00Z", "2026-11-01T05:00:00Z"],  # clocks change at midnight
    "Australia/Lord_Howe": ["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"],  # by half an hour
    "Pacific/Apia": ["2011-12-30T10:00:00Z"],  # a day is skipped
    "Asia/Kathmandu": ["2026-06-01T00:00:00Z"],  # local days begin at a quarter of an hour
}
starts = st.sampled_from([(zone, instant_ms(text)) for zone, texts in NEAR.items() for text in texts])
days = st.integers(-40 * DAY, 40 * DAY)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TEXTS), starts, st.one_of(st.just(0), days), st.integers(-2 * DAY, 2 * DAY))
def test_every_crossing_is_found_and_nothing_else(
    text: str, change: tuple[str, int], distance: int, offset: int
) -> None:
    zone, around = require_zone(change[0]), change[1]
    instant = date_span(text, around + distance, zone)[0] + offset // 2  # crossed near `around + distance`
    after, until = around + distance - DAY, around + distance + DAY
    crossings = sorted(set(crossing_instants(text, instant, zone, after, until)))

    def sides(now: int) -> tuple[bool, bool]:
        start, end = date_span.__wrapped__(text, now, zone)
        return instant >= start, instant >= end

    for now in crossings:
        assert sides(now - 1) != sides(now)
    for low, high in pairwise(range(after, until, 3 * MINUTE)):
        if sides(low) != sides(high):
            assert any(low < now <= high for now in crossings)
