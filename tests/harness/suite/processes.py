"""The processes of a test run: one Kafka and one bytecode cache for all, and a clean end when it is interrupted."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.harness.kafka.broker import stop_shared_kafka

END_SECONDS = 60.0
"""How long the workers of an interrupted run may take to end what their tests started."""

TOGETHER_SECONDS = 2.0
"""Signals that follow one another so closely are one wish."""

_FOLDER = pytest.StashKey[Path]()
_INPUT = "run_folder"


def is_worker(config: pytest.Config) -> bool:
    """Returns whether this process is one of pytest-xdist's workers."""
    return hasattr(config, "workerinput")


def run_folder(config: pytest.Config) -> Path:
    """Returns the folder that all processes of the run share; the run removes it at its end."""
    return config.stash[_FOLDER]


class RunProcesses:
    """A pytest plugin for the controller and each worker. SIGTERM ends a run as Ctrl-C does.

    Workers ignore Ctrl-C and end at the controller's signal: a second interrupt would hit them while they tidy up.
    """

    def __init__(self, config: pytest.Config) -> None:
        if is_worker(config):
            _interrupt_at(signal.SIGTERM)
            self._folder = Path(config.workerinput[_INPUT])  # type: ignore[attr-defined]  # set by pytest-xdist
            self._own_file.touch()
            signal.signal(signal.SIGINT, _ignore)  # not SIG_IGN, which processes that tests start would inherit
        else:
            _interrupt_at(signal.SIGINT, signal.SIGTERM)
            self._folder = Path(tempfile.mkdtemp(prefix="leadstream-tests-"))
            if _share_bytecode(self._folder / "bytecode") and _has_many_workers(config):
                _compile_tests(config)
        config.stash[_FOLDER] = self._folder

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hands the folder to a worker that is about to start."""
        node.workerinput[_INPUT] = str(self._folder)

    def pytest_keyboard_interrupt(self) -> None:
        """Ends the workers, and waits until they have ended what their tests started."""
        end = time.monotonic() + END_SECONDS
        for file in self._worker_files():
            with suppress(ProcessLookupError):
                os.kill(int(file.stem), signal.SIGTERM)
        while self._worker_files() and time.monotonic() < end:
            time.sleep(0.05)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Ends the shared broker, once all workers are gone."""
        if is_worker(config):
            self._own_file.unlink(missing_ok=True)
        else:
            stop_shared_kafka(self._folder)
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _own_file(self) -> Path:
        """Exists as long as this worker runs; its name is the process id."""
        return self._folder / f"{os.getpid()}.worker"

    def _worker_files(self) -> list[Path]:
        return [] if self._own_file.exists() else list(self._folder.glob("*.worker"))


def _share_bytecode(folder: Path) -> bool:
    """Gives the processes that the run starts one cache of bytecode, where the environment forbids to write any.

    Each of them would compile every module anew: a second of CPU, hundreds of times. Returns whether it did so.
    """
    if not sys.dont_write_bytecode or sys.pycache_prefix is not None:
        return False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    return True


def _has_many_workers(config: pytest.Config) -> bool:
    workers: int | None = config.getoption("numprocesses", None)
    return (workers or 0) > (os.cpu_count() or 2)


def _compile_tests(config: pytest.Config) -> None:
    """Fills the empty cache with the tests' bytecode: two processes collect them, not every worker for itself."""
    tests = Path(__file__).parents[2]
    parts = [tests / "unit"], [tests / "integration", tests / "property", tests / "architecture"]
    command = [sys.executable, "-m", "pytest", "-qq", "-n", "0", "--collect-only", "-p", "no:cacheprovider"]
    collections = []
    for part in parts:
        arguments = [*command, *map(str, part)]
        collections.append(subprocess.Popen(arguments, cwd=config.rootpath, stdout=subprocess.DEVNULL))
    for collection in collections:
        collection.wait()


def _interrupt_at(*numbers: signal.Signals) -> None:
    """Raises KeyboardInterrupt at one of these signals, once where several come together.

    A Ctrl-C comes twice where `uv run` passes on what the terminal has sent to all processes already.
    """
    latest = -math.inf

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal latest
        earlier, latest = latest, time.monotonic()
        if latest - earlier > TOGETHER_SECONDS:
            raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    pass
