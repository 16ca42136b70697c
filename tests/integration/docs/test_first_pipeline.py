"""The README's first pipeline, followed to the letter in a clean folder, shows what the README shows."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kafka.broker import LocalBroker
from connectors.ports import free_port
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, wait_until
from tests.harness.docs.guide import blocks
from tests.harness.project_files import PROJECT_ROOT

SECTION = (PROJECT_ROOT / "README.md").read_text().partition("\n## A first pipeline\n")[2].partition("\n## ")[0]
PROGRAM = "uv run leadstream "


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Makes a folder with the files of the walk the working one; yields a port of its own for the broker there."""
    shutil.copytree(PROJECT_ROOT / "docs" / "walk", tmp_path / "docs" / "walk")
    monkeypatch.chdir(tmp_path)
    yield {"LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    LocalBroker(tmp_path / "run" / "kafka").stop()


def steps() -> Iterator[tuple[list[str], list[str]]]:
    """Yields the arguments of each command, and the lines that the README shows below it."""
    for block in blocks(SECTION):
        if block.kind == "console":
            for part in block.text.removeprefix("$ ").split("\n$ "):
                command, *shown = part.splitlines()
                assert command.startswith(PROGRAM)
                yield shlex.split(command.removeprefix(PROGRAM)), shown


def start_worker(arguments: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Starts the worker of the second terminal, and returns when it works."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}
    with log.open("wb") as errors:
        worker = subprocess.Popen(
            [sys.executable, "-c", "from streams.cli.main import run; run()", *arguments],
            env={**own, **environment},
            stderr=errors,
        )
    wait_until(lambda: '"working"' in log.read_text(), LIMIT_SECONDS, "the worker does not work")
    return worker


def lines_of(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """Returns what a command says; it must succeed."""
    done = leadstream(*arguments, env=environment)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return (done.stderr + done.stdout).splitlines()


def shows(lines: list[str], shown: list[str]) -> bool:
    """Returns whether a command said what is shown; `...` stands for further lines, nothing shown for any."""
    if shown and shown[-1] == "...":
        return len(lines) >= len(shown) and lines[: len(shown) - 1] == shown[:-1]
    return not shown or lines == shown


def test_the_first_pipeline_shows_what_the_readme_shows(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    worker = None
    try:
        for arguments, shown in steps():
            if arguments[0] == "worker":
                worker = start_worker(arguments, environment, log)
                continue
            if arguments == ["broker", "stop"]:
                assert worker is not None
                worker.send_signal(signal.SIGINT)
                assert worker.wait(LIMIT_SECONDS) == 0
            # What was published last is in the journal, and decided a moment later.
            end = time.monotonic() + (LIMIT_SECONDS if arguments[0] in ("search", "explain") else 0)
            lines = lines_of(arguments, environment)
            while not shows(lines, shown) and time.monotonic() < end:
                lines = lines_of(arguments, environment)
            assert shows(lines, shown), f"{arguments}: {lines}"
    finally:
        if worker is not None and worker.poll() is None:
            worker.kill()
            worker.wait()
    assert '"level": "error"' not in log.read_text()


def test_the_walk_goes_from_the_broker_to_an_explanation_and_back() -> None:
    commands = [" ".join(arguments[:2]) for arguments, _ in steps()]
    assert commands[:2] == ["broker start", "topics create"]
    assert commands[-1] == "broker stop"
    assert {"definitions apply", "publish --ordered", "explain ada"} <= set(commands)
