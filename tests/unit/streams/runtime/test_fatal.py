"""A process that ends itself logs why in one line and exits with a code that its parent understands."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from streams.runtime.process.logs import RateLimit

ENDING_PROGRAM = """
from streams.errors import {error}
from streams.runtime.process import logs
from streams.runtime.fatal import die
logs.configure("w1")
try:
    die("slot 0 failed", {error}("a sentence\\nin two lines"))
finally:
    print("cleaned up")
"""


@pytest.mark.parametrize(("error", "code"), [("Internal", 70), ("DuplicateWorker", 79), ("TopicsMissing", 78)])
def test_it_says_why_in_one_line_and_cleans_nothing_up(error: str, code: int) -> None:
    process = subprocess.run(
        [sys.executable, "-c", ENDING_PROGRAM.format(error=error)], capture_output=True, text=True, check=False
    )
    assert process.returncode == code
    assert process.stdout == ""  # nothing uncommitted may still be sent by a finally block
    (line,) = process.stderr.splitlines()
    fields = json.loads(line)
    assert (fields["event"], fields["why"], fields["worker"]) == ("ended", "slot 0 failed", "w1")
    assert fields["cause"] == f"{error}: a sentence in two lines"


COUNTING_PROGRAM = """
import os, signal, sys, threading
from streams.app import event_validator
from streams.engine.journal.effects import SourceRecord
from streams.environment import load_settings
from streams.errors import Internal
from streams.runtime.process import logs
from streams.runtime.fatal import die
logs.configure("w1")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
validate = event_validator(load_settings())
visit = b'{"id": "1", "type": "web.visited", "contact": "ada", "at": "2026-03-01T00:00:00Z"}'
for offset in range(3):
    validate(SourceRecord("web-visits", 0, offset, None, None, visit, (), 1_800_000_000_000))
END
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("sys.exit(0)", 0),
        ("os.kill(os.getpid(), signal.SIGTERM)", 0),
        ("die('slot 0 failed', Internal('broken'))", 70),
        ("end = threading.Thread(target=die, args=('the consumer cannot go on',)); end.start(); end.join()", 70),
        ("raise ValueError('broken')", 1),
    ],
)
def test_however_it_ends_what_was_counted_since_the_last_line_is_told(end: str, code: int) -> None:
    program = COUNTING_PROGRAM.replace("END", end)
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert process.returncode == code, process.stderr
    lines = [json.loads(line) for line in process.stderr.splitlines() if line.startswith("{")]
    assert [line["count"] for line in lines if line["event"] == "events probably wrong"] == [1, 3]
    assert ("ended" in [line["event"] for line in lines]) == (code == 70)


def test_a_report_that_fails_does_not_keep_the_process_from_ending() -> None:
    program = ENDING_PROGRAM.format(error="Internal").replace(
        "try:", "from streams.runtime.fatal import report_at_end\nreport_at_end(lambda: 1 / 0)\ntry:"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    events = [json.loads(line)["event"] for line in process.stderr.splitlines()]
    assert (process.returncode, events) == (70, ["the end cannot be reported", "ended"])


def test_the_same_message_passes_once_in_ten_seconds() -> None:
    now = [0.0]
    limit = RateLimit(lambda: now[0])

    def passes(text: str) -> bool:
        return limit.filter(logging.LogRecord("aiokafka", logging.ERROR, "", 1, text, (), None))

    assert passes("Unable connect to node with id %s")
    assert not passes("Unable connect to node with id %s")
    assert passes("Heartbeat failed")
    now[0] = 10.0
    assert passes("Unable connect to node with id %s")
