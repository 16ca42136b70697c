"""A connection of the HTTP server, with a bound on the time in which nothing comes or goes on it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedConnection(H11Protocol):
    """Ends where a request does not begin in time, and where the client does not take its answer.

    uvicorn bounds only the time between two requests. Whoever opens connections and says nothing, token or not, would
    keep each of them for ever, until the process may open no more and nobody gets in.
    """

    head_seconds: ClassVar[float] = 20.0
    """From the beginning of a connection, or from the first byte of a later request, to the end of its head."""
    taking_seconds: ClassVar[float] = 60.0
    """How long a client may leave an answer where it is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        super().connection_made(transport)  # type: ignore[arg-type]  # TCP has a Transport
        self._taking: asyncio.TimerHandle | None = None
        self._head: asyncio.TimerHandle | None = None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._cancel_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or several requests."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._cancel_head()  # the time for a body is that of guards/body.py
        elif self._head is None and self.timeout_keep_alive_task is None:
            self._await_head()

    def pause_writing(self) -> None:
        """The client takes less than it is sent."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """The client has taken what waited."""
        super().resume_writing()
        self._cancel_taking()

    def timeout_keep_alive_handler(self) -> None:
        """No further request has come."""
        super().timeout_keep_alive_handler()
        self._await_taking()  # to close waits for the client to take what is left

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self.head_seconds, self._end)

    def _await_taking(self) -> None:
        if self._taking is None:
            self._taking = self.loop.call_later(self.taking_seconds, self._end)

    def _end(self) -> None:
        self.transport.abort()

    def _cancel_timers(self) -> None:
        self._cancel_head()
        self._cancel_taking()

    def _cancel_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _cancel_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
