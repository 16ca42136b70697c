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
