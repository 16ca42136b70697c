"""How the parent of worker processes asks them how they are: a socket that each inherits.

The process answers in its event loop: one that hangs gives no answer. A request is a line with a number, an answer is
that number and the report, one line too; a late answer to an earlier request is known by its number.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import cast

import structlog

from streams.runtime.fatal import error_summary

log = structlog.get_logger()

DESCRIPTOR_VARIABLE = "LEADSTREAM_REPORT_DESCRIPTOR"
"""Environment variable of a worker process: the descriptor of its end of the socket."""

LINE_BYTES = 16 << 20
"""The longest line; a report of 256 slots and a thousand partitions has a hundredth of it."""

ReportSource = Callable[[], bytes]
"""Makes a report: one line without its end."""


class ReportAnswers(asyncio.Protocol):
    """Answers each request with a new report; with an empty one where that fails, which is logged."""

    def __init__(self, make_report: ReportSource) -> None:
        self._make_report = make_report
        self._has_failed = False
        self._requests = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open; called by the event loop."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Answers the requests that are complete; called by the event loop."""
        *numbers, self._requests = (self._requests + data).split(b"\n")
        for number in numbers:
            if self._transport is not None:
                self._transport.write(number + b" " + self._report() + b"\n")

    def _report(self) -> bytes:
        try:
            return self._make_report()
        except Exception as error:  # a worker does not end because it cannot be looked at
            if not self._has_failed:
                log.exception("no report", cause=error_summary(error))
            self._has_failed = True
            return b""


async def answer_reports(make_report: ReportSource) -> None:
    """In a worker process: answers the parent's requests from now on, where the parent asks any."""
    descriptor = os.environ.pop(DESCRIPTOR_VARIABLE, "")
    if not descriptor.isdecimal():
        return
    own = socket.socket(fileno=int(descriptor))
    await asyncio.get_running_loop().create_unix_connection(lambda: ReportAnswers(make_report), sock=own)


class ReportRequests:
    """In the parent: the requests to one process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = asyncio.Lock()
        self._number = 0
        self.is_over = False
        """Whether the process was found to have closed its end: it ends."""

    async def ask(self, seconds: float) -> bytes | None:
        """The report, b"" where the process cannot make one; None where no answer comes in time."""
        try:
            async with asyncio.timeout(seconds), self._lock:
                return await self._ask()
        except TimeoutError:
            return None
        except (OSError, asyncio.IncompleteReadError):
            self.is_over = True
            return None

    async def _ask(self) -> bytes:
        self._number += 1
        self._writer.write(b"%d\n" % self._number)
        while True:
            number, _, report = (await self._reader.readuntil(b"\n")).removesuffix(b"\n").partition(b" ")
            if int(number) == self._number:
                return report

    def close(self) -> None:
        """The process has ended."""
        self._writer.close()


async def open_requests(own: socket.socket) -> ReportRequests:
    """The requests over the parent's end of a socket pair."""
    return ReportRequests(*await asyncio.open_unix_connection(sock=own, limit=LINE_BYTES))
