"""Each guard of the runtime, taken away: with any of these the oracle must find something."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from streams.runtime.faust.thread import ConsumerThread
from streams.runtime.slots.producer import SlotProducer
from streams.runtime.slots.restore import TakeOver
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.slot_manager import Shell
from streams.runtime.slots.transaction import Portion

log = structlog.get_logger()

WINDOW_SECONDS = 0.35


class TakeOverReadsUncommitted(TakeOver):
    """Recovery believes what was never committed."""

    isolation_level = "read_uncommitted"

    async def settled_ends(self, reader: Any, by_tp: Any) -> Any:
        """The ends as they are: hanging transactions are no matter to one that reads them."""
        return await reader.end_offsets(list(by_tp))


class TakeOverReadsFirst(TakeOver):
    """The truth is read before the former owner is fenced."""

    async def run(self, slots: Sequence[Slot]) -> None:
        """Steps in the wrong order, with a window between them."""
        if not slots:
            return
        await self.read_truth(slots)
        log.info("window")
        await asyncio.sleep(WINDOW_SECONDS)
        await self.fence(slots)

    async def settled_ends(self, reader: Any, by_tp: Any) -> Any:
        """The stable ends: there is no producer yet that could end what hangs."""
        return await reader.end_offsets(list(by_tp))


class TakeOverNeverExorcises(TakeOver):
    """A hanging transaction is left to be adopted by the next commit."""

    async def settled_ends(self, reader: Any, by_tp: Any) -> Any:
        """The stable ends, as if they were the log's."""
        return await reader.end_offsets(list(by_tp))


class SlotWithPositionsApart(Slot):
    """Positions follow in a transaction of their own."""

    def note_positions(self, portion: Portion) -> None:
        """Not in this transaction."""

    async def commit(self, portion: Portion) -> None:
        """Two transactions, and a step between them."""
        await super().commit(portion)
        apart = Portion(self.places, self.producer.outbox())
        super().note_positions(apart)
        await self.producer.write(apart.outbox)


def _feeds_read_uncommitted(members: dict[str, Any]) -> None:
    create = ConsumerThread._create_worker_consumer

    def create_uncommitted(self: ConsumerThread, transport: Any) -> Any:
        consumer = create(self, transport)
        consumer._isolation_level = "read_uncommitted"
        return consumer

    ConsumerThread._create_worker_consumer = create_uncommitted  # type: ignore[method-assign]


def _reads_uncommitted(members: dict[str, Any]) -> None:
    members["takeover_class"] = TakeOverReadsUncommitted


def _reads_first(members: dict[str, Any]) -> None:
    members["takeover_class"] = TakeOverReadsFirst


def _never_exorcises(members: dict[str, Any]) -> None:
    members["takeover_class"] = TakeOverNeverExorcises


def _positions_apart(members: dict[str, Any]) -> None:
    members["slot_class"] = SlotWithPositionsApart


GUARDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "recovery-reads-committed": _reads_uncommitted,
    "feeds-read-committed": _feeds_read_uncommitted,
    "fence-first": _reads_first,
    "positions-in-the-transaction": _positions_apart,
    "exorcism": _never_exorcises,
}


def shell_without(guard: str, producer: type[SlotProducer]) -> type[Shell]:
    """The shell's class without a guard ("" for none), with this kind of producer for its slots."""
    members: dict[str, Any] = {"producer_class": producer}
    if guard:
        GUARDS[guard](members)
    return type("ChaosShell", (Shell,), members)
