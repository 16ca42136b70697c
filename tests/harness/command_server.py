"""Runs commands in forks of one process that has imported the command line, which takes longer than most commands.

`python -m tests.harness.command_server SOCKET` serves until the process that started it closes its standard input.
Over each connection comes one JSON object (`arguments`, `environment`, `folder`) together with the descriptors of
standard output and standard error; back go the process id of the command and its exit code, four bytes each.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from contextlib import suppress
from select import select
from typing import Any

NUMBER = struct.Struct("!i")
MOST_BYTES = 1 << 20


def main() -> None:
    """Listens, and forks a process for each connection."""
    package = importlib.import_module("streams.cli")
    for module in pkgutil.walk_packages(package.__path__, "streams.cli."):
        importlib.import_module(module.name)
    assert threading.active_count() == 1, "a thread does not survive a fork"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the test run decides when this ends
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    print(flush=True)  # noqa: T201 - whoever started it waits for this line
    while True:
        ready, _, _ = select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _serve(connection)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _serve(connection: socket.socket) -> None:
    """Runs one command and reports its end; never returns."""
    message, descriptors, _, _ = socket.recv_fds(connection, MOST_BYTES, 2)
    request = json.loads(message)
    command = os.fork()
    if command == 0:
        connection.close()
        _become(request, *descriptors)
        importlib.import_module("streams.cli.main").run()
        raise AssertionError("a command ends its process")
    for descriptor in descriptors:
        os.close(descriptor)
    connection.sendall(NUMBER.pack(command))
    _, status = os.waitpid(command, 0)
    with suppress(BrokenPipeError):
        connection.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(request: dict[str, Any], output: int, errors: int) -> None:
    """Makes this process what a new one with these arguments and this environment would be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (errors, 2)):
        os.dup2(source, target)
        os.close(source)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["-c", *request["arguments"]]


if __name__ == "__main__":
    main()
