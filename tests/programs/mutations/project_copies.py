"""Copies of the project in which rules can be broken; the working tree is only read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.project_files import PROJECT_ROOT, project_files
from tests.programs.mutations.mutation import Mutation

_COPIED = {"schemas", "streams", "agents", "connectors", "tests", "docs", "pyproject.toml"}
"""The code, and the docs that some unit tests hold against it. No bytecode, so that none can be out of date."""


def take_snapshot(folder: Path) -> Path:
    """Copies what tests of the engine need: one state of it for the whole run, whatever is edited meanwhile."""
    for path in project_files():
        if path.parts[0] in _COPIED:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT_ROOT / path, target)
    return folder


@contextmanager
def mutated_copy(snapshot: Path, folder: Path, mutation: Mutation) -> Iterator[Path]:
    """A copy of the snapshot with one rule broken, for as long as it is needed. Raises DoesNotApply."""
    broken = mutation.apply_to((snapshot / mutation.path).read_text())
    shutil.copytree(snapshot, folder)
    (folder / mutation.path).write_text(broken)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
