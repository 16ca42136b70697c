"""The files of the project, as they stand in the repository."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {".venv", ".git", "run", "dist", "uv.lock", "__pycache__"}


@cache
def project_files() -> tuple[Path, ...]:
    """Paths relative to the top: what git keeps or would keep; without git all but caches and environments."""
    if (PROJECT_ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        names = [path.relative_to(PROJECT_ROOT) for path in PROJECT_ROOT.rglob("*")]
    return tuple(sorted(name for name in names if (PROJECT_ROOT / name).is_file() and not _is_foreign(name)))


def text_files() -> list[tuple[Path, str]]:
    """Every file that is text, with its content."""
    found = []
    for path in project_files():
        content = (PROJECT_ROOT / path).read_bytes()
        if b"\0" not in content:
            found.append((path, content.decode()))
    return found


def _is_foreign(path: Path) -> bool:
    return any(part in _NOT_OURS or part.endswith("_cache") for part in path.parts)
