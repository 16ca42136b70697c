"""A client that asks too often waits; others do not."""

from __future__ import annotations

import httpx
from starlette.responses import PlainTextResponse

from streams.serve.guards.rate import MAX_CLIENTS, ClientRateLimit, RateBounds


class StoppedClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def ask(guarded: ClientRateLimit, client: str, path: str = "/api/v1/segments") -> httpx.Response:
    transport = httpx.ASGITransport(app=guarded, client=(client, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as session:
        return await session.get(path)


async def test_a_page_of_the_console_with_its_files_is_no_burst() -> None:
    guarded = ClientRateLimit(PlainTextResponse("ok"), RateBounds(per_second=2, burst=3), StoppedClock())
    statuses = [(await ask(guarded, "10.0.0.1", "/js/main.js")).status_code for _ in range(28)]
    assert set(statuses) == {200}
    assert [(await ask(guarded, "10.0.0.1")).status_code for _ in range(2)] == [429, 429]
    assert (await ask(guarded, "10.0.0.1", "/js/main.js")).status_code == 200


async def test_a_burst_passes_and_then_one_at_a_time() -> None:
    seconds = StoppedClock()
    guarded = ClientRateLimit(PlainTextResponse("ok"), RateBounds(per_second=2, burst=3), seconds)
    statuses = [(await ask(guarded, "10.0.0.1")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert (await ask(guarded, "10.0.0.1")).headers["Retry-After"] == "1"
    assert (await ask(guarded, "10.0.0.2")).status_code == 200
    seconds.now += 0.5
    assert [(await ask(guarded, "10.0.0.1")).status_code for _ in range(2)] == [200, 429]


async def test_a_pause_gives_no_more_than_one_burst() -> None:
    seconds = StoppedClock()
    guarded = ClientRateLimit(PlainTextResponse("ok"), RateBounds(per_second=2, burst=3), seconds)
    await ask(guarded, "10.0.0.1")
    seconds.now += 1_000
    statuses = [(await ask(guarded, "10.0.0.1")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_a_client_that_goes_on_asking_is_not_forgotten_for_those_that_come() -> None:
    guarded = ClientRateLimit(PlainTextResponse("ok"), RateBounds(per_second=0.001, burst=2), StoppedClock())
    for number in range(MAX_CLIENTS + 5):
        guarded._seconds_to_wait(str(number))
        if number % 1_000 == 0:
            assert (guarded._seconds_to_wait("10.0.0.1") > 0) == (number > 1_000)


async def test_the_clients_remembered_are_bounded() -> None:
    guarded = ClientRateLimit(PlainTextResponse("ok"), RateBounds(), StoppedClock())
    for number in range(MAX_CLIENTS + 5):
        guarded._seconds_to_wait(str(number))
    assert len(guarded._buckets) == MAX_CLIENTS
