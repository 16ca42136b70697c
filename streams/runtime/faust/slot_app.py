"""The Faust app: it provides the group, the assignor, streams and agents; the slots do every write and hold every
position.
"""

from __future__ import annotations

from typing import Protocol

import faust

from streams.runtime.fatal import die
from streams.runtime.faust.consumer import Transport


class Closeable(Protocol):
    """The slot manager, as far as the app needs it when it stops."""

    async def close(self) -> None:
        """Ends every slot's work and its producer."""


class SlotApp(faust.App):  # type: ignore[misc]  # Faust publishes no types
    """A Faust app whose errors end the process and whose slots are closed before Faust stops."""

    slot_manager: Closeable
    request_seconds: float = 10.0
    """How long it waits for a stalled broker (request_timeouts.py)."""
    journal_topic: str
    """The journal's full topic name: its records go to an agent of their own."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    async def on_stop(self) -> None:
        """Closes the slots first: Faust's own stop would take their consumer away."""
        await self.slot_manager.close()
        if self._consumer is not None:
            self._consumer._thread.leave_group_on_stop()
        await super().on_stop()

    async def crash(self, reason: BaseException) -> None:
        """Ends the process: Faust restarts agents after a crash, and the runs they were working on are lost."""
        die("Faust gave up", reason)
