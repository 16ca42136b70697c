"""A line of an access log becomes a visit."""

from __future__ import annotations

import pytest

from streams.publish.access_log.parser import AccessLogParser
from streams.publish.lines import EventLine, Line, RefusedLine, parse_access_log

COMBINED = (
    '192.0.2.7 - frank [17/May/2015:12:05:03 +0200] "GET /pricing?plan=pro HTTP/1.1" 200 5120'
    ' "https://search.example/?q=leads" "Mozilla/5.0 (X11; Linux)"'
)
COMMON = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "POST /form HTTP/1.0" 302 -'


def test_a_combined_line_is_a_visit_with_referrer_and_agent() -> None:
    event = AccessLogParser().parse_visit(COMBINED)
    event.pop("id")
    assert event == {
        "type": "web.visited",
        "at": "2015-05-17T10:05:03.000Z",
        "contact": "192.0.2.7",
        "url": "/pricing?plan=pro",
        "referrer": "https://search.example/?q=leads",
        "properties": {"method": "GET", "status": 200, "bytes": 5120, "agent": "Mozilla/5.0 (X11; Linux)"},
    }


def test_a_common_line_is_a_visit_too() -> None:
    event = AccessLogParser().parse_visit(COMMON)
    assert event["url"] == "/form"
    assert event["properties"] == {"method": "POST", "status": 302, "bytes": 0}
    assert "referrer" not in event


def test_as_visitor_the_address_is_an_anonymous_browser() -> None:
    event = AccessLogParser("visitor").parse_visit(COMMON)
    assert (event["contact"], event["visitor"]) == ("192.0.2.7", True)


def test_two_equal_lines_are_two_visits_and_the_log_published_again_has_the_same_ids() -> None:
    first = AccessLogParser()
    ids = [first.parse_visit(line)["id"] for line in (COMMON, COMBINED, COMMON)]
    assert len(set(ids)) == 3
    second = AccessLogParser()
    assert [second.parse_visit(line)["id"] for line in (COMMON, COMBINED, COMMON)] == ids


def test_escapes_of_the_server_are_undone() -> None:
    line = COMBINED.replace("Mozilla/5.0 (X11; Linux)", r"a \"quoted\" agent \x41\\")
    assert AccessLogParser().parse_visit(line)["properties"]["agent"] == 'a "quoted" agent A\\'


@pytest.mark.parametrize("end", ['"Mozilla/5.0 (cut off', '"Mozilla/5.0" "198.51.100.1" 0.012'])
def test_a_cut_off_agent_and_fields_after_it_are_no_obstacle(end: str) -> None:
    line = COMBINED.replace('"Mozilla/5.0 (X11; Linux)"', end)
    assert AccessLogParser().parse_visit(line)["properties"]["agent"].startswith("Mozilla/5.0")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "not a line of an access log"),
        (COMMON.replace("May", "Mai"), "is not a time"),
        (COMMON.replace("17/May", "31/Feb"), "does not exist"),
        (COMMON.replace("POST /form HTTP/1.0", "-"), "names no address"),
        (COMMON.replace("POST /form HTTP/1.0", r"\x16\x03\x01"), "names no address"),
    ],
)
def test_a_line_that_is_no_visit_says_why(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        AccessLogParser().parse_visit(line)


def test_a_bad_line_is_reported_with_its_location_and_the_others_are_visits() -> None:
    lines = [Line("a.log:1", COMMON.encode()), Line("a.log:2", b"\xff\xfe"), Line("a.log:3", COMBINED.encode())]
    first, bad, second = parse_access_log(lines, AccessLogParser())
    assert isinstance(first, EventLine)
    assert isinstance(second, EventLine)
    assert isinstance(bad, RefusedLine)
    assert bad.location == "a.log:2"
    assert first.event.topic == "web-visits"
    assert first.event.key == b"192.0.2.7"
