"""Pages of other sites get no answer from a server on this machine."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from streams.serve.guards.origin import OriginGuard


async def status(host: str, method: str, headers: dict[str, str]) -> int:
    guarded = OriginGuard(PlainTextResponse("ok"), host)
    transport = httpx.ASGITransport(app=guarded)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8800") as session:
        return (await session.request(method, "/", headers=headers)).status_code


@pytest.mark.parametrize("name", ["127.0.0.1:8800", "localhost:8800", "LocalHost", "[::1]:8800", "127.0.0.1"])
async def test_names_of_loopback_are_answered(name: str) -> None:
    assert await status("127.0.0.1", "GET", {"Host": name}) == 200


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8800", "127.0.0.1.evil.example", "10.0.0.7", ""])
async def test_a_foreign_name_that_leads_to_loopback_is_refused(name: str) -> None:
    assert await status("127.0.0.1", "GET", {"Host": name}) == 421


async def test_on_another_address_every_name_is_answered() -> None:
    assert await status("0.0.0.0", "GET", {"Host": "leadstream.example.com"}) == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:1", "http://[", "garbage"])
async def test_a_foreign_origin_is_refused(method: str, origin: str) -> None:
    assert await status("127.0.0.1", method, {"Origin": origin}) == 403


async def test_the_consoles_own_requests_are_answered() -> None:
    own = {"Origin": "http://127.0.0.1:8800", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert await status("127.0.0.1", "POST", own) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_what_another_sites_page_loads_is_refused_and_a_link_to_the_console_is_not(site: str) -> None:
    assert await status("127.0.0.1", "GET", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}) == 403
    assert await status("127.0.0.1", "GET", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}) == 200
    assert await status("127.0.0.1", "POST", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}) == 403
