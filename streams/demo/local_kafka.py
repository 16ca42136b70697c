"""The demo's own Kafka: it starts in a thread, so that the rest of the program is loaded meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from connectors.kafka.format_cache import cache_format, restore_format
from connectors.ports import LOOPBACK, free_port

GIVE_UP_SECONDS = 2.0


class DemoKafka:
    """The broker on `folder`. `status` says what its start is at."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._port = free_port()
        self._broker = LocalBroker(folder, self._port, lists_classes=True)
        self._start_result: Future[None] | None = None
        self._results: list[Future[None]] = []
        self._is_given_up = False
        self.status = ""

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"{LOOPBACK}:{self._port}"

    def begin_start(self) -> None:
        """Fetches Kafka if need be and starts it, in a thread that keeps no process from its end."""
        self._start_result = self._run_in_thread(self._start)

    async def await_start(self) -> None:
        """Returns when the broker accepts connections. Raises as `LocalBroker.start`."""
        assert self._start_result is not None
        is_done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake(_result: Future[None]) -> None:
            with contextlib.suppress(RuntimeError):  # nobody waits any more, and the loop is closed
                loop.call_soon_threadsafe(is_done.set)

        self._start_result.add_done_callback(wake)
        await is_done.wait()
        self._start_result.result()

    def give_up(self) -> None:
        """Ends the start, or the broker if it runs, at once: what it has written is not needed."""
        self._end_threads()
        self._broker.kill()

    def stop(self) -> None:
        """Stops the broker in good order. Raises LocalBrokerError when it does not end."""
        self._end_threads()
        self._broker.stop()

    def prepare_next_start(self) -> None:
        """Lets the next start take half the time: in a thread, until the broker stops."""
        self._run_in_thread(self._prepare)

    def _start(self) -> None:
        restore_format(self._data)
        self._broker.start(self._report)
        cache_format(self._data)

    def _prepare(self) -> None:
        with contextlib.suppress(_GivenUp):
            self._broker.archive_classes(self._report)

    def _run_in_thread(self, work: Callable[[], None]) -> Future[None]:
        """Begins `work` in a thread that keeps no process from its end."""
        result: Future[None] = Future()
        result.set_running_or_notify_cancel()

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                result.set_exception(error)
            else:
                result.set_result(None)

        threading.Thread(target=run, name="kafka", daemon=True).start()
        self._results.append(result)
        return result

    def _end_threads(self) -> None:
        self._is_given_up = True
        wait(self._results, timeout=GIVE_UP_SECONDS)

    def _report(self, what: str, done: int, total: int) -> None:
        if self._is_given_up:
            raise _GivenUp
        self.status = f"{what} {done >> 20} of {total >> 20} MB" if total else what


class _GivenUp(Exception):
    """The start is not wanted any more."""
