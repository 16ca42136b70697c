"""`python -m connectors.salesforce_sandbox --port N`: the sandbox in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import sys

from connectors.ports import STAND_IN_PORT
from connectors.salesforce_sandbox.server import HOST, SandboxServer, serve


def main() -> int:
    """Reads the command line, serves, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m connectors.salesforce_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=STAND_IN_PORT)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--campaign", action="append", default=[], metavar="ID=NAME")
    options = parser.parse_args()
    campaigns = dict(each.partition("=")[::2] for each in options.campaign)
    org = SandboxServer(port=options.port, host=options.host, campaigns=campaigns)
    try:
        asyncio.run(serve(org, lambda url: _write_line(f"sandbox at {url}")))
    except OSError as error:
        sys.stderr.write(f"port {options.port} cannot be used ({error.strerror}): choose another with --port\n")
        return 69
    return 0


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
