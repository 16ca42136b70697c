"""A slot's transactions on their way: one at a time at the broker, the next one built meanwhile.

What is built on a transaction in flight holds only if that one is committed. So the next is sent after its commit.
An error ends the process: the decider is ahead of what is committed, and the next owner starts from the changelog.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from streams.errors import Internal
from streams.runtime.slots.transaction import TransactionBatch

OVERDUE = "a transaction took longer than its bound; the broker may be away"


class TransactionPipeline:
    """Commits the transactions of one slot in the order in which they were built.

    `commit` writes one, within `bound_seconds`; `on_error` ends the process. `on_commit` is called after each commit.
    """

    def __init__(
        self,
        commit: Callable[[TransactionBatch], Awaitable[None]],
        on_error: Callable[[BaseException], Awaitable[None]],
        on_commit: Callable[[], None],
        bound_seconds: float,
    ) -> None:
        self._commit = commit
        self._on_error = on_error
        self._on_commit = on_commit
        self._bound_seconds = bound_seconds
        self._task: asyncio.Task[None] | None = None
        self._pending = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def is_busy(self) -> bool:
        """Whether a transaction is in flight."""
        return self._task is not None and not self._task.done()

    def hold(self) -> None:
        """A transaction is being built: `drain` waits for it too. `put` or `release` follows."""
        self._pending += 1
        self._idle.clear()

    def release(self) -> None:
        """What was held is committed, or is nothing."""
        self._pending -= 1
        if not self._pending:
            self._idle.set()

    async def put(self, batch: TransactionBatch) -> None:
        """Sends a transaction as soon as the one before it is committed; returns when it is on its way."""
        if self._task is not None:
            await asyncio.wait({self._task})
        self._task = asyncio.create_task(self._run(batch), name="transaction")

    async def drain(self) -> None:
        """Returns when everything built is committed."""
        await self._idle.wait()

    async def close(self) -> None:
        """Gives up what is in flight."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self, batch: TransactionBatch) -> None:
        try:
            async with asyncio.timeout(self._bound_seconds):
                await self._commit(batch)
        except asyncio.CancelledError:
            raise
        except TimeoutError:
            await self._on_error(Internal(OVERDUE))
        except BaseException as error:  # noqa: BLE001  # a slot that failed is not to be trusted
            await self._on_error(error)
        else:
            self.release()
            self._on_commit()
