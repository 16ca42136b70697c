"""Copies of the project in which rules can be broken; the working tree is only read."""

from __future__ import annotations

import shutil
from compileall import compile_dir
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.mutations.mutation import Mutation
from tests.support.tree import TOP, project_files

_CODE = ("schemas", "streams", "agents", "connectors", "tests")
_ALSO = {"docs", "pyproject.toml"}  # some unit tests hold the docs against the code


def take_snapshot(folder: Path) -> Path:
    """Copies what tests of the engine need: one state of it for the whole run, whatever is edited meanwhile."""
    for path in project_files():
        if path.parts[0] in {*_CODE, *_ALSO}:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / path, target)
    for room in _CODE:
        # Kept by content and not by date, so that a mutation as long as what it replaces is never passed over.
        compile_dir(folder / room, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


def broken_copy(snapshot: Path, folder: Path, mutation: Mutation) -> Path:
    """A copy of the snapshot with one rule broken. Raises ValueError where the mutation does not apply."""
    broken = mutation.applied_to((snapshot / mutation.path).read_text())
    shutil.copytree(snapshot, folder)
    (folder / mutation.path).write_text(broken)
    return folder
