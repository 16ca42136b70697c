"""Simulates a sales team in the sandbox: converts leads, wins, loses and sometimes reopens opportunities."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp

from schemas.values import instant_text
from streams.demo.traffic import DAY

POLL_SECONDS = 0.5

CONVERSION_RATE = 0.65
WIN_RATE = 0.55
REOPEN_RATE = 0.08

OrgRow = dict[str, Any]


class SalesSimulator:
    """An async context manager that uses the control endpoints of the sandbox at `url`.

    What it does with a record depends only on the record's id and on the simulated time (`now()` in ms).
    """

    def __init__(self, url: str, now: Callable[[], int | None]) -> None:
        self._base = f"{url}/__sandbox__"
        self._now = now
        self._session: aiohttp.ClientSession | None = None
        self._last_clock = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def run(self) -> None:
        """Works until it is cancelled."""
        while True:
            now = self._now()
            if now is not None:
                await self.run_round(now)
            await asyncio.sleep(POLL_SECONDS)

    async def run_round(self, now: int) -> None:
        """Does everything that is due at `now` (ms)."""
        if now > self._last_clock:
            await self._post("clock", at=instant_text(now))
            self._last_clock = now
        for lead in await self._fetch_rows("Lead"):
            if not lead["IsConverted"] and not lead["IsDeleted"]:
                await self._convert_if_due(lead, now)
        for opportunity in await self._fetch_rows("Opportunity"):
            if not opportunity["IsDeleted"]:
                await self._advance_opportunity(opportunity, now)

    async def _convert_if_due(self, lead: OrgRow, now: int) -> None:
        random = Random(f"lead {lead['Id']}")
        if random.random() < CONVERSION_RATE and now > _parse_timestamp(lead["CreatedDate"]) + random.randint(
            DAY // 2, 3 * DAY
        ):
            await self._post("convert", lead=lead["Id"], amount=500 * random.randint(4, 90))

    async def _advance_opportunity(self, opportunity: OrgRow, now: int) -> None:
        stage, record_id = opportunity["StageName"], opportunity["Id"]
        random = Random(f"{stage} {record_id}")
        if now < _parse_timestamp(opportunity["LastModifiedDate"]) + random.randint(DAY, 4 * DAY):
            return
        if stage == "Prospecting":
            await self._post("win" if random.random() < WIN_RATE else "lose", opportunity=record_id)
        elif stage == "Closed Won" and random.random() < REOPEN_RATE:
            await self._post("reopen", opportunity=record_id)
        elif stage == "Negotiation/Review":
            await self._post("lose" if random.random() < WIN_RATE else "win", opportunity=record_id)

    async def _fetch_rows(self, object_type: str) -> list[OrgRow]:
        assert self._session is not None
        async with self._session.get(f"{self._base}/records/{object_type}") as response:
            response.raise_for_status()
            rows: list[OrgRow] = await response.json()
            return rows

    async def _post(self, action: str, **body: Any) -> None:
        assert self._session is not None
        async with self._session.post(f"{self._base}/{action}", json=body) as response:
            response.raise_for_status()


def _parse_timestamp(text: str) -> int:
    """Returns the ms of a timestamp such as `2026-05-01T07:25:37.000+0000`."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)
