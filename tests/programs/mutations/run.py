"""Breaks one rule at a time, each in a copy of its own, and looks whether the tests notice."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.programs.mutations import pytest_plugin
from tests.programs.mutations.mutation import DoesNotApply, Mutation
from tests.programs.mutations.project_copies import mutated_copy, take_snapshot

_PASSED, _FAILED = 0, 1
"""pytest's exit codes; every other one says that tests could not be run."""


class MutationStatus(StrEnum):
    """What became of a mutation; only a killed one is well."""

    KILLED = "killed"
    SURVIVED = "survived"
    DOES_NOT_APPLY = "does not apply"
    NOT_TESTED = "not tested"
    """The tests did not run, or not with the copy's code: nothing is known."""
    CRASHED = "crashed"
    """A test ended by an error and not by what it asserts: the mutation breaks the program and not the rule."""


@dataclass(frozen=True, slots=True)
class MutationResult:
    """`detail` is the test that failed, or why there is none."""

    mutation: Mutation
    status: MutationStatus
    detail: str


class BaselineFails(Exception):
    """The expected tests fail although no rule is broken: mend them first; what pytest printed is the message."""


@dataclass(frozen=True, slots=True)
class MutationRun:
    """`timeout` is the most seconds that the tests of one mutation may take."""

    jobs: int
    timeout: float

    def results(self, mutations: Sequence[Mutation]) -> Iterator[MutationResult]:
        """The verdicts as they come. Raises BaselineFails before the first."""
        with tempfile.TemporaryDirectory(prefix="leadstream-mutations-") as name:
            folder = Path(name)
            snapshot = take_snapshot(folder / "unbroken")
            _check_baseline(snapshot, mutations)
            with ThreadPoolExecutor(self.jobs) as pool:
                trials = [pool.submit(self._try, snapshot, folder / one.id, one) for one in mutations]
                for trial in as_completed(trials):
                    yield trial.result()

    def _try(self, snapshot: Path, folder: Path, mutation: Mutation) -> MutationResult:
        try:
            with mutated_copy(snapshot, folder, mutation) as top:
                return self._run_tests(top, mutation)
        except DoesNotApply as error:
            return MutationResult(mutation, MutationStatus.DOES_NOT_APPLY, str(error))

    def _run_tests(self, top: Path, mutation: Mutation) -> MutationResult:
        try:
            ended = _run_pytest(top, mutation.caught_by, mutation.module, self.timeout)
        except subprocess.TimeoutExpired:
            return MutationResult(
                mutation, MutationStatus.NOT_TESTED, f"the tests took more than {self.timeout:.0f} s"
            )
        return _result_of(mutation, top, ended)


def _result_of(mutation: Mutation, top: Path, ended: subprocess.CompletedProcess[str]) -> MutationResult:
    if ended.returncode not in (_PASSED, _FAILED):
        return MutationResult(
            mutation, MutationStatus.NOT_TESTED, f"pytest ended with {ended.returncode}: {_last_line(ended.stdout)}"
        )
    told = pytest_plugin.read_evidence(_evidence_path(top))
    if told.loaded_from != str(top / mutation.path):
        return MutationResult(
            mutation, MutationStatus.NOT_TESTED, f"the tests took the module from {told.loaded_from or 'nowhere'}"
        )
    if ended.returncode == _PASSED:
        return MutationResult(mutation, MutationStatus.SURVIVED, "no test noticed: " + " ".join(mutation.caught_by))
    if not told.by_assertion:
        return MutationResult(mutation, MutationStatus.CRASHED, f"{told.failed_by} in {_failed_test(ended.stdout)}")
    return MutationResult(mutation, MutationStatus.KILLED, _failed_test(ended.stdout))


def _check_baseline(snapshot: Path, mutations: Iterable[Mutation]) -> None:
    """A test that fails anyway would kill everything."""
    tests = sorted({test for mutation in mutations for test in mutation.caught_by})
    ended = _run_pytest(snapshot, tests, "streams.engine", timeout=None)
    if ended.returncode != _PASSED:
        raise BaselineFails(ended.stdout + ended.stderr)


def _run_pytest(
    top: Path, tests: Sequence[str], module: str, timeout: float | None
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        *("-x", "-q", "-n", "0"),
        *("-p", "no:cacheprovider"),
        *("-p", pytest_plugin.__name__),
        *tests,
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(top),
        "PYTHONDONTWRITEBYTECODE": "1",
        pytest_plugin.MODULE: module,
        pytest_plugin.PROOF: str(_evidence_path(top)),
    }
    return subprocess.run(
        command, cwd=top, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


def _evidence_path(top: Path) -> Path:
    return top / "proof"


def _failed_test(printed: str) -> str:
    failed = (line for line in printed.splitlines() if line.startswith("FAILED "))
    return next(failed, _last_line(printed)).removeprefix("FAILED ").partition(" - ")[0]


def _last_line(printed: str) -> str:
    return next((line for line in reversed(printed.splitlines()) if line.strip()), "nothing was printed")
