"""Where a worker dies between two steps of a transaction: anywhere by chance, or at each of a list of steps once."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from streams.kafka.batches import BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime.slots.producer import SlotProducer

log = structlog.get_logger()

CRASH_CODE = 71
CRASH_FILE = "deaths"
"""The name of the file that CrashInOrder is told by a chaos worker's environment."""

CrashDecision = Callable[[str, BatchWriter | None], bool]
"""Whether to die after this step of the transaction that writes this outbox; None where it is not known yet."""


@dataclass(frozen=True)
class CrashAtRandom:
    """Dies after any step with the same chance."""

    probability: float

    def __call__(self, step: str, writer: BatchWriter | None) -> bool:
        """The dice."""
        return random.random() < self.probability


@dataclass(frozen=True)
class CrashInOrder:
    """Dies after each of `steps` once, in their order, in transactions that write to `topic` (its full name).

    Every life of the worker is a process of its own: `crash_file` is the file that says after which steps it died.
    Nobody
    dies before there is one.
    """

    steps: Sequence[str]
    topic: str
    crash_file: Path

    def __call__(self, step: str, writer: BatchWriter | None) -> bool:
        """Whether it is this step's turn."""
        if writer is None or not self.crash_file.exists():
            return False
        died = self.crash_file.read_text().split()
        if len(died) == len(self.steps) or step != self.steps[len(died)]:
            return False
        if all(target.topic != self.topic for target, _ in writer.batches()):
            return False
        self.crash_file.write_text("\n".join([*died, step]))
        return True


def crashing_producer(should_crash: CrashDecision) -> type[SlotProducer]:
    """A slot's producer that asks after every step whether the process dies here."""

    def die(step: str, outbox: BatchWriter | None) -> None:
        if should_crash(step, outbox):
            log.warning("crash", step=step)
            os._exit(CRASH_CODE)

    class Crashing(SlotProducer):
        writing: BatchWriter | None = None

        async def write(self, writer: BatchWriter) -> dict[Partition, int]:
            self.writing = writer
            return await super().write(writer)

        async def begin(self) -> None:
            await super().begin()
            die("begun", self.writing)

        async def send(self, writer: BatchWriter) -> list[tuple[Partition, int, Any]]:
            sent = await super().send(writer)
            die("sent", self.writing)
            return sent

        async def await_acknowledgements(self, futures: Sequence[tuple[Partition, int, Any]]) -> dict[Partition, int]:
            last = await super().await_acknowledgements(futures)
            die("acknowledged", self.writing)
            return last

        async def commit(self) -> None:
            await super().commit()
            die("committed", self.writing)

    return Crashing
