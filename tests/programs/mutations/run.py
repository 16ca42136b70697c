"""Breaks one rule at a time, each in its own copy of the project, and checks whether the tests notice."""

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
"""pytest's exit codes; any other one means that the tests could not run."""


class MutationStatus(StrEnum):
    """The result of a mutation; only KILLED is good."""

    KILLED = "killed"
    SURVIVED = "survived"
    DOES_NOT_APPLY = "does not apply"
    NOT_TESTED = "not tested"
    """The tests did not run, or not with the code of the copy."""
    CRASHED = "crashed"
    """A test failed by an error and not by an assertion: the mutation breaks the program and not the rule."""


@dataclass(frozen=True, slots=True)
class MutationResult:
    """`detail` is the test that failed, or the reason why there is none."""

    mutation: Mutation
    status: MutationStatus
    detail: str


class BaselineFails(Exception):
    """The expected tests fail although no rule is broken; the message is the output of pytest."""


@dataclass(frozen=True, slots=True)
class MutationRun:
    """`timeout` is the maximum time (s) for the tests of one mutation."""

    jobs: int
    timeout: float

    def results(self, mutations: Sequence[Mutation]) -> Iterator[MutationResult]:
        """Yields the results in order of completion. Raises BaselineFails before the first."""
        with tempfile.TemporaryDirectory(prefix="leadstream-mutations-") as name:
            folder = Path(name)
            snapshot = take_snapshot(folder / "unbroken")
            _check_baseline(snapshot, mutations)
            with ThreadPoolExecutor(self.jobs) as pool:
                trials = [pool.submit(self._try, snapshot, folder / mutation.id, mutation) for mutation in mutations]
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
            process = _run_pytest(top, mutation.caught_by, mutation.module, self.timeout)
        except subprocess.TimeoutExpired:
            return MutationResult(
                mutation, MutationStatus.NOT_TESTED, f"the tests took more than {self.timeout:.0f} s"
            )
        return _result_of(mutation, top, process)


def _result_of(mutation: Mutation, top: Path, process: subprocess.CompletedProcess[str]) -> MutationResult:
    if process.returncode not in (_PASSED, _FAILED):
        return MutationResult(
            mutation,
            MutationStatus.NOT_TESTED,
            f"pytest ended with {process.returncode}: {_last_line(process.stdout)}",
        )
    evidence = pytest_plugin.read_evidence(_evidence_path(top))
    if evidence.loaded_from != str(top / mutation.path):
        return MutationResult(
            mutation, MutationStatus.NOT_TESTED, f"the tests took the module from {evidence.loaded_from or 'nowhere'}"
        )
    if process.returncode == _PASSED:
        return MutationResult(mutation, MutationStatus.SURVIVED, "no test noticed: " + " ".join(mutation.caught_by))
    if not evidence.by_assertion:
        return MutationResult(
            mutation, MutationStatus.CRASHED, f"{evidence.failed_by} in {_failed_test(process.stdout)}"
        )
    return MutationResult(mutation, MutationStatus.KILLED, _failed_test(process.stdout))


def _check_baseline(snapshot: Path, mutations: Iterable[Mutation]) -> None:
    """Runs the tests without a mutation: a test that fails anyway would kill every mutation. Raises BaselineFails."""
    tests = sorted({test for mutation in mutations for test in mutation.caught_by})
    process = _run_pytest(snapshot, tests, "streams.engine", timeout=None)
    if process.returncode != _PASSED:
        raise BaselineFails(process.stdout + process.stderr)


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
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(top),
        # Beside the copies, which have a path each: no bytecode of one is taken for another's.
        "PYTHONPYCACHEPREFIX": str(top.parent / "bytecode"),
        pytest_plugin.MODULE: module,
        pytest_plugin.PROOF: str(_evidence_path(top)),
    }
    return subprocess.run(
        command, cwd=top, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


def _evidence_path(top: Path) -> Path:
    return top / "proof"


def _failed_test(output: str) -> str:
    failures = (line for line in output.splitlines() if line.startswith("FAILED "))
    return next(failures, _last_line(output)).removeprefix("FAILED ").partition(" - ")[0]


def _last_line(output: str) -> str:
    return next((line for line in reversed(output.splitlines()) if line.strip()), "nothing was printed")
