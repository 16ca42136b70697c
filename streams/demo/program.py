"""The demo as a program: surroundings, traffic, sales people and the live view, from the start to the last word."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from schemas.definitions import Definitions
from streams.demo.environment import Surroundings, sample_definitions, sample_release
from streams.demo.follow import Follower
from streams.demo.player import Player, ticks_for
from streams.demo.sales import Sales
from streams.demo.state import State
from streams.demo.traffic import Market
from streams.demo.view import render
from streams.errors import UsageError
from streams.publish.producer import Sender
from streams.publish.publisher import Publisher
from streams.settings import Settings
from streams.store.journal_follower import JournalFollower
from streams.store.releases import Releases

PLAYED_SECONDS = 90.0
DRAWN_PER_SECOND = 8
RATE_SECONDS = 3.0
CLOSING_SECONDS = 5.0
"""Of a run that ends by itself: left for the last hand-overs after the traffic."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for. `seconds`: it ends by itself; `keep`: a folder that stays; `settings`: a Kafka that runs."""

    seconds: float | None = None
    keep: Path | None = None
    settings: Settings | None = None
    contacts: int = 400
    days: int = 28


class Demo:
    """One run; `state` is what there is to see."""

    def __init__(self, plan: Plan, console: Console) -> None:
        played = PLAYED_SECONDS if plan.seconds is None else max(5.0, plan.seconds - CLOSING_SECONDS)
        self._plan = plan
        self._console = console
        self._market = Market(contacts=plan.contacts, days=plan.days, tick=ticks_for(played, plan.days))
        self._played = played
        self._stop = asyncio.Event()
        self._began = time.monotonic()
        self._points: deque[tuple[float, int, int]] = deque()
        self.definitions: Definitions = sample_definitions()
        self.state = State(begin=self._market.begin, end=self._market.end)

    async def run(self) -> None:
        """Until the end of the plan, or Ctrl-C; nothing runs any more when it returns."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, self._stop.set)
        live = Live(console=self._console, auto_refresh=False, screen=self._console.is_terminal)
        with _folder(self._plan.keep) as folder, live:
            drawing = asyncio.create_task(self._draw(live))
            try:
                await self._until_stopped(self._in(folder))
            finally:
                drawing.cancel()
                await asyncio.gather(drawing, return_exceptions=True)
                self._say("")

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` to its end, or cancels it when the user has had enough."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            await working
            return
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working

    async def _in(self, folder: Path) -> None:
        async with AsyncExitStack() as stack:
            place = await stack.enter_async_context(Surroundings(folder, self._plan.settings, self._say))
            settings = place.settings
            follower = await stack.enter_async_context(Follower(settings, self.state))
            sales = await stack.enter_async_context(Sales(place.org_url, lambda: self.state.simulated))
            publisher = Publisher(
                await stack.enter_async_context(Sender(settings)),
                tells_time=True,
                releases=Releases(settings, "events"),
                journal=await stack.enter_async_context(JournalFollower(settings)),
            )
            await _first_to_end(self._play(publisher), follower.run(), sales.run(), place.worker_ended())

    async def _play(self, publisher: Publisher) -> None:
        """Plays until the plan's end, so that the last hand-overs can happen; without one until Ctrl-C.

        Seconds count from when the worker has taken the sample definitions.
        """
        await publisher.publish([sample_release(self._market.begin)])
        self._say("")
        player = Player(publisher, self.state, self._market, self._played)
        seconds = self._plan.seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await player.play()
                self._say("four weeks are over" + ("; Ctrl-C ends the demo" if seconds is None else ""))
                await self._stop.wait()

    def _say(self, message: str) -> None:
        self.state.message = message

    async def _draw(self, live: Live) -> None:
        while True:
            self._measure()
            live.update(render(self.state, self.definitions), refresh=True)
            await asyncio.sleep(1 / DRAWN_PER_SECOND)

    def _measure(self) -> None:
        """Rates over the last seconds, and how long it took until there was something to see."""
        now, state = time.monotonic(), self.state
        if state.changes and state.first_change_seconds is None:
            state.first_change_seconds = round(now - self._began, 2)
        self._points.append((now, state.published, state.changes))
        while now - self._points[0][0] > RATE_SECONDS:
            self._points.popleft()
        then, published, changes = self._points[0]
        if now > then:
            state.publishing_rate = (state.published - published) / (now - then)
            state.changing_rate = (state.changes - changes) / (now - then)


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Runs all side by side until one ends or fails; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, or one that is removed at the end."""
    if keep is not None:
        if (keep / "kafka").exists():
            raise UsageError(f"{keep} holds an earlier demo; name another folder, or remove it")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.absolute()
        return
    folder = Path(tempfile.mkdtemp(prefix="leadstream-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
