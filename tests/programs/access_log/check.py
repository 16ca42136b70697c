"""Publishes an access log into a real pipeline, and compares its segments with SQL over the same lines.

Each instant has its own account, which gets the lines with `at` up to that instant, in the order of the file, and
then a clock event one millisecond later. So one deployment serves all instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from streams.publish.access_log.parser import AccessLogParser
from streams.publish.lines import EventLine, parse_access_log, read_lines
from tests.harness.deployment.pipeline import Pipeline
from tests.programs.access_log.visits_sql import DAY, DEFINITIONS, QUERIES, VisitsSql


@dataclass(frozen=True)
class SegmentComparison:
    """One segment at one instant (ms)."""

    at: int
    segment: str
    expected: frozenset[str]
    actual: frozenset[str]


def parse_visits(log: Path) -> list[tuple[str, int, str]]:
    """Returns (contact, at in ms, path) of every line, in the order of the file."""
    visits = []
    for item in parse_access_log(read_lines([str(log)], lambda _: None), AccessLogParser()):
        assert isinstance(item, EventLine), item
        event = msgspec.json.decode(item.event.value)
        assert item.at is not None
        visits.append((event["contact"], item.at, urlsplit(event["url"]).path))
    return visits


def comparison_instants(visits: list[tuple[str, int, str]], count: int) -> list[int]:
    """Returns instants over the whole span: evenly spread ones, and ones at which a visit is exactly a window old."""
    first, last = min(at for _, at, _ in visits), max(at for _, at, _ in visits)
    exact = sorted({at + window for _, at, _ in visits for window in (DAY, DAY // 2) if at + window <= last})
    spread = [first + (last - first) * number // count for number in range(1, count + 1)]
    return [exact[at * len(exact) // count] if at % 3 == 0 and exact else spread[at] for at in range(count)]


def compare(pipeline: Pipeline, log: Path, count: int) -> Iterator[SegmentComparison]:
    """Publishes the log for each of `count` instants, waits for the pipeline, and compares every segment."""
    visits = parse_visits(log)
    sql = VisitsSql(visits)
    instants = comparison_instants(visits, count)
    for number, at in enumerate(instants):
        account = f"at-{number}"
        pipeline.apply(f"account: {account}\n{DEFINITIONS}", "--wait")
        pipeline.publish_access_log(log, account, at)
    pipeline.wait_until_settled()
    table = pipeline.read_table("segment-members")
    for number, at in enumerate(instants):
        expected = sql.members(at)
        for segment in QUERIES:
            head = f"at-{number}/{segment}/"
            actual = frozenset(key.removeprefix(head) for key in table if key.startswith(head))
            yield SegmentComparison(at, segment, frozenset(expected[segment]), actual)
