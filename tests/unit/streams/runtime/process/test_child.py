"""A child of a supervisor: its exit codes, its log lines, and its end with the parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from streams.errors import BrokerUnavailable, ConfigurationError

PROGRAM = """
import asyncio
from streams.errors import BrokerUnavailable
from streams.runtime.process.child import run_child

async def run(settings):
    {body}

run_child("views", run)
"""


def child(body: str, **settings: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**own, **settings},
    )


def end(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, object]]]:
    """The exit code and the log lines of a child that ends by itself."""
    assert process.stdin is not None
    assert process.stderr is not None
    with process:
        lines = [json.loads(line) for line in process.stderr]
    return process.returncode, lines


def test_it_ends_with_0_when_its_work_is_over() -> None:
    assert end(child("pass")) == (0, [])


@pytest.mark.parametrize(("name", "worker"), [("w1", "w1-views"), ("", "worker-views")])
def test_an_error_is_one_line_under_the_workers_name_and_its_code(name: str, worker: str) -> None:
    code, [line] = end(child("raise BrokerUnavailable('no Kafka')", **({"LEADSTREAM_NAME": name} if name else {})))
    assert code == BrokerUnavailable.exit_code
    assert (line["problem"], line["worker"], line["exit_code"]) == ("no Kafka", worker, code)


def test_a_setting_that_is_wrong_is_one_line_too() -> None:
    code, [line] = end(child("pass", LEADSTREAM_PARTITIONS="many"))
    assert code == ConfigurationError.exit_code
    assert line["worker"] == "worker-views"


def test_it_ends_when_its_parent_is_gone() -> None:
    process = child("await asyncio.Event().wait()")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) != 0  # nothing of this work handles SIGTERM
    assert process.stderr is not None
    process.stderr.close()
