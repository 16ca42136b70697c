"""The process of the traffic, as the run sees it."""

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
    """A running one."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, settings: Settings, rate: float, contacts: int) -> TrafficProcess:
        """Starts it; `rate` in events a second."""
        command = [sys.executable, "-m", "benchmarks.live_edit.traffic", "--bootstrap", settings.bootstrap]
        command += ["--prefix", settings.prefix, "--rate", str(rate), "--contacts", str(contacts), "--seed", "2"]
        return cls(await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE))

    async def stop(self) -> TrafficReport:
        """Ends it; what it sent. Raises RuntimeError when it had ended by itself."""
        if self.process.returncode is not None:
            raise RuntimeError(f"the producer has ended with {self.process.returncode}")
        self.process.terminate()
        said, _ = await asyncio.wait_for(self.process.communicate(), STOP_SECONDS)
        return msgspec.json.decode(said, type=TrafficReport)
