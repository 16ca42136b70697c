"""Decides where a worker dies between two steps of a transaction: at random, or once at each of a list of steps."""

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
"""The name of the file, in the data folder of a chaos worker, that CrashInOrder reads and writes."""

CrashDecision = Callable[[str, BatchWriter | None], bool]
"""Whether to die after this step of the writer's transaction; the writer is None when it is not known yet."""


@dataclass(frozen=True)
class CrashAtRandom:
    """Dies after any step with the same probability."""

    probability: float

    def __call__(self, step: str, writer: BatchWriter | None) -> bool:
        """Decides at random."""
        return random.random() < self.probability


@dataclass(frozen=True)
class CrashInOrder:
    """Dies after each of `steps` once, in their order, in transactions that write to `topic` (its full name).

    The worker restarts as a new process, so `crash_file` lists the steps after which it died. No worker dies before
    the file exists.
    """

    steps: Sequence[str]
    topic: str
    crash_file: Path

    def __call__(self, step: str, writer: BatchWriter | None) -> bool:
        """Whether this step is the next of the list."""
        if writer is None or not self.crash_file.exists():
            return False
        finished_steps = self.crash_file.read_text().split()
        if len(finished_steps) == len(self.steps) or step != self.steps[len(finished_steps)]:
            return False
        if all(target.topic != self.topic for target, _ in writer.batches()):
            return False
        self.crash_file.write_text("\n".join([*finished_steps, step]))
        return True


def crashing_producer(should_crash: CrashDecision) -> type[SlotProducer]:
    """Returns a producer class that checks after every step whether the process dies here."""

    def crash_if_due(step: str, writer: BatchWriter | None) -> None:
        if should_crash(step, writer):
            log.warning("crash", step=step)
            os._exit(CRASH_CODE)

    class Crashing(SlotProducer):
        writing: BatchWriter | None = None

        async def write(self, writer: BatchWriter) -> dict[Partition, int]:
            self.writing = writer
            return await super().write(writer)

        async def begin(self) -> None:
            await super().begin()
            crash_if_due("begun", self.writing)

        async def send(self, writer: BatchWriter) -> list[tuple[Partition, int, Any]]:
            futures = await super().send(writer)
            crash_if_due("sent", self.writing)
            return futures

        async def await_acknowledgements(self, futures: Sequence[tuple[Partition, int, Any]]) -> dict[Partition, int]:
            last = await super().await_acknowledgements(futures)
            crash_if_due("acknowledged", self.writing)
            return last

        async def commit(self) -> None:
            await super().commit()
            crash_if_due("committed", self.writing)

    return Crashing
