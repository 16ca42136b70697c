"""What a run of many tests shows: a line when a file of integration tests begins, and one when a file is finished."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pytest

LINES_FROM = 200
"""A run of fewer tests, or one with another verbosity than `-q`, keeps pytest's own display."""


class Progress:
    """A pytest plugin for the process that reports. A test that fails is named at once.

    Files run beside one another and in no alphabetical order, so dots alone would say little.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._began = time.monotonic()
        self._sizes: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._begun: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Counts the tests of a run without workers."""
        self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Counts the tests of a run with workers, each of which collects all of them."""
        self._expect(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Shows no dot."""
        if not self._is_active or hasattr(report, "wasxfail"):
            return None
        if report.failed:
            return ("failed" if report.when == "call" else "error", "", "")
        if report.skipped:
            return "skipped", "", ""
        return ("passed" if report.when == "call" else ""), "", ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Shows that a file of integration tests begins."""
        file = _file(nodeid)
        if file not in self._begun:
            self._begun.add(file)
            if "/integration/" in file:
                self._write(f"{file} begins: {_tests(self._sizes[file])}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Shows a failure, and the end of a file."""
        file = _file(report.nodeid)
        self._seconds[file] += report.duration
        if report.failed:
            self._write(f"FAILED {report.nodeid} ({report.when})")
        if report.when == "teardown":
            self._done[file] += 1
            if self._done[file] == self._sizes[file]:
                self._write(f"{file}: {_tests(self._sizes[file])} in {self._seconds[file]:.1f} s")

    @property
    def _is_active(self) -> bool:
        return self._sizes.total() >= LINES_FROM

    def _expect(self, ids: Sequence[str]) -> None:
        self._sizes = Counter(map(_file, ids))

    def _write(self, text: str) -> None:
        if self._is_active:
            minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
            percent = 100 * self._done.total() // self._sizes.total()
            reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
            reporter.write_line(f"{minutes:3d}:{seconds:02d} {percent:3d} %  {text}")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _tests(number: int) -> str:
    return "1 test" if number == 1 else f"{number} tests"
