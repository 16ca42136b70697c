"""The segments of a generated access log, from the whole pipeline, equal SQL."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.harness.deployment.pipeline import Pipeline
from tests.programs.access_log.check import compare

pytestmark = pytest.mark.program

PATHS = (
    "/",
    "/presentations/kafka",
    "/presentations/kafka",
    "/PRESENTATIONS/faust?page=2",
    "/pricing",
    "/presentation",
)


def write_log(path: Path, lines: int) -> None:
    """Writes four days of visits by sixty addresses; half of the lines are up to a minute out of order."""
    dice = random.Random(7)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    moments = sorted(dice.randrange(4 * 86_400) for _ in range(lines))
    with path.open("w") as out:
        for second in moments:
            late = dice.randrange(60) if dice.random() < 0.5 else 0
            at = (start + timedelta(seconds=max(0, second - late))).strftime("%d/%b/%Y:%H:%M:%S +0000")
            address = f"10.0.0.{min(dice.randrange(60), dice.randrange(60))}"
            out.write(f'{address} - - [{at}] "GET {dice.choice(PATHS)} HTTP/1.1" 200 512 "-" "a browser"\n')


def test_segments_of_an_access_log_equal_sql_at_every_instant(kafka: str, prefix: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    write_log(log, 1_200)
    with Pipeline(kafka, prefix, tmp_path, clock="events") as pipeline:
        pipeline.start_worker()
        comparisons = list(compare(pipeline, log, 6))
    assert [
        (each.at, each.segment, each.actual ^ each.expected) for each in comparisons if each.actual != each.expected
    ] == []
    assert {each.segment for each in comparisons if each.expected} == {"presentations", "back-again", "asleep"}
