"""Stands between a client and its Redis, and strikes at a command: before it is done, or before it is answered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from connectors.ports import free_port

Moment = Literal["before", "after"]
"""Of what the strike does: before the server has the command, or after it has done it and before it has answered."""

_CHUNK = 1 << 16


@dataclass
class Strike:
    """Does `act` at the `countdown`-th command of one of `names` whose key has `key_part` in it, once.

    The connection is cut then, unless `is_cut` says that it goes on.
    """

    names: frozenset[bytes]
    key_part: bytes
    countdown: int
    moment: Moment
    act: Callable[[], None]
    is_cut: bool = True

    def matches(self, command: list[bytes]) -> bool:
        """Whether it is such a command."""
        name = command[0].upper()
        place = 3 if name in (b"EVALSHA", b"EVAL") else 1
        return name in self.names and len(command) > place and self.key_part in command[place]


class RedisGateway:
    """Use as a context manager. It has one port; while the server is away, it takes connections and closes them."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self._lock = threading.Lock()
        self._strike: Strike | None = None
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RedisGateway:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that waits in `accept` is not woken by a close.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def arm(self, strike: Strike) -> None:
        """Sets what to do at a command."""
        with self._lock:
            self._strike = strike

    def disarm(self) -> bool:
        """Takes the strike away; False where it was done or is just being done."""
        with self._lock:
            was_armed = self._strike is not None
            self._strike = None
            return was_armed

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._server_port))
            except OSError:
                client.close()
                continue
            connection = _Connection(client, server)
            threading.Thread(target=self._forward, args=(connection,), daemon=True).start()
            threading.Thread(target=connection.answer, daemon=True).start()

    def _forward(self, connection: _Connection) -> None:
        waiting = b""
        with suppress(OSError):
            while chunk := connection.client.recv(_CHUNK):
                waiting += chunk
                while (command := parse_command(waiting)) is not None:
                    text, waiting = waiting[: command.length], waiting[command.length :]
                    strike = self._take_strike(command.parts)
                    if strike is None:
                        connection.server.sendall(text)
                        continue
                    if strike.moment == "after":
                        connection.do_unanswered(text)
                    strike.act()
                    if strike.is_cut or strike.moment == "after":
                        connection.close()
                        return
                    connection.server.sendall(text)
        connection.close()

    def _take_strike(self, command: list[bytes]) -> Strike | None:
        with self._lock:
            strike = self._strike
            if strike is None or not strike.matches(command):
                return None
            strike.countdown -= 1
            if strike.countdown > 0:
                return None
            self._strike = None
            return strike


class _Connection:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self._is_mute = False
        self._answered = threading.Event()

    def answer(self) -> None:
        """Hands on what the server answers, until one of both is gone."""
        with suppress(OSError):
            while chunk := self.server.recv(_CHUNK):
                if self._is_mute:
                    self._answered.set()
                    return
                self.client.sendall(chunk)
        self._answered.set()
        self.close()

    def do_unanswered(self, command: bytes) -> None:
        """Has the server do a command; no answer reaches the client any more."""
        self._is_mute = True
        self.server.sendall(command)
        self._answered.wait()

    def close(self) -> None:
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@dataclass(frozen=True)
class ParsedCommand:
    """`length` in bytes of the text that it was parsed from."""

    parts: list[bytes]
    length: int


def parse_command(text: bytes) -> ParsedCommand | None:
    """The first command in what a client sent; None while it is not whole."""
    end = text.find(b"\r\n")
    if end < 0:
        return None
    assert text[:1] == b"*", text[:40]
    parts = []
    at = end + 2
    for _ in range(int(text[1:end])):
        end = text.find(b"\r\n", at)
        if end < 0:
            return None
        length = int(text[at + 1 : end])
        at = end + 2 + length + 2
        if at > len(text):
            return None
        parts.append(text[end + 2 : at - 2])
    return ParsedCommand(parts, at)
