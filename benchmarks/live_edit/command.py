"""Runs the command `leadstream` in its own process, as a user does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Container, Mapping
from pathlib import Path

LEADSTREAM = (sys.executable, "-c", "from streams.cli.main import run; run()")


async def leadstream(
    *arguments: str, log: Path, environment: Mapping[str, str] | None = None, allowed_codes: Container[int] = (0,)
) -> bytes:
    """Returns its standard output. Raises RuntimeError naming the log for an exit code that is not allowed."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *LEADSTREAM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=errors, env=environment
        )
        output, _ = await process.communicate()
    if process.returncode not in allowed_codes:
        raise RuntimeError(f"leadstream {arguments[0]} ended with {process.returncode}, see {log}: {output!r:.300}")
    return output
