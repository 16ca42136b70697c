"""A pytest plugin that tells, besides pass or fail, which file was tested and what a test failed by.

Without the first, tests of another copy of the project could be taken for tests of the broken one; without the
second, a mutation that merely crashes could be taken for a broken rule.
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
"""Names the environment's entry for the module in question."""

PROOF = "MUTATION_PROOF"
"""Names the environment's entry for the file that the proof is written to."""


@dataclass(slots=True)
class PytestEvidence:
    """What a run of tests told."""

    loaded_from: str = ""
    """The module's file; empty where no test imported it."""
    failed_by: str = ""
    """The class of the error that ended the first test to fail."""

    @property
    def by_assertion(self) -> bool:
        """Whether a test failed by what it asserts (pytest's own `Failed` is an expected error that did not come)."""
        return self.failed_by in ("AssertionError", "Failed")


_evidence = PytestEvidence()


def pytest_exception_interact(call: pytest.CallInfo[Any]) -> None:
    """Notes the first error."""
    if call.excinfo is not None and not _evidence.failed_by:
        _evidence.failed_by = call.excinfo.typename


def pytest_sessionfinish() -> None:
    """Writes the proof, for `read_evidence`."""
    module = sys.modules.get(os.environ[MODULE])
    _evidence.loaded_from = "" if module is None else str(module.__file__)
    Path(os.environ[PROOF]).write_text(json.dumps(asdict(_evidence)))


def read_evidence(path: Path) -> PytestEvidence:
    """The proof of a run that has ended."""
    return PytestEvidence(**json.loads(path.read_text()))
