"""A pytest plugin that records which file was tested and with which error the first test failed.

Without the file, tests could import another copy of the project than the mutated one. Without the error, a mutation
that merely crashes would count as a broken rule.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

MODULE = "MUTATION_MODULE"
"""The environment variable with the name of the mutated module."""

PROOF = "MUTATION_PROOF"
"""The environment variable with the path of the file for the evidence."""


@dataclass(slots=True)
class PytestEvidence:
    """What a test run showed about the mutation."""

    loaded_from: str = ""
    """The module's file; empty when no test imported it."""
    failed_by: str = ""
    """The class name of the error of the first failed test."""

    @property
    def by_assertion(self) -> bool:
        """Whether a test failed by an assertion (pytest raises `Failed` when an expected error does not occur)."""
        return self.failed_by in ("AssertionError", "Failed")


_evidence = PytestEvidence()


def pytest_exception_interact(call: pytest.CallInfo[Any]) -> None:
    """Records the first error."""
    if call.excinfo is not None and not _evidence.failed_by:
        _evidence.failed_by = call.excinfo.typename


def pytest_sessionfinish() -> None:
    """Writes the evidence, for `read_evidence`."""
    module = sys.modules.get(os.environ[MODULE])
    _evidence.loaded_from = "" if module is None else str(module.__file__)
    Path(os.environ[PROOF]).write_text(json.dumps(asdict(_evidence)))


def read_evidence(path: Path) -> PytestEvidence:
    """Returns the evidence of a finished run."""
    return PytestEvidence(**json.loads(path.read_text()))
