"""What is done to the workers and to the broker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass, field

from connectors.kafka.broker import LocalBroker
from tests.harness.deployment.workers import Fleet

GUEST = "guest"
WINDOW_SECONDS = 20.0
CHILD_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """How often each thing happens; `session` is the group's session in seconds.

    `wake_in_window`: a stopped worker wakes when a new owner says that it has read the truth and not fenced yet.
    """

    kills: int = 10
    stops: int = 3
    joins: int = 2
    broker_restarts: int = 2
    session: float = 6.0
    wake_in_window: bool = False
    pace: float = 1.0


@dataclass
class Disturbance:
    """Does what the plan says, in a random order. `broker` is None when it is not ours to restart."""

    fleet: Fleet
    broker: LocalBroker | None
    plan: Plan
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Everything once, with pauses in between."""
        plan = self.plan
        steps = ["kill"] * plan.kills + ["stop"] * plan.stops + ["guest"] * 2 * plan.joins
        steps += ["broker"] * (plan.broker_restarts if self.broker is not None else 0)
        self.chance.shuffle(steps)
        actions = {"kill": self.kill, "stop": self.stop, "guest": self.guest, "broker": self.restart_broker}
        for step in steps:
            await actions[step]()

    async def kill(self) -> None:
        """Kills a worker process with -9; its parent starts it again."""
        await self._signal_somebody(signal.SIGKILL)
        self.done["kill -9"] += 1
        await self.pause(1.5, 3.0, 5.0)

    async def stop(self) -> None:
        """Stops a worker process past its session; when it wakes, others own its slots."""
        pid = await self._signal_somebody(signal.SIGSTOP)
        self.done["SIGSTOP past the session"] += 1
        try:
            await self._past_the_session()
        finally:
            os.kill(pid, signal.SIGCONT)
        await self.pause(2.0, 4.0)

    async def _signal_somebody(self, number: signal.Signals) -> int:
        """Sends a signal to a worker process, whose id it returns. Raises TimeoutError when none starts in time."""
        end = asyncio.get_running_loop().time() + CHILD_SECONDS
        while asyncio.get_running_loop().time() < end:
            there = [pid for worker in self.fleet.workers.values() if (pid := worker.child()) is not None]
            if there:
                pid = self.chance.choice(there)
                with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile: somebody else, then
                    os.kill(pid, number)
                    return pid
            await asyncio.sleep(0.1)
        raise TimeoutError("no worker has a process")

    async def _past_the_session(self) -> None:
        if not self.plan.wake_in_window:
            await asyncio.sleep(self.plan.session * self.chance.uniform(1.5, 2.2))
            return
        before = self._windows()
        end = asyncio.get_running_loop().time() + WINDOW_SECONDS
        while self._windows() == before and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110  # another process's
            await asyncio.sleep(0.01)

    def _windows(self) -> int:
        return sum(worker.count("window") for worker in self.fleet.everybody())

    async def guest(self) -> None:
        """A worker joins, or leaves when it is there."""
        if GUEST in self.fleet.workers:
            code = await asyncio.to_thread(self.fleet.leave, GUEST)
            self.done["leave" if code == 0 else f"leave with exit code {code}"] += 1
        else:
            self.fleet.start(GUEST)
            self.done["join"] += 1
        await self.pause(3.0, 5.0)

    async def restart_broker(self) -> None:
        """Stops the broker, in good order and at once in turn, and starts it again."""
        assert self.broker is not None
        if self.done["broker restart"] % 2 == 0:
            await asyncio.to_thread(self.broker.stop)
        else:
            await asyncio.to_thread(self.broker.kill)
        await asyncio.to_thread(self.broker.start)
        self.done["broker restart"] += 1
        await self.pause(6.0, 9.0)

    async def pause(self, *seconds: float) -> None:
        """A pause of one of these lengths."""
        await asyncio.sleep(self.plan.pace * self.chance.choice(seconds))
