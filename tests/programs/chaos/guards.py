"""Disables one guard of the runtime at a time; without any of them the oracle must find an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from streams.runtime.faust.fetch_thread import ConsumerThread
from streams.runtime.inputs.partition_buffer import PartitionBuffer
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.slots.take_over import TakeOver
from streams.runtime.slots.transaction import TransactionBatch

log = structlog.get_logger()

WINDOW_SECONDS = 0.35


class TakeOverReadsUncommitted(TakeOver):
    """Restores rows that were never committed."""

    isolation_level = "read_uncommitted"

    async def stable_ends(self, reader: Any, by_tp: Any) -> Any:
        """Returns the log ends; hanging transactions do not matter to an uncommitted reader."""
        return await reader.end_offsets(list(by_tp))


class TakeOverReadsBeforeFencing(TakeOver):
    """Restores the state before the former owner is fenced."""

    async def run(self, slots: Sequence[Slot]) -> None:
        """Runs the steps in the wrong order, with a window between them."""
        if not slots:
            return
        await self.restore_state(slots)
        log.info("window")
        await asyncio.sleep(WINDOW_SECONDS)
        await self.fence(slots)

    async def stable_ends(self, reader: Any, by_tp: Any) -> Any:
        """Returns the stable ends; there is no producer yet that could abort hanging transactions."""
        return await reader.end_offsets(list(by_tp))


class TakeOverNeverAborts(TakeOver):
    """Leaves a hanging transaction, which the next commit adopts."""

    async def stable_ends(self, reader: Any, by_tp: Any) -> Any:
        """Returns the stable ends instead of the log ends."""
        return await reader.end_offsets(list(by_tp))


class SlotWithSeparateCheckpoint(Slot):
    """Writes the checkpoint in a transaction of its own."""

    def add_checkpoint(self, batch: TransactionBatch) -> None:
        """Adds nothing to this transaction."""

    async def commit(self, batch: TransactionBatch) -> None:
        """Commits two transactions, one after the other."""
        await super().commit(batch)
        checkpoint_batch = TransactionBatch(self.partitions, self._producer.new_batch_writer(), batch.checkpoint)
        super().add_checkpoint(checkpoint_batch)
        await self._producer.write(checkpoint_batch.writer)


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


def _decide_unknown_journal(_members: dict[str, Any]) -> None:
    # What a slot appended is decided at once, though another slot's records may stand before it.
    PartitionBuffer._is_next = lambda self, offset: offset >= self.known_position  # type: ignore[method-assign]


GUARDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "recovery-reads-committed": _restore_uncommitted,
    "feeds-read-committed": _read_inputs_uncommitted,
    "fence-first": _read_before_fencing,
    "positions-in-the-transaction": _separate_checkpoint,
    "exorcism": _never_abort,
    "journal-known": _decide_unknown_journal,
}


def slot_manager_without(guard: str, producer: type[SlotProducer]) -> type[SlotManager]:
    """Returns a slot manager class without a guard ("" keeps all), with this producer class for its slots."""
    members: dict[str, Any] = {"producer_class": producer}
    if guard:
        GUARDS[guard](members)
    return type("ChaosSlotManager", (SlotManager,), members)
