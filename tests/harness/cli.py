"""Runs the command `leadstream` as a user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

LIMIT_SECONDS = 240.0
"""After so long a command hangs, on however slow a machine."""


def leadstream(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The finished command: exit code, standard output, standard error. None of the caller's settings reach it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}
    for name in ("LEADSTREAM_CACHE", "LEADSTREAM_MAVEN_MIRROR"):
        if name in os.environ:
            inherited[name] = os.environ[name]
    return subprocess.run(
        [sys.executable, "-c", "from streams.cli.main import run; run()", *arguments],
        env={**inherited, "COLUMNS": "200", **(env or {})},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
