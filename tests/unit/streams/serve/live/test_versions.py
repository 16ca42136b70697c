"""What is watched is told at first, when it has changed, and goes on where a source fails for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from streams.errors import RedisUnavailable
from streams.serve.live.versions import VersionWatch

PERIOD = 0.001


class SourceUnderTest:
    """A source whose answer a test chooses."""

    def __init__(self, versions: Mapping[str, str]) -> None:
        self.versions = versions
        self.error: Exception | None = None
        self.asked = 0
        self._came = asyncio.Event()

    async def read(self) -> Mapping[str, str]:
        self.asked += 1
        self._came.set()
        if self.error is not None:
            raise self.error
        return self.versions

    async def wait(self, questions: int = 2) -> None:
        """Until it was asked so often more: what the first of two answers said is known then."""
        async with asyncio.timeout(30):
            for _ in range(questions):
                self._came.clear()
                await self._came.wait()


async def test_all_is_told_at_first_and_then_what_has_changed() -> None:
    source, other = SourceUnderTest({"contacts": "1", "leads": "1"}), SourceUnderTest({"workers": "a"})
    async with VersionWatch([source.read, other.read], PERIOD) as watch:
        await source.wait()
        await other.wait()
        assert watch.news() == {"contacts": "1", "leads": "1", "workers": "a"}
        await source.wait()
        assert watch.news() == {}
        source.versions = {"contacts": "2", "leads": "1"}
        await source.wait()
        assert watch.news() == {"contacts": "2"}


async def test_a_source_that_fails_for_a_while_is_asked_again() -> None:
    source = SourceUnderTest({"contacts": "1"})
    source.error = RedisUnavailable("no Redis answers")
    async with VersionWatch([source.read], PERIOD) as watch:
        await source.wait()
        assert watch.news() == {}
        source.error = None
        await source.wait()
        assert watch.news() == {"contacts": "1"}


async def test_a_fault_of_the_program_is_raised() -> None:
    source = SourceUnderTest({})
    source.error = ValueError("a fault")
    async with VersionWatch([source.read], PERIOD) as watch:
        await source.wait(1)
        await asyncio.sleep(0)  # the task ends
        with pytest.raises(ValueError, match="a fault"):
            watch.news()


async def test_nothing_is_asked_after_the_end() -> None:
    source = SourceUnderTest({"contacts": "1"})
    async with VersionWatch([source.read], PERIOD):
        await source.wait()
    asked = source.asked
    await asyncio.sleep(5 * PERIOD)
    assert source.asked == asked
