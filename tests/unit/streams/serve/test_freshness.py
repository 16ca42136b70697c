"""A value that many ask for is read once in a while."""

from __future__ import annotations

import asyncio

import pytest

from streams.errors import BrokerUnavailable
from streams.serve.freshness import FreshValue
from streams.serve.problems import HttpProblem


class CountedSource:
    def __init__(self) -> None:
        self.count = 0
        self.tries = 0
        self.is_away = False

    async def read(self) -> int:
        self.tries += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise BrokerUnavailable("away")
        self.count += 1
        return self.count


async def test_those_who_ask_at_once_get_the_same_reading() -> None:
    source = CountedSource()
    value = FreshValue(source.read, 60)
    assert await asyncio.gather(*(value.get() for _ in range(5))) == [1] * 5


async def test_an_old_value_is_read_again() -> None:
    source = CountedSource()
    value = FreshValue(source.read, 0)
    assert [await value.get(), await value.get()] == [1, 2]


async def test_a_reading_that_fails_gives_the_last_value_where_that_is_wanted() -> None:
    source = CountedSource()
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


async def test_a_system_that_hangs_is_waited_for_once() -> None:
    source = CountedSource()
    source.is_away = True
    value = FreshValue(source.read, 60)
    outcomes = await asyncio.gather(*(value.get() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [BrokerUnavailable] * 3
    assert source.tries == 1


async def test_a_question_that_takes_too_long_is_waited_for_once() -> None:
    tries = []

    async def read() -> int:
        tries.append(1)
        raise HttpProblem("too-slow", "no answer within 60 s")

    value = FreshValue(read, 60)
    outcomes = await asyncio.gather(*(value.get() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [HttpProblem] * 3
    assert len(tries) == 1
