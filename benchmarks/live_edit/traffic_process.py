"""Starts and stops the process that publishes the traffic."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

import msgspec

from benchmarks.live_edit.traffic import TrafficReport
from streams.settings import Settings

STOP_SECONDS = 30.0


@dataclass(frozen=True)
class TrafficProcess:
    """A running process of `benchmarks.live_edit.traffic`, or of another module with the same command line."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(
        cls, settings: Settings, rate: float, contacts: int, module: str = "benchmarks.live_edit.traffic"
    ) -> TrafficProcess:
        """Starts the process; `rate` in events a second."""
        command = [sys.executable, "-m", module, "--bootstrap", settings.bootstrap]
        command += ["--prefix", settings.prefix, "--rate", str(rate), "--contacts", str(contacts), "--seed", "2"]
        return cls(await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE))

    async def stop(self) -> TrafficReport:
        """Ends the process and returns its report. Raises RuntimeError when it has already ended."""
        if self.process.returncode is not None:
            raise RuntimeError(f"the producer has ended with {self.process.returncode}")
        self.process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            output, _ = await self.process.communicate()
        return msgspec.json.decode(output, type=TrafficReport)
