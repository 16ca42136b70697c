"""What a token that only reads may ask for."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from streams.serve.guards.authorization import Authorization
from streams.serve.tokens import AccessTokens

READ, WRITE = "r" * 20, "w" * 20


async def status(token: str, method: str, path: str) -> int:
    tokens = AccessTokens([("read", READ), ("write", WRITE)])
    guarded = Authorization(PlainTextResponse("ok"), tokens, ["/api/v1/search"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=guarded), base_url="http://a") as session:
        headers = {"Authorization": f"Bearer {token}"}
        return (await session.request(method, path, headers=headers)).status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_whatever_is_no_reading_needs_a_token_that_writes(method: str) -> None:
    assert await status(READ, method, "/api/v1/events") == 403
    assert await status(WRITE, method, "/api/v1/events") == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_a_reading_needs_either(method: str) -> None:
    assert await status(READ, method, "/api/v1/events") == 200


async def test_a_question_that_is_posted_is_a_reading_and_what_only_begins_like_it_is_none() -> None:
    assert await status(READ, "POST", "/api/v1/search") == 200
    assert await status(READ, "POST", "/api/v1/search/keep") == 403
    assert await status(READ, "POST", "/api/v1/searches") == 403
