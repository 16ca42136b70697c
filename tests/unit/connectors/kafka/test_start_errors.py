"""The end of Kafka's logs becomes one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kafka.start_errors import start_failure_reason


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("java.net.BindException: Address already in use", "port is in use"),
        ("java.io.IOException: No space left on device", "disk is full"),
        ("java.lang.InternalError: a fault occurred in an unsafe memory access operation", "disk is full"),
        ("java.nio.file.AccessDeniedException: data/meta.properties", "cannot be written"),
        ("Failed to acquire lock on file .lock in data", "another Kafka uses this data folder"),
        ("RuntimeException: No readable meta.properties files found.", "damaged"),
        ("Stored node id 7 doesn't match previous node id 1", "another broker"),
        ("java.lang.OutOfMemoryError: Java heap space", "not enough memory"),
    ],
)
def test_known_words_are_explained(tmp_path: Path, words: str, meaning: str) -> None:
    log = tmp_path / "kafka.log"
    log.write_text(f"[2026-01-01] ERROR something\n{words}\n\tat kafka.Kafka.main\n")
    assert meaning in start_failure_reason([tmp_path / "console.log", log])


def test_unknown_words_point_to_the_logs(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_text("[2026-01-01] ERROR never seen before\n")
    assert start_failure_reason([log]) == f"see {log}"
