"""What servers write as escapes is read as the text that it stands for."""

from __future__ import annotations

import pytest

from streams.publish.access_log.escapes import decode_line, unescape
from streams.publish.access_log.parser import AccessLogParser


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"/caf\xC3\xA9", "/café"),
        (r"/caf\xc3\xa9?q=\xE2\x82\xAC", "/café?q=€"),
        (r"/\xF0\x9F\x98\x80", "/😀"),
        (r"a \"quoted\" \\ word", 'a "quoted" \\ word'),
        (r"\x22quoted\x22 \x5C word", '"quoted" \\ word'),
        (r"a\tb\nc", "a\tb\nc"),
        (r"caf\xE9", r"caf\xe9"),
        (r"cut \xC3", r"cut \xc3"),
        ("café", "café"),
        ("ends in \\", "ends in \\"),
    ],
)
def test_escapes_are_decoded_as_utf_8(escaped: str, text: str) -> None:
    assert unescape(escaped) == text


def test_a_byte_that_is_not_utf_8_stays_visible_whether_the_server_escaped_it_or_not() -> None:
    for line in (b"/caf\xe9", rb"/caf\xe9"):
        assert unescape(decode_line(line)) == r"/caf\xe9"


def test_an_address_is_decoded_in_every_form_of_line() -> None:
    request = r'[17/May/2015:10:05:03 +0000] "GET /caf\xC3\xA9 HTTP/1.1" 200 5 "/\xC3\xA9" "\xC3\xA9"'
    log_format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'
    for parser in (AccessLogParser(), AccessLogParser(log_format=log_format)):
        event = parser.parse_visit(f"192.0.2.1 - - {request}")
        assert (event["url"], event["referrer"], event["properties"]["agent"]) == ("/café", "/é", "é")
