"""Injects faults into the workers and the broker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from dataclasses import dataclass, field

from connectors.kafka.broker import LocalBroker
from tests.harness.deployment.workers import WorkerFleet

GUEST = "guest"
WINDOW_SECONDS = 20.0
CHILD_SECONDS = 60.0


@dataclass(frozen=True)
class FaultPlan:
    """How often each fault happens; `session_seconds` is the session timeout of the consumer group.

    `wake_in_window`: a stopped worker wakes when a new owner logs that it has restored the state and not fenced yet.
    """

    kills: int = 10
    stops: int = 3
    joins: int = 2
    broker_restarts: int = 2
    session_seconds: float = 6.0
    wake_in_window: bool = False
    pause_factor: float = 1.0


@dataclass
class FaultRunner:
    """Injects the faults of the plan in a random order. `broker` is None when it must not be restarted."""

    fleet: WorkerFleet
    broker: LocalBroker | None
    plan: FaultPlan
    rng: random.Random
    fault_counts: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Injects every fault, with pauses between them."""
        plan = self.plan
        steps = ["kill"] * plan.kills + ["stop"] * plan.stops + ["guest"] * 2 * plan.joins
        steps += ["broker"] * (plan.broker_restarts if self.broker is not None else 0)
        self.rng.shuffle(steps)
        actions = {
            "kill": self.kill_worker,
            "stop": self.stop_worker,
            "guest": self.join_or_leave,
            "broker": self.restart_broker,
        }
        for step in steps:
            await actions[step]()

    async def kill_worker(self) -> None:
        """Kills a worker process with -9; its parent starts it again."""
        await self._signal_random_worker(signal.SIGKILL)
        self.fault_counts["kill -9"] += 1
        await self.pause(1.5, 3.0, 5.0)

    async def stop_worker(self) -> None:
        """Stops a worker process past its session; when it wakes, others own its slots."""
        pid = await self._signal_random_worker(signal.SIGSTOP)
        self.fault_counts["SIGSTOP past the session"] += 1
        try:
            await self._wait_past_session()
        finally:
            with contextlib.suppress(ProcessLookupError):  # it may have ended just before it was stopped
                os.kill(pid, signal.SIGCONT)
        await self.pause(2.0, 4.0)

    async def _signal_random_worker(self, signal_number: signal.Signals) -> int:
        """Sends a signal to a worker process, whose id it returns. Raises TimeoutError when none starts in time."""
        end = asyncio.get_running_loop().time() + CHILD_SECONDS
        while asyncio.get_running_loop().time() < end:
            pids = [pid for worker in self.fleet.workers.values() if (pid := worker.child_pid()) is not None]
            if pids:
                pid = self.rng.choice(pids)
                with contextlib.suppress(ProcessLookupError):  # it ended by itself meanwhile: tries another
                    os.kill(pid, signal_number)
                    return pid
            await asyncio.sleep(0.1)
        raise TimeoutError("no worker has a process")

    async def _wait_past_session(self) -> None:
        if not self.plan.wake_in_window:
            await asyncio.sleep(self.plan.session_seconds * self.rng.uniform(1.5, 2.2))
            return
        before = self._window_count()
        end = asyncio.get_running_loop().time() + WINDOW_SECONDS
        while self._window_count() == before and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110  # another process's
            await asyncio.sleep(0.01)

    def _window_count(self) -> int:
        return sum(worker.count_logged("window") for worker in self.fleet.all_workers())

    async def join_or_leave(self) -> None:
        """Starts the guest worker, or stops it when it runs."""
        if GUEST in self.fleet.workers:
            code = await asyncio.to_thread(self.fleet.remove, GUEST)
            self.fault_counts["leave" if code == 0 else f"leave with exit code {code}"] += 1
        else:
            self.fleet.start(GUEST)
            self.fault_counts["join"] += 1
        await self.pause(3.0, 5.0)

    async def restart_broker(self) -> None:
        """Stops or kills the broker, in turn, and starts it again."""
        assert self.broker is not None
        if self.fault_counts["broker restart"] % 2 == 0:
            await asyncio.to_thread(self.broker.stop)
        else:
            await asyncio.to_thread(self.broker.kill)
        await asyncio.to_thread(self.broker.start)
        self.fault_counts["broker restart"] += 1
        await self.pause(6.0, 9.0)

    async def pause(self, *seconds: float) -> None:
        """Waits for one of these numbers of seconds, scaled by the plan."""
        await asyncio.sleep(self.plan.pause_factor * self.rng.choice(seconds))
