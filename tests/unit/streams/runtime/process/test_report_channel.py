"""A parent asks its processes over a socket: answers come in order, late ones are passed over, silence is seen."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

from streams.runtime.process.report_channel import (
    DESCRIPTOR_VARIABLE,
    ReportRequests,
    ReportSource,
    answer_reports,
    open_requests,
)

SECONDS = 20.0


@asynccontextmanager
async def channel(make_report: ReportSource | None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ReportRequests]:
    """Both ends in one process; nobody answers where `make_report` is None."""
    own, others = socket.socketpair()
    requests = await open_requests(own)
    if make_report is None:
        yield requests
        requests.close()
        others.close()
        return
    monkeypatch.setenv(DESCRIPTOR_VARIABLE, str(others.detach()))
    await answer_reports(make_report)
    yield requests
    requests.close()


async def test_each_request_gets_a_new_report(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = iter([b"one", b"two"])
    async with channel(lambda: next(reports), monkeypatch) as requests:
        assert [await requests.ask(SECONDS), await requests.ask(SECONDS)] == [b"one", b"two"]


async def test_several_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with channel(lambda: b"report", monkeypatch) as requests:
        assert await asyncio.gather(*(requests.ask(SECONDS) for _ in range(5))) == [b"report"] * 5


async def test_a_large_report_comes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    large = b"x" * 3_000_000
    async with channel(lambda: large, monkeypatch) as requests:
        assert await requests.ask(SECONDS) == large


async def test_a_report_that_fails_is_logged_once_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bytes:
        raise KeyError("no such slot")

    with structlog.testing.capture_logs() as lines:
        async with channel(fail, monkeypatch) as requests:
            assert [await requests.ask(SECONDS), await requests.ask(SECONDS)] == [b"", b""]
    assert [(line["event"], line["cause"]) for line in lines] == [("no report", "KeyError: 'no such slot'")]


async def test_silence_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with channel(None, monkeypatch) as requests:
        assert await requests.ask(0.01) is None
        assert not requests.is_over


async def test_a_late_answer_is_not_taken_for_that_to_a_later_request() -> None:
    own, others = socket.socketpair()
    requests = await open_requests(own)
    assert await requests.ask(0.01) is None
    others.sendall(b"1 late\n2 right\n")
    assert await requests.ask(SECONDS) == b"right"
    requests.close()
    others.close()


async def test_a_process_that_is_gone_gives_no_answer() -> None:
    own, others = socket.socketpair()
    requests = await open_requests(own)
    others.close()
    assert await requests.ask(SECONDS) is None
    assert requests.is_over
    requests.close()


async def test_a_process_whose_parent_asks_nothing_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DESCRIPTOR_VARIABLE, raising=False)
    await answer_reports(lambda: b"")
    assert DESCRIPTOR_VARIABLE not in os.environ
