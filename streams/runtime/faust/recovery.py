"""Recovery: after a rebalance the slots are taken over, and only then records flow.

Faust's own recovery resumes partitions, then seeks, then clears queues, so that events arrive out of order; it
waits on control records; and it logs errors and goes on. This one has another order:

1. the take-over (slots/take_over.py): fence, restore the state, know every position; nothing is fetched meanwhile
2. Faust's flow is opened; aiokafka's partitions are still paused
3. seek exactly, with new tokens, un-paused last
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from faust.tables import TableManager as FaustTableManager
from faust.tables.recovery import RebalanceAgain, ServiceStopped
from faust.tables.recovery import Recovery as FaustRecovery
from faust.types import TP
from mode import Service

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.fatal import die

TURN_SECONDS = 60.0
"""How long a take-over waits at most for the former one to close its slots. One that is just resuming many contacts
takes seconds.
"""

log = structlog.get_logger()


class Recovery(FaustRecovery):  # type: ignore[misc]  # Faust publishes no types
    """One take-over per rebalance; a rebalance in between starts it again, when the former one has ended.

    mode cancels the former one without waiting for it. What it opened would be in use: its slots' folders are locked.
    """

    def __post_init__(self) -> None:
        """Called by mode's constructor."""
        super().__post_init__()
        self._turn = asyncio.Lock()

    @Service.task  # type: ignore[untyped-decorator]  # mode publishes no types
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                break
            self.signal_recovery_start.clear()
            try:
                await self._take_over(self._generation_id)
            except RebalanceAgain:
                continue
            except ServiceStopped:
                break
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001  # slots cannot work after half a take-over
                die("the take-over failed", error)

    async def _take_over(self, generation: int) -> None:
        app, consumer = self.app, self.app.consumer
        self._set_recovery_started()
        positions: dict[Partition, int] = {}

        async def take_over() -> None:
            async with self._own_turn():
                positions.update(await app.slot_manager.take_over(consumer.assignment()))

        await self._wait(take_over())  # 1
        await app.on_rebalance_complete.send()
        self._set_recovery_ended()
        self.completed.set()
        consumer.resume_partitions({TP(*partition) for partition in positions})  # 2
        app.flow_control.resume()
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        if generation == app.consumer_generation_id:
            await self._wait(app.slot_manager.start(positions))  # 3
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise Internal("a take-over that a rebalance made void did not end; the broker may be away") from error
        try:
            yield
        finally:
            self._turn.release()


class TableManager(FaustTableManager):  # type: ignore[misc]  # Faust publishes no types
    """Makes this module's recovery, and starts without Faust's sleep of one second."""

    @property
    def recovery(self) -> Recovery:
        """The app's recovery service, made at first use."""
        if self._recovery is None:  # type: ignore[has-type]  # Faust publishes no types
            self._recovery = Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        """Starts the recovery; called by Faust."""
        await self._update_channels()
        await self.recovery.start()
