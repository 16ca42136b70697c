"""Runs the demo: its environment, the traffic, the simulated sales team and the live view."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.demo.environment import DemoEnvironment
from streams.demo.follow import OutputFollower
from streams.demo.guide import CommandGuide, program_name
from streams.demo.local_kafka import DemoKafka
from streams.demo.player import TrafficPlayer, tick_interval
from streams.demo.sales import SalesSimulator, TypedField, TypedFieldEvent
from streams.demo.sample import sample_definitions, sample_release
from streams.demo.state import DemoState
from streams.demo.traffic import TrafficSettings
from streams.demo.view import render
from streams.interrupt import END_SIGNALS
from streams.publish.producer import EventProducer
from streams.publish.publisher import Publisher
from streams.publish.release_lines import ReleaseLineWriter
from streams.settings import Settings
from streams.store.journal_follower import JournalFollower
from streams.store.releases import ReleaseRepository

DEFAULT_TRAFFIC_SECONDS = 90.0
FRAMES_PER_SECOND = 8
RATE_WINDOW_SECONDS = 3.0
FIRST_CHANGE_SECONDS = 3.0
"""After so long the rest is started also without a change, which few contacts may not make at once."""
CLOSING_SECONDS = 5.0
"""In a run that ends by itself: time for the last hand-overs after the traffic."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line asks for."""

    seconds: float | None = None
    """After so many seconds of traffic the run ends; None: with Ctrl-C only."""
    settings: Settings | None = None
    """A Kafka that runs already; None: the demo has its own."""
    has_console: bool = True
    """Whether the console is started, too."""
    contacts: int = 400
    days: int = 28


class Demo:
    """One run; `state` is what the live view shows."""

    def __init__(
        self, options: DemoOptions, folder: Path, kafka: DemoKafka | None, console: Console, start_time: float
    ) -> None:
        traffic_seconds = (
            DEFAULT_TRAFFIC_SECONDS if options.seconds is None else max(5.0, options.seconds - CLOSING_SECONDS)
        )
        self._options = options
        self._folder = folder
        self._kafka = kafka
        self._console = console
        self._traffic_settings = TrafficSettings(
            contacts=options.contacts, days=options.days, tick=tick_interval(traffic_seconds, options.days)
        )
        self._traffic_seconds = traffic_seconds
        self._stop_requested = asyncio.Event()
        self._stop_signal: int | None = None
        self._begin = asyncio.Event()
        self._first_change = asyncio.Event()
        self._start_time = start_time
        self._rate_samples: deque[tuple[float, int, int]] = deque()
        self.definitions: Definitions = sample_definitions()
        self.state = DemoState(begin=self._traffic_settings.begin, end=self._traffic_settings.end)

    @property
    def interrupt(self) -> int | None:
        """The signal that ended the run before there was any traffic; None where there was some."""
        return None if self._begin.is_set() else self._stop_signal

    async def run(self) -> None:
        """Runs until the time is over or Ctrl-C; when it returns, nothing runs any more."""
        loop = asyncio.get_running_loop()
        for number in END_SIGNALS:
            loop.add_signal_handler(number, self._request_stop, number)
        with Live(console=self._console, auto_refresh=False, screen=self._console.is_terminal) as live:
            draw_task = asyncio.create_task(self._draw_frames(live))
            try:
                await self._run_until_stopped(self._run())
            finally:
                draw_task.cancel()
                await asyncio.gather(draw_task, return_exceptions=True)
                self._set_message("")
                self.state.guide = self.state.console_address = (
                    None  # there is nothing any more that commands could reach
                )

    def _request_stop(self, number: int) -> None:
        self._stop_signal = number
        self._stop_requested.set()

    async def _run_until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` to its end, or cancels it on Ctrl-C."""
        work_task = asyncio.create_task(work)
        stop_task = asyncio.create_task(self._stop_requested.wait())
        await asyncio.wait({work_task, stop_task}, return_when=asyncio.FIRST_COMPLETED)
        stop_task.cancel()
        if work_task.done():
            await work_task
            return
        work_task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work_task

    async def _run(self) -> None:
        async with AsyncExitStack() as stack:
            environment = await stack.enter_async_context(
                DemoEnvironment(
                    self._folder,
                    self._kafka,
                    self._options.settings,
                    self.definitions,
                    self._set_message,
                    has_console=self._options.has_console,
                )
            )
            settings = environment.settings
            variables = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
            self.state.guide = CommandGuide(program_name(), variables)
            follower, sales, producer, journal = await _enter_all(
                stack,
                OutputFollower(settings, self.state),
                SalesSimulator(environment.org_url, lambda: self.state.simulated_instant, self._note_typed_field),
                EventProducer(settings),
                JournalFollower(settings),
            )
            publisher = Publisher(
                producer,
                advances_clock=True,
                releases=ReleaseLineWriter(ReleaseRepository(settings, "events")),
                journal=journal,
            )
            completion = asyncio.create_task(self._complete_later(environment))
            stack.callback(completion.cancel)
            await _run_until_first_ends(
                self._play_traffic(publisher), follower.run(), sales.run(), environment.watch_worker()
            )
            # The summary is of all that was decided, and so of what is kept.
            self._set_message("stopping")
            await environment.stop_worker()
            await follower.read_to_end()

    async def _complete_later(self, environment: DemoEnvironment) -> None:
        """Starts the rest when the first change is there: until then every process would keep it waiting."""
        await self._begin.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_CHANGE_SECONDS):
                await self._first_change.wait()
        environment.complete()
        environment.prepare_next_start()
        self.state.console_address = await environment.await_console()

    async def _play_traffic(self, publisher: Publisher) -> None:
        """Plays the traffic, then waits for the time to be over or for Ctrl-C, so that the last hand-overs happen.

        The time begins when the worker has accepted the sample definitions.
        """
        await publisher.publish([sample_release(self._traffic_settings.begin)])
        self._begin.set()
        self._set_message("")
        player = TrafficPlayer(publisher, self.state, self._traffic_settings, self._traffic_seconds)
        seconds = self._options.seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await player.play()
                self._set_message("four weeks are over" + ("; Ctrl-C ends the demo" if seconds is None else ""))
                await self._stop_requested.wait()

    def _note_typed_field(self, event: TypedFieldEvent, typed: TypedField) -> None:
        at = instant_text(self.state.simulated_instant or self.state.begin)
        self.state.apply_typed_field(event, typed.contact, typed.field, typed.value, at)

    def _set_message(self, message: str) -> None:
        self.state.message = message

    async def _draw_frames(self, live: Live) -> None:
        while True:
            self._update_rates()
            if not self._console.quiet:
                size = self._console.size
                live.update(render(self.state, self.definitions, size.width, size.height), refresh=True)
            await asyncio.sleep(1 / FRAMES_PER_SECOND)

    def _update_rates(self) -> None:
        """Updates the rates over the last seconds, and once the time until the first change."""
        now, state = time.monotonic(), self.state
        if state.change_count and state.first_change_seconds is None:
            state.first_change_seconds = round(now - self._start_time, 2)
            self._first_change.set()
        self._rate_samples.append((now, state.published_count, state.change_count))
        while now - self._rate_samples[0][0] > RATE_WINDOW_SECONDS:
            self._rate_samples.popleft()
        then, published, changes = self._rate_samples[0]
        if now > then:
            state.publish_rate = (state.published_count - published) / (now - then)
            state.change_rate = (state.change_count - changes) / (now - then)


async def _enter_all(
    stack: AsyncExitStack,
    follower: OutputFollower,
    sales: SalesSimulator,
    producer: EventProducer,
    journal: JournalFollower,
) -> tuple[OutputFollower, SalesSimulator, EventProducer, JournalFollower]:
    """Enters all at the same time, since each waits for answers."""
    return await asyncio.gather(
        stack.enter_async_context(follower),
        stack.enter_async_context(sales),
        stack.enter_async_context(producer),
        stack.enter_async_context(journal),
    )


async def _run_until_first_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Runs all concurrently until one ends or fails, then cancels the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
