"""Requests are small, in time, and JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from streams.serve.guards.body import MAX_BODY_BYTES, MAX_TARGET_BYTES, BodyLimit

JSON = {"Content-Type": "application/json"}


async def show_size(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def client(seconds: float = 20.0) -> httpx.AsyncClient:
    guarded = BodyLimit(show_size, {"/large": 2_000_000}, seconds)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=guarded), base_url="http://a")


async def in_parts(part: bytes, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield part


def text_of(size: int) -> bytes:
    return b'"' + b"x" * (size - 2) + b'"'


@pytest.mark.parametrize(("path", "bound"), [("/", MAX_BODY_BYTES), ("/large", 2_000_000)])
async def test_a_body_up_to_the_bound_arrives(path: str, bound: int) -> None:
    async with client() as session:
        response = await session.post(path, content=text_of(bound), headers=JSON)
        assert response.text == str(bound)


async def test_the_character_set_may_be_named() -> None:
    async with client() as session:
        response = await session.post("/", content=b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"})
        assert response.status_code == 200


@pytest.mark.parametrize(("path", "bound"), [("/", MAX_BODY_BYTES), ("/large", 2_000_000)])
async def test_a_larger_one_is_refused_whether_it_says_so_or_not(path: str, bound: int) -> None:
    async with client() as session:
        told = await session.post(path, content=b"x" * (bound + 1), headers=JSON)
        silent = await session.post(path, content=in_parts(b"x" * 100_000, bound // 100_000 + 1), headers=JSON)
    assert [told.status_code, silent.status_code] == [413, 413]
    assert told.headers["Connection"] == "close"


async def test_a_path_and_query_that_are_too_long_are_refused() -> None:
    async with client() as session:
        assert (await session.get("/?q=" + "x" * MAX_TARGET_BYTES)).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_of_a_foreign_page_is_no_json(kind: str) -> None:
    async with client() as session:
        assert (await session.post("/", content=b"{}", headers={"Content-Type": kind})).status_code == 415


@pytest.mark.parametrize("content", [b"{", b'{"a": NaN}', b'"\\ud800"', b"\xff", b"[" * 100_000])
async def test_what_is_no_json_by_the_standard_is_refused(content: bytes) -> None:
    async with client() as session:
        response = await session.post("/", content=content, headers=JSON)
    assert response.status_code == 422
    assert "no JSON" in response.json()["detail"]


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    answers: list[Message] = []

    async def never() -> Message:
        import asyncio

        await asyncio.Event().wait()
        raise AssertionError

    async def record(message: Message) -> None:
        answers.append(message)

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    await BodyLimit(show_size, {}, 0.05)(scope, never, record)
    assert answers[0]["status"] == 408
