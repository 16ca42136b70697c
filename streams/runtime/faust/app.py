"""The Faust app: what it gives is the group, the assignor, streams and agents; every write and position is the
slots'.
"""

from __future__ import annotations

from typing import Protocol

import faust

from streams.runtime.fatal import die
from streams.runtime.faust.consumer import Transport


class Closeable(Protocol):
    """What the app needs of the shell when it stops."""

    async def close(self) -> None:
        """Ends every slot's work and its producer."""


class SlotApp(faust.App):  # type: ignore[misc]  # Faust publishes no types
    """A Faust app whose errors end the process and whose slots are closed before Faust stops."""

    slot_manager: Closeable
    request_seconds: float = 10.0
    """How long a stalled broker is waited for (stalls.py)."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)

    async def on_stop(self) -> None:
        """The slots first: Faust's own stop takes the consumer away from under them."""
        await self.slot_manager.close()
        if self._consumer is not None:
            self._consumer._thread.leave_group_on_stop()
        await super().on_stop()

    async def crash(self, reason: BaseException) -> None:
        """Ends the process: Faust restarts agents after a crash, and the run they held is lost."""
        die("Faust gave up", reason)
