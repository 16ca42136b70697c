"""Where a worker dies between two steps of a transaction: anywhere by chance, or at each of a list of steps once."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from streams.kafka.batches import Outbox
from streams.kafka.partitions import Partition
from streams.runtime.slots.producer import SlotProducer

log = structlog.get_logger()

CRASH_CODE = 71
DEATHS = "deaths"
"""The name of the file that InTurn is told by a chaos worker's environment."""

Dies = Callable[[str, Outbox | None], bool]
"""Whether to die after this step of the transaction that writes this outbox; None where it is not known yet."""


@dataclass(frozen=True)
class ByChance:
    """Dies after any step with the same chance."""

    chance: float

    def __call__(self, step: str, outbox: Outbox | None) -> bool:
        """The dice."""
        return random.random() < self.chance


@dataclass(frozen=True)
class InTurn:
    """Dies after each of `steps` once, in their order, in transactions that write to `topic` (its full name).

    Every life of the worker is a process of its own: `deaths` is the file that says after which steps it died. Nobody
    dies before there is one.
    """

    steps: Sequence[str]
    topic: str
    deaths: Path

    def __call__(self, step: str, outbox: Outbox | None) -> bool:
        """Whether it is this step's turn."""
        if outbox is None or not self.deaths.exists():
            return False
        died = self.deaths.read_text().split()
        if len(died) == len(self.steps) or step != self.steps[len(died)]:
            return False
        if all(target.topic != self.topic for target, _ in outbox.batches()):
            return False
        self.deaths.write_text("\n".join([*died, step]))
        return True


def crashing(dies: Dies) -> type[SlotProducer]:
    """A slot's producer that asks after every step whether the process dies here."""

    def die(step: str, outbox: Outbox | None) -> None:
        if dies(step, outbox):
            log.warning("crash", step=step)
            os._exit(CRASH_CODE)

    class Crashing(SlotProducer):
        writing: Outbox | None = None

        async def write(self, outbox: Outbox) -> dict[Partition, int]:
            self.writing = outbox
            return await super().write(outbox)

        async def begin(self) -> None:
            await super().begin()
            die("begun", self.writing)

        async def send(self, outbox: Outbox) -> list[tuple[Partition, int, Any]]:
            sent = await super().send(outbox)
            die("sent", self.writing)
            return sent

        async def acknowledged(self, sent: Sequence[tuple[Partition, int, Any]]) -> dict[Partition, int]:
            last = await super().acknowledged(sent)
            die("acknowledged", self.writing)
            return last

        async def commit(self) -> None:
            await super().commit()
            die("committed", self.writing)

    return Crashing
