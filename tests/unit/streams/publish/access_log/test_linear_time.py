"""The time to read a line grows with its length, not with its square, whatever the line holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from streams.publish.access_log.parser import AccessLogParser
from streams.publish.lines import RefusedLine
from streams.publish.refusals import Refusals

SIZE = 4_000
TIMES = 8
"""How many times as long the second line is: at a square it would take 64 times as long."""
LIMIT = 24
HEAD = '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5'
NGINX = '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'

LINES: dict[str, Callable[[int], str]] = {
    "brackets": lambda size: "[" * size,
    "brackets with spaces": lambda size: "192.0.2.1 - - " + " [" * size,
    "ends of times": lambda size: HEAD.partition("]")[0] + '] "' * size,
    "quotes": lambda size: f'{HEAD} "-" ' + '"' * size,
    "quotes with spaces": lambda size: f"{HEAD}" + ' "' * size,
    "escapes": lambda size: f'{HEAD} "-" "' + r"\"" * size,
    "backslashes": lambda size: f'{HEAD} "-" "' + "\\" * size,
    "bytes": lambda size: f'{HEAD} "-" "' + r"\xC3\xA9" * size,
    "words": lambda size: "a " * size + HEAD,
    "points": lambda size: "a." * size + " - " + HEAD,
    "commas": lambda size: "1," * size + " - " + HEAD,
    "time zones": lambda size: "192.0.2.1 - - [17/May/2015:10:05:03 " + "+0" * size + '] "GET / HTTP/1.1" 200 5',
    "objects": lambda size: '{"a":' * size,
    "lists": lambda size: '{"log":' + "[" * size + '"stream"',
    "server escapes in JSON": lambda size: '{"a":"' + r"\\x" * size,
    "syslog": lambda size: "<190>1 - a b c d " + "[a" * size,
    "structured data": lambda size: '<190>1 - a b c d [a="' + r"\"" * size,
    "pods": lambda size: "[pod/" + "a/" * size,
    "pods in turn": lambda size: "[pod/a] " * size,
    "colours": lambda size: "\x1b[36m" * size + "a |",
    "collectors": lambda size: "web | " * size,
}


def parse_time_of(parser: AccessLogParser, line: str) -> float:
    """Seconds of CPU, the least of some tries."""
    durations = []
    for _ in range(3):
        start = time.thread_time()
        with suppress(ValueError):
            parser.parse_visit(line)
        durations.append(time.thread_time() - start)
    return min(durations)


@pytest.mark.parametrize("log_format", [None, NGINX], ids=["without a format", "with a format"])
@pytest.mark.parametrize("name", LINES)
def test_a_line_eight_times_as_long_takes_about_eight_times_as_long(name: str, log_format: str | None) -> None:
    parser = AccessLogParser(log_format=log_format)
    short, long = LINES[name](SIZE), LINES[name](SIZE * TIMES)
    assert parse_time_of(parser, long) < LIMIT * (parse_time_of(parser, short) + 50e-6)


def test_a_reason_that_quotes_much_is_counted_in_linear_time() -> None:
    def count_time(size: int) -> float:
        start = time.thread_time()
        Refusals().add(RefusedLine("a:1", "'" + r"\'" * size))
        return time.thread_time() - start

    assert min(count_time(SIZE * TIMES) for _ in range(5)) < LIMIT * (min(count_time(SIZE) for _ in range(5)) + 50e-6)
