"""`python -m connectors.standin --port N`: the stand-in org in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from connectors.standin.server import HOST, StandInOrg

PORT = 8090


async def serve(org: StandInOrg) -> None:
    """Serves until the process is told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    async with org:
        sys.stdout.write(f"stand-in org at {org.url}\n")
        sys.stdout.flush()
        await ended.wait()


def main() -> int:
    """Reads the command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m connectors.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--campaign", action="append", default=[], metavar="ID=NAME")
    options = parser.parse_args()
    campaigns = dict(each.partition("=")[::2] for each in options.campaign)
    try:
        asyncio.run(serve(StandInOrg(port=options.port, host=options.host, campaigns=campaigns)))
    except OSError as error:
        sys.stderr.write(f"port {options.port} cannot be used ({error.strerror}): choose another with --port\n")
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
