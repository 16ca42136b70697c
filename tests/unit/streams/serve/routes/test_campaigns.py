"""Campaigns are read together, however many an account has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import msgspec

from connectors.redis.connection import Command, RedisClient
from streams.views.reader import ViewReader
from tests.harness.serve.api import serving

CAMPAIGNS = 600
MAX_CALLS = 32

SUM = {"count": 1, "amount": "5"}
REVENUE = msgspec.json.encode({"currency": "EUR", "won": SUM, "open": SUM, "lost": SUM})


class CountingRedis:
    """Answers as a Redis whose campaigns all have one lead handed over; `most` is how many calls it had at once."""

    def __init__(self) -> None:
        self.most = 0
        self._calls = 0

    async def execute(self, *command: Any) -> Any:
        with self._call():
            await asyncio.sleep(0)
            return self._answer(command)

    async def execute_all(self, commands: Sequence[Command]) -> list[Any]:
        with self._call():
            await asyncio.sleep(0)
            return [self._answer(command) for command in commands]

    @contextmanager
    def _call(self) -> Iterator[None]:
        self._calls += 1
        self.most = max(self.most, self._calls)
        try:
            yield
        finally:
            self._calls -= 1

    @staticmethod
    def _answer(command: Command) -> Any:
        name, key = str(command[0]), str(command[1])
        if name == "SMEMBERS":
            return [b"c%d" % number for number in range(CAMPAIGNS)]
        if name == "HGETALL":
            return [b"EUR", REVENUE] if key.endswith(":c7") else []
        if name == "HMGET":
            return [b"1"] * 5 if key.endswith(":deployment") else [b"1", None, None, None]
        return 1 if key.endswith(":qualified") else 0


async def test_six_hundred_campaigns_take_few_connections() -> None:
    redis = CountingRedis()
    async with serving() as (api, client):
        api.context.views = ViewReader(cast(RedisClient, redis))
        answer = await client.get("/api/v1/campaigns")
    campaigns = {each["campaign"]: each for each in answer.json()["campaigns"]}
    assert len(campaigns) == CAMPAIGNS + 1, "and the one that is defined"
    assert {each["statuses"]["qualified"] for each in campaigns.values()} == {1}
    assert {each["handed_over"] for each in campaigns.values()} == {1}
    earned = {name: [row["won"]["amount"] for row in each["revenue"]] for name, each in campaigns.items()}
    assert {name: amounts for name, amounts in earned.items() if amounts} == {"c7": ["5"]}
    assert redis.most < MAX_CALLS
