"""HEAD is answered as GET, without the body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Message

from streams.serve.guards.head import HeadRequests
from streams.serve.live.event_stream import EventStream, OpenStreams, StreamEvent
from tests.harness.serve.api import serving


@pytest.mark.parametrize(
    ("path", "status"),
    [("/segments", 200), ("/segments/none", 404), ("/segments?limit=x", 200), ("/contacts?limit=0", 422)],
)
async def test_it_has_status_and_headers_of_get(path: str, status: int) -> None:
    async with serving() as (_, client):
        whole = await client.get(f"/api/v1{path}")
        head = await client.head(f"/api/v1{path}")
    assert (head.status_code, head.content) == (status, b"")
    assert head.headers == whole.headers
    assert int(head.headers["Content-Length"]) == len(whole.content)


async def test_it_tells_a_client_that_it_has_the_answer() -> None:
    async with serving() as (_, client):
        tag = (await client.head("/api/v1/segments")).headers["ETag"]
        assert (await client.head("/api/v1/segments", headers={"If-None-Match": tag})).status_code == 304


async def test_it_is_no_command() -> None:
    async with serving() as (api, client):
        response = await client.head("/api/v1/leads/qualify")
        assert response.status_code == 405
        assert api.writer.lines == []


async def test_where_get_is_answered_both_are_allowed() -> None:
    async with serving() as (_, client):
        response = await client.put("/api/v1/segments")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"


async def test_a_stream_is_ended_behind_its_head() -> None:
    streams = OpenStreams()
    sent: list[Message] = []

    async def batches() -> AsyncGenerator[list[StreamEvent], None]:
        while True:
            yield [StreamEvent("change", "{}")]
            await asyncio.sleep(0)

    async def receive() -> Message:
        await asyncio.Event().wait()  # the client stays
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    app = HeadRequests(EventStream(streams, batches))
    async with asyncio.timeout(30):
        await app({"type": "http", "method": "HEAD", "headers": []}, receive, send)
    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent[1:]) == b""
    assert sent[-1].get("more_body", False) is False
    assert streams.count == 0


async def test_other_methods_pass() -> None:
    app = HeadRequests(JSONResponse({"a": 1}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://a") as client:
        assert (await client.get("/")).json() == {"a": 1}
        assert (await client.head("/")).content == b""
