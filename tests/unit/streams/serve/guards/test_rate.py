"""A client that asks too often waits; others do not."""

from __future__ import annotations

import httpx
from starlette.responses import PlainTextResponse

from streams.serve.guards.rate import MAX_CLIENTS, RateBounds, RateLimit


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def ask(guarded: RateLimit, client: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=guarded, client=(client, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as session:
        return await session.get("/")


async def test_a_burst_passes_and_then_one_at_a_time() -> None:
    seconds = Seconds()
    guarded = RateLimit(PlainTextResponse("ok"), RateBounds(per_second=2, burst=3), seconds)
    statuses = [(await ask(guarded, "10.0.0.1")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert (await ask(guarded, "10.0.0.1")).headers["Retry-After"] == "1"
    assert (await ask(guarded, "10.0.0.2")).status_code == 200
    seconds.now += 0.5
    assert [(await ask(guarded, "10.0.0.1")).status_code for _ in range(2)] == [200, 429]


async def test_a_pause_gives_no_more_than_one_burst() -> None:
    seconds = Seconds()
    guarded = RateLimit(PlainTextResponse("ok"), RateBounds(per_second=2, burst=3), seconds)
    await ask(guarded, "10.0.0.1")
    seconds.now += 1_000
    statuses = [(await ask(guarded, "10.0.0.1")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_the_clients_remembered_are_bounded() -> None:
    guarded = RateLimit(PlainTextResponse("ok"), RateBounds(), Seconds())
    for number in range(MAX_CLIENTS + 5):
        guarded._seconds_to_wait(str(number))
    assert len(guarded._buckets) == MAX_CLIENTS
