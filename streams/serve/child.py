"""`python -m streams.serve.child`: the server as a child of another process, with which it ends.

Exit codes: 0 after SIGTERM or SIGINT, those of `leadstream serve` otherwise.
"""

from __future__ import annotations

import structlog

from streams.runtime.process.child import run_child
from streams.serve.server import run_server
from streams.settings import Settings

log = structlog.get_logger()


async def _serve_until_signal(settings: Settings) -> None:
    await run_server(settings, lambda address: log.info("serving", address=address))


if __name__ == "__main__":
    run_child("serve", _serve_until_signal, is_named_after_worker=False)
