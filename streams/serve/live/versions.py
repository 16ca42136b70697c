"""What changes without being a change of the feed: clients watch it by its version, and read it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Literal, Self

from streams.errors import LeadstreamError
from streams.serve.problems import HttpProblem

Watched = Literal[
    "contacts", "segment-members", "leads", "campaign-revenue", "definitions", "dead-letters", "workers"
]
"""The topics of the read models, those of definitions and dead letters, and what `GET /workers` tells."""

PERIOD_SECONDS = 0.5

Versions = Mapping[str, str]
"""What is watched -> a text that is another one when it has changed."""


class VersionWatch:
    """Asks for versions again and again while it is entered; `news` are those that are new.

    `sources`: each answers some of what is watched. One that fails is asked again: whoever watches has what was told
    last, and what is read then says what is wrong.
    """

    def __init__(self, sources: Sequence[Callable[[], Awaitable[Versions]]], period: float = PERIOD_SECONDS) -> None:
        self._sources = sources
        self._period = period
        self._known: dict[str, str] = {}
        self._news: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._follow(source)) for source in self._sources]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def news(self) -> Versions:
        """What has another version than at the last call; at the first one everything that is known."""
        for task in self._tasks:
            if task.done():
                task.result()  # a fault of the program is no silence
        news, self._news = self._news, {}
        return news

    async def _follow(self, source: Callable[[], Awaitable[Versions]]) -> None:
        while True:
            try:
                found = await source()
            except (LeadstreamError, HttpProblem):
                found = {}
            for name, version in found.items():
                if self._known.get(name) != version:
                    self._known[name] = self._news[name] = version
            await asyncio.sleep(self._period)
