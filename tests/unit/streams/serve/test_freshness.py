"""A value that many ask for is read once in a while."""

from __future__ import annotations

import asyncio

import pytest

from streams.errors import BrokerUnavailable
from streams.serve.freshness import FreshValue


class Source:
    def __init__(self) -> None:
        self.count = 0
        self.is_away = False

    async def read(self) -> int:
        await asyncio.sleep(0)
        if self.is_away:
            raise BrokerUnavailable("away")
        self.count += 1
        return self.count


async def test_those_who_ask_at_once_get_the_same_reading() -> None:
    source = Source()
    value = FreshValue(source.read, 60)
    assert await asyncio.gather(*(value.get() for _ in range(5))) == [1] * 5


async def test_an_old_value_is_read_again() -> None:
    source = Source()
    value = FreshValue(source.read, 0)
    assert [await value.get(), await value.get()] == [1, 2]


async def test_a_reading_that_fails_gives_the_last_value_where_that_is_wanted() -> None:
    source = Source()
    kept, plain = FreshValue(source.read, 0, keeps_last=True), FreshValue(source.read, 0)
    source.is_away = True
    with pytest.raises(BrokerUnavailable):
        await kept.get()
    source.is_away = False
    assert [await kept.get(), await plain.get()] == [1, 2]
    source.is_away = True
    assert await kept.get() == 1
    with pytest.raises(BrokerUnavailable):
        await plain.get()
