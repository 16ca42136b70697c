"""Events that are probably wrong are counted by kind, and logged at most once a minute for each kind."""

from __future__ import annotations

from structlog.testing import capture_logs

from streams.runtime.inputs.warning_log import LOG_SECONDS, MAX_KINDS, OTHER, WarningLog


def test_a_kind_is_logged_at_once_and_then_with_its_number_once_a_minute() -> None:
    now = 1_000.0
    with capture_logs() as lines:
        warning_log = WarningLog(lambda: now)
        for _ in range(5):
            warning_log.add("no url")
        now += 1
        warning_log.add("props")
        now += LOG_SECONDS - 2
        warning_log.add("no url")
        now += 1
        warning_log.add("no url")
        warning_log.add("no url")
    assert [(line["log_level"], line["kind"], line["count"]) for line in lines] == [
        ("warning", "no url", 1),
        ("warning", "props", 1),
        ("warning", "no url", 7),
    ]


def test_kinds_without_end_are_counted_as_one() -> None:
    with capture_logs() as lines:
        warning_log = WarningLog(lambda: 0.0)
        for number in range(MAX_KINDS + 50):
            warning_log.add(f"kind {number}")
    assert len(lines) == MAX_KINDS + 1
    assert lines[-1]["kind"] == OTHER


def test_at_the_end_each_count_that_is_not_logged_yet_is_logged_once() -> None:
    with capture_logs() as lines:
        warning_log = WarningLog(lambda: 0.0)
        for kind in ("no url", "props", "no url", "no url"):
            warning_log.add(kind)
        warning_log.close()
        warning_log.close()
    assert [(line["kind"], line["count"]) for line in lines] == [("no url", 1), ("props", 1), ("no url", 3)]
