"""Each guard of the runtime, taken away: with any of these the oracle must find something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from streams.runtime.faust.fetch_thread import ConsumerThread
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.slots.take_over import TakeOver
from streams.runtime.slots.transaction import TransactionBatch

log = structlog.get_logger()

WINDOW_SECONDS = 0.35


class TakeOverReadsUncommitted(TakeOver):
    """Recovery believes what was never committed."""

    isolation_level = "read_uncommitted"

    async def stable_ends(self, reader: Any, by_tp: Any) -> Any:
        """The ends as they are: hanging transactions are no matter to one that reads them."""
        return await reader.end_offsets(list(by_tp))


class TakeOverReadsBeforeFencing(TakeOver):
    """The truth is read before the former owner is fenced."""

    async def run(self, slots: Sequence[Slot]) -> None:
        """Steps in the wrong order, with a window between them."""
        if not slots:
            return
        await self.restore_state(slots)
        log.info("window")
        await asyncio.sleep(WINDOW_SECONDS)
        await self.fence(slots)

    async def stable_ends(self, reader: Any, by_tp: Any) -> Any:
        """The stable ends: there is no producer yet that could end what hangs."""
        return await reader.end_offsets(list(by_tp))


class TakeOverNeverAborts(TakeOver):
    """A hanging transaction is left to be adopted by the next commit."""

    async def stable_ends(self, reader: Any, by_tp: Any) -> Any:
        """The stable ends, as if they were the log's."""
        return await reader.end_offsets(list(by_tp))


class SlotWithSeparateCheckpoint(Slot):
    """Positions follow in a transaction of their own."""

    def add_checkpoint(self, batch: TransactionBatch) -> None:
        """Not in this transaction."""

    async def commit(self, batch: TransactionBatch) -> None:
        """Two transactions, and a step between them."""
        await super().commit(batch)
        apart = TransactionBatch(self.partitions, self._producer.new_batch_writer(), batch.checkpoint)
        super().add_checkpoint(apart)
        await self._producer.write(apart.writer)


def _read_inputs_uncommitted(members: dict[str, Any]) -> None:
    create = ConsumerThread._create_worker_consumer

    def create_uncommitted(self: ConsumerThread, transport: Any) -> Any:
        consumer = create(self, transport)
        consumer._isolation_level = "read_uncommitted"
        return consumer

    ConsumerThread._create_worker_consumer = create_uncommitted  # type: ignore[method-assign]


def _restore_uncommitted(members: dict[str, Any]) -> None:
    members["takeover_class"] = TakeOverReadsUncommitted


def _read_before_fencing(members: dict[str, Any]) -> None:
    members["takeover_class"] = TakeOverReadsBeforeFencing


def _never_abort(members: dict[str, Any]) -> None:
    members["takeover_class"] = TakeOverNeverAborts


def _separate_checkpoint(members: dict[str, Any]) -> None:
    members["slot_class"] = SlotWithSeparateCheckpoint


GUARDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "recovery-reads-committed": _restore_uncommitted,
    "feeds-read-committed": _read_inputs_uncommitted,
    "fence-first": _read_before_fencing,
    "positions-in-the-transaction": _separate_checkpoint,
    "exorcism": _never_abort,
}


def slot_manager_without(guard: str, producer: type[SlotProducer]) -> type[SlotManager]:
    """The shell's class without a guard ("" for none), with this kind of producer for its slots."""
    members: dict[str, Any] = {"producer_class": producer}
    if guard:
        GUARDS[guard](members)
    return type("ChaosShell", (SlotManager,), members)
