"""Instants as text: the form of every output."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from schemas.values import instant_ms, instant_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (FIRST, "0001-01-01T00:00:00.000Z"),
        (LAST, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_is_utc_with_milliseconds(ms: int, text: str) -> None:
    assert instant_text(ms) == text
    assert instant_ms(text) == ms


def test_any_instant_reads_as_its_date_and_time() -> None:
    chance = random.Random(4)
    for _ in range(2_000):
        ms = chance.randint(FIRST, LAST)
        moment = (EPOCH + timedelta(milliseconds=ms)).replace(tzinfo=None)
        assert instant_text(ms) == moment.isoformat(timespec="milliseconds") + "Z"


@pytest.mark.parametrize("ms", [FIRST - 1, LAST + 1, 1 << 70])
def test_an_instant_outside_of_the_calendar_is_an_error(ms: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        instant_text(ms)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-03-01", "2026-03-01T09:30:00", "2026-03-01T09:30Z", "a day from now"]
)
def test_what_is_no_instant_is_named_as_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(repr(text))} is not an RFC 3339 instant"):
        instant_ms(text)
