"""The clock of the machine, read at the edges only; the engine is given the time."""

from __future__ import annotations

import time


def now_ms() -> int:
    """The worker's clock."""
    return time.time_ns() // 1_000_000
