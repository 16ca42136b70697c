"""TCP ports on loopback."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"
STAND_IN_PORT = 8090
"""Where the stand-in of Salesforce listens by default."""


def free_port() -> int:
    """Returns a port that nothing listens on at present."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on `port`."""
    with socket.socket() as probe:
        # Servers set it too: a port with nothing but closed connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def accepts_connections(port: int) -> bool:
    """Whether a server accepts connections on `port`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
