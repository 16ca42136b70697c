"""`leadstream serve`: the HTTP API and the console over the read models."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.console import write_lines_now
from streams.cli.options import BootstrapOption, DataDirOption, PrefixOption, settings_from

ServeHostOption = Annotated[
    str | None,
    typer.Option("--host", help="Where to listen; beyond loopback with tokens (LEADSTREAM_SERVE_HOST)."),
]
ServePortOption = Annotated[int | None, typer.Option("--port", help="The port (LEADSTREAM_SERVE_PORT).")]


def serve(
    *,
    host: ServeHostOption = None,
    port: ServePortOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Answer over HTTP what the read models in Redis say, take commands, and serve the console, until Ctrl-C.

    The first line tells the address; log lines go to standard error, one JSON object each. Without
    LEADSTREAM_REDIS_URL it starts a Redis of its own. On another address than loopback it needs
    LEADSTREAM_SERVE_TOKENS. Exit codes: 0 stopped as asked, 78 the address is taken, or tokens are missing.
    """
    settings = settings_from(serve_host=host, serve_port=port, bootstrap=bootstrap, prefix=prefix, data_dir=data_dir)
    from streams.runtime.process import logs  # noqa: PLC0415 - these take a second to import, and --help needs none
    from streams.serve.server import run_server  # noqa: PLC0415

    logs.configure("serve")
    asyncio.run(run_server(settings, lambda address: write_lines_now([address])))
