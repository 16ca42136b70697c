"""The process that counts the past, from its start to its end."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from streams.app import PAST_COMMAND
from streams.errors import BrokerUnavailable, ConfigurationError
from streams.runtime.backfill.counting_messages import CountRequest, frame
from streams.runtime.process.counting_main import NICENESS

REQUEST = CountRequest("default", 0, 1, ("journal", 0), ("dead-letters", 0), until=30_000, letters_until=0, after="")


def run(stdin: bytes = b"", **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: PLW1510  # the exit code is what is tested
        PAST_COMMAND, input=stdin, capture_output=True, env={**environment(), **settings}, timeout=60
    )


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}


def test_it_ends_in_silence_when_nobody_asks_any_more() -> None:
    ended = run()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_a_setting_that_is_wrong_is_one_line_with_the_exit_code_of_a_wrong_setting() -> None:
    ended = run(LEADSTREAM_PARTITIONS="many")
    assert ended.returncode == ConfigurationError.exit_code
    assert ended.stdout == b""
    (line,) = ended.stderr.splitlines()
    assert b"LEADSTREAM_PARTITIONS" in line


def test_a_broker_that_is_away_ends_it_with_a_line_of_the_log() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        process = start(LEADSTREAM_BOOTSTRAP=address)
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(frame(REQUEST))
        process.stdin.flush()
        assert process.wait(60) == BrokerUnavailable.exit_code
    lines = [msgspec.json.decode(line) for line in process.stderr.read().splitlines()]
    (cause,) = [line["cause"] for line in lines if line["event"] == "the past cannot be counted"]
    assert address in cause
    close(process)


def test_it_runs_with_a_lower_priority_and_goes_first_when_memory_is_short() -> None:
    process = start()
    await_condition(
        lambda: os.getpriority(os.PRIO_PROCESS, process.pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
    )
    score = Path(f"/proc/{process.pid}/oom_score_adj")
    await_condition(lambda: int(score.read_text()) > int(Path("/proc/self/oom_score_adj").read_text()))
    assert process.stdin is not None
    process.stdin.close()  # as when its worker is killed
    assert process.wait(60) == 0
    close(process)


def start(**settings: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        PAST_COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment(), **settings},
    )


def close(process: subprocess.Popen[bytes]) -> None:
    """Closes the pipes of a process that has ended."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def await_condition(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds; fails after a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
