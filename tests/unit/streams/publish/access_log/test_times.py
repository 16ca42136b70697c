"""The times of access logs: those that exist, in the forms that servers write, to the millisecond."""

from __future__ import annotations

import pytest

from schemas.values import instant_text
from streams.publish.access_log.parser import AccessLogParser
from streams.publish.access_log.times import parse_time


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("17/May/2015:12:05:03 +0200", "2015-05-17T10:05:03.000Z"),
        ("01/Jan/2026:00:00:00 +1400", "2025-12-31T10:00:00.000Z"),
        ("31/Dec/2025:23:59:59 -0930", "2026-01-01T09:29:59.000Z"),
        ("29/Feb/2024:10:00:00 +0000", "2024-02-29T10:00:00.000Z"),
        ("30/Jun/2015:23:59:60 +0000", "2015-07-01T00:00:00.000Z"),
        ("2026-03-01T10:30:00+01:00", "2026-03-01T09:30:00.000Z"),
        ("2026-03-01T09:30:00.123999Z", "2026-03-01T09:30:00.123Z"),
        ("2026-03-01 10:30:00,250+0100", "2026-03-01T09:30:00.250Z"),
        ("1772357400", "2026-03-01T09:30:00.000Z"),
        ("1772357400.123", "2026-03-01T09:30:00.123Z"),
        (1772357400, "2026-03-01T09:30:00.000Z"),
        (1772357400.1239998, "2026-03-01T09:30:00.123Z"),
        (1772357400123, "2026-03-01T09:30:00.123Z"),
        (1772357400123456, "2026-03-01T09:30:00.123Z"),
        (1772357400123456789, "2026-03-01T09:30:00.123Z"),
    ],
)
def test_a_time_is_read_as_servers_write_it(value: object, at: str) -> None:
    assert instant_text(parse_time(value)) == at


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("01/Jan/0001:00:00:00 +1400", "is not between the years 1900 and 2999"),
        ("31/Dec/9999:23:59:59 -1400", "is not between the years 1900 and 2999"),
        ("31/Dec/1899:23:59:59 +0000", "is not between the years 1900 and 2999"),
        ("01/Jan/0000:00:00:00 +0000", "does not exist"),
        ("31/Feb/2015:10:05:03 +0000", "does not exist"),
        ("29/Feb/2023:10:05:03 +0000", "does not exist"),
        ("17/May/2015:24:00:00 +0000", "does not exist"),
        ("17/May/2015:10:60:00 +0000", "does not exist"),
        ("17/May/2015:10:00:61 +0000", "does not exist"),
        ("17/May/2015:10:00:00 +2400", "does not exist"),
        ("17/May/2015:10:00:00 +0060", "does not exist"),
        ("17/Mai/2015:10:05:03 +0000", "is not a time"),
        ("17/May/2015:10:05:03", "is not a time"),
        ("\u0660\u0661/Jan/2015:10:05:03 +0000", "is not a time"),
        ("2026-02-30T10:30:00+01:00", "that exists"),
        ("2026-03-01T10:30:00", "is not a time"),
        ("0001-01-01T00:00:00+14:00", "is not between the years 1900 and 2999"),
        ("yesterday", "is not a time"),
        ("9" * 11, "is not between the years 1900 and 2999"),
        ("9" * 5_000, "is not a time"),
        (1e300, "is not a time"),
        (-1, "is not a time"),
        (True, "is not a time"),
        ({"s": 1}, "is not a time"),
    ],
)
def test_a_time_that_is_none_is_refused_in_plain_words(value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        parse_time(value)
    assert len(str(error.value)) < 120


def test_a_line_with_an_impossible_time_is_refused_like_any_other() -> None:
    for time in ("01/Jan/0001:00:00:00 +1400", "31/Dec/9999:23:59:59 -1400", "17/May/2015:10:00:00 +9999"):
        with pytest.raises(ValueError, match=r"the time '.*' "):
            AccessLogParser().parse_visit(f'192.0.2.1 - - [{time}] "GET / HTTP/1.1" 200 5')
