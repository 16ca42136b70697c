"""A producer stops also where its broker never takes what is left."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from streams.runtime.faust.producer_stop import stop_producer

LIMIT_SECONDS = 10.0


class ClosablePart:
    """A part of a producer; it tells that it was closed."""

    def __init__(self, name: str, closed: list[str]) -> None:
        self._name = name
        self._closed = closed

    async def close(self) -> None:
        self._closed.append(self._name)


class UndeliveredProducer:
    """An AIOKafkaProducer that may hold a record which no broker takes; `closed` says what was closed in it."""

    def __init__(self, *, is_delivered: bool) -> None:
        self.closed: list[str] = []
        self.client = ClosablePart("client", self.closed)
        self._sender = ClosablePart("sender", self.closed)
        self._is_delivered = is_delivered

    async def flush(self) -> None:
        if not self._is_delivered:
            await asyncio.Event().wait()

    async def stop(self) -> None:
        await self.flush()
        self.closed.append("all")


@pytest.mark.parametrize(("is_delivered", "closed"), [(True, ["all"]), (False, ["sender", "client"])])
async def test_what_no_broker_takes_is_given_up_and_the_connections_are_closed(
    is_delivered: bool, closed: list[str]
) -> None:
    producer = UndeliveredProducer(is_delivered=is_delivered)
    async with asyncio.timeout(LIMIT_SECONDS):
        await stop_producer(cast(Any, producer), 0.01 if not is_delivered else LIMIT_SECONDS)
    assert producer.closed == closed
