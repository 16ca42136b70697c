"""Makes copies of the project in which rules can be broken; only reads the working tree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.project_files import PROJECT_ROOT, project_files
from tests.programs.mutations.mutation import Mutation

_COPIED = {"schemas", "streams", "agents", "connectors", "tests", "docs", "pyproject.toml"}
"""The code, and the docs that some unit tests compare with it. No bytecode, which could be out of date."""


def take_snapshot(folder: Path) -> Path:
    """Copies the files that the engine's tests need, so that edits during the run do not matter."""
    for path in project_files():
        if path.parts[0] in _COPIED:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT_ROOT / path, target)
    return folder


@contextmanager
def mutated_copy(snapshot: Path, folder: Path, mutation: Mutation) -> Iterator[Path]:
    """Yields a copy of the snapshot with one broken rule, and deletes it. Raises DoesNotApply."""
    broken = mutation.apply_to((snapshot / mutation.path).read_text())
    shutil.copytree(snapshot, folder)
    (folder / mutation.path).write_text(broken)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
