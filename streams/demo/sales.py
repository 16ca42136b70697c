"""Plays the sales people in the stand-in org: leads are converted, opportunities won, lost, now and then reopened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Self

import aiohttp

from schemas.values import instant_text

DAY = 86_400_000
PAUSE_SECONDS = 0.5

CONVERTED = 0.65
WON = 0.55
REOPENED = 0.08

Row = dict[str, Any]


class Sales:
    """Works on the control side of the stand-in org at `url`. An async context manager.

    What is done about a record depends on its id and on the simulated time (`now()` in ms) only.
    """

    def __init__(self, url: str, now: Callable[[], int | None]) -> None:
        self._base = f"{url}/__sandbox__"
        self._now = now
        self._session: aiohttp.ClientSession | None = None
        self._told = 0

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
                await self.round(now)
            await asyncio.sleep(PAUSE_SECONDS)

    async def round(self, now: int) -> None:
        """Does what is due at `now`."""
        if now > self._told:
            await self._post("clock", at=instant_text(now))
            self._told = now
        for lead in await self._records("Lead"):
            if not lead["IsConverted"] and not lead["IsDeleted"]:
                await self._consider(lead, now)
        for opportunity in await self._records("Opportunity"):
            if not opportunity["IsDeleted"]:
                await self._negotiate(opportunity, now)

    async def _consider(self, lead: Row, now: int) -> None:
        mind = Random(f"lead {lead['Id']}")
        if mind.random() < CONVERTED and now > _millis(lead["CreatedDate"]) + mind.randint(DAY // 2, 3 * DAY):
            await self._post("convert", lead=lead["Id"], amount=500 * mind.randint(4, 90))

    async def _negotiate(self, opportunity: Row, now: int) -> None:
        stage, name = opportunity["StageName"], opportunity["Id"]
        mind = Random(f"{stage} {name}")
        if now < _millis(opportunity["LastModifiedDate"]) + mind.randint(DAY, 4 * DAY):
            return
        if stage == "Prospecting":
            await self._post("win" if mind.random() < WON else "lose", opportunity=name)
        elif stage == "Closed Won" and mind.random() < REOPENED:
            await self._post("reopen", opportunity=name)
        elif stage == "Negotiation/Review":
            await self._post("lose" if mind.random() < WON else "win", opportunity=name)

    async def _records(self, kind: str) -> list[Row]:
        assert self._session is not None
        async with self._session.get(f"{self._base}/records/{kind}") as answer:
            answer.raise_for_status()
            rows: list[Row] = await answer.json()
            return rows

    async def _post(self, action: str, **body: Any) -> None:
        assert self._session is not None
        async with self._session.post(f"{self._base}/{action}", json=body) as answer:
            answer.raise_for_status()


def _millis(stamp: str) -> int:
    """`2026-05-01T07:25:37.000+0000` in ms."""
    return int(datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)
