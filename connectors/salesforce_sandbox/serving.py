"""The stand-in org in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from connectors.salesforce_sandbox.server import SandboxServer

DEFAULT_PORT = 8090


async def serve(org: SandboxServer, on_start: Callable[[str], None]) -> None:
    """Serves until the process is told to end; `on_start` is told the address. Raises OSError for a taken port."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    async with org:
        on_start(org.url)
        await ended.wait()
