"""`python -m streams.serve.child`: the server as a child of another process, with which it ends.

Exit codes: 0 after SIGTERM or SIGINT, those of `leadstream serve` otherwise.
"""

from __future__ import annotations

import asyncio
import sys

import structlog

from streams.environment import load_settings
from streams.errors import LeadstreamError
from streams.runtime.process import logs
from streams.runtime.process.supervisor import exit_with_parent
from streams.serve.server import run_server

log = structlog.get_logger()


def main() -> int:
    """Serves until a signal comes; returns the exit code."""
    logs.configure("serve")
    try:
        asyncio.run(run_server(load_settings(), lambda address: log.info("serving", address=address)))
    except LeadstreamError as error:
        log.error("ended", problem=str(error), exit_code=error.exit_code)  # noqa: TRY400 - one line, no traceback
        return error.exit_code
    return 0


if __name__ == "__main__":
    exit_with_parent()
    sys.exit(main())
