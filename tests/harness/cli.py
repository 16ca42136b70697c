"""Runs the command `leadstream` as a user does: in a process of its own."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests.harness import command_server

LIMIT_SECONDS = 240.0
"""After so long a command hangs, on however slow a machine."""

END_SECONDS = 20.0
"""How long an interrupted command may take to end."""

_START = "from streams.cli.main import run; run()"


def leadstream(
    *arguments: str, env: Mapping[str, str] | None = None, fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """Returns the finished command: exit code, standard output, standard error.

    None of the caller's settings reach it. Its process is a fork of one that has imported the program already, or,
    where `fresh`, a Python of its own.
    """
    environment = _environment(env)
    if not fresh:
        return _run_forked(arguments, environment)
    return subprocess.run(
        [sys.executable, "-c", _START, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def start_leadstream(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Starts the command in a Python of its own, with pipes for what it writes."""
    command = [sys.executable, "-c", _START, *arguments]
    return subprocess.Popen(
        command, env=_environment(env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def _environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """This process's environment without its settings, and with those of `env`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}
    for name in ("LEADSTREAM_CACHE", "LEADSTREAM_MAVEN_MIRROR"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment | {"COLUMNS": "200", **(env or {})}


def _run_forked(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    request = {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        socket.socket(socket.AF_UNIX) as line,
    ):
        line.connect(_server())
        line.settimeout(LIMIT_SECONDS)
        socket.send_fds(line, [json.dumps(request).encode()], [output.fileno(), errors.fileno()])
        process = _receive(line)
        try:
            code = _receive(line)
        except BaseException:
            _end(process)
            raise
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode().replace("\r\n", "\n"))
    return subprocess.CompletedProcess(["leadstream", *arguments], code, *texts)


def _end(process: int) -> None:
    """Ends a command that nobody waits for any more: as Ctrl-C does, so that it ends what it started, or by force."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGINT)
        end = time.monotonic() + END_SECONDS
        while time.monotonic() < end:
            os.kill(process, 0)
            time.sleep(0.05)
        os.kill(process, signal.SIGKILL)


def _receive(line: socket.socket) -> int:
    number: int = command_server.NUMBER.unpack(line.recv(command_server.NUMBER.size, socket.MSG_WAITALL))[0]
    return number


@cache
def _server() -> str:
    """Starts the process that commands are forked from; returns its address. It ends with this process."""
    folder = tempfile.mkdtemp(prefix="leadstream-commands-")
    address = str(Path(folder) / "socket")
    server = subprocess.Popen(
        [sys.executable, "-m", command_server.__name__, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )

    def end() -> None:
        assert server.stdin is not None
        server.stdin.close()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    assert server.stdout is not None
    server.stdout.readline()  # it listens
    return address
