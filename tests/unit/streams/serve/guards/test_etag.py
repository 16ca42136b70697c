"""A client that has the answer is told so."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from streams.serve.guards.etag import EntityTags


def client(answer: Response) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=EntityTags(answer)), base_url="http://a")


async def test_the_same_answer_is_not_sent_twice() -> None:
    async with client(JSONResponse({"a": 1})) as session:
        first = await session.get("/")
        tag = first.headers["ETag"]
        again = await session.get("/", headers={"If-None-Match": f'W/"x", {tag}'})
        other = await session.get("/", headers={"If-None-Match": '"x"'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert "Content-Type" not in again.headers
    assert other.json() == first.json() == {"a": 1}


async def test_another_answer_has_another_tag() -> None:
    tags = []
    for value in (1, 2):
        async with client(JSONResponse({"a": value})) as session:
            tags.append((await session.get("/")).headers["ETag"])
    assert tags[0] != tags[1]


@pytest.mark.parametrize("condition", ["*", None])
async def test_an_error_has_no_tag(condition: str | None) -> None:
    headers = {} if condition is None else {"If-None-Match": condition}
    async with client(PlainTextResponse("no", 404)) as session:
        response = await session.get("/", headers=headers)
    assert (response.status_code, response.text) == (404, "no")
    assert "ETag" not in response.headers


async def test_a_command_is_always_answered() -> None:
    async with client(JSONResponse({"a": 1})) as session:
        response = await session.post("/", headers={"If-None-Match": "*"})
    assert response.json() == {"a": 1}
