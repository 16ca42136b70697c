"""A fixed loop of the kind of work that the engine does: what other times are divided by, to compare moments."""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import Any

import msgspec

NOMINAL_US = 1_000.0
"""The loop's time on the machine of the published figures while nothing else runs; it only sets the scale."""

_ROUNDS = 400
_DOCUMENT: dict[str, Any] = {
    "id": "0123456789abcdef",
    "type": "contact.changed",
    "at": 1_767_225_600_000,
    "properties": {"n1": 417, "t2": "v17", "b0": True},
}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class _Node:
    __slots__ = ("count", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    def moves(self, value: int) -> bool:
        """Counts the values at or above the limit."""
        if value >= self.limit:
            self.count += 1
            return True
        return False


def run_calibration() -> float:
    """Runs the loop once and returns its CPU time (s)."""
    start = time.thread_time()
    nodes = [_Node(limit) for limit in range(0, 1_000, 50)]
    thresholds = list(range(0, 1_000, 7))
    seen: dict[str, int] = {}
    for number in range(_ROUNDS):
        document = _decode(_encode(_DOCUMENT))
        for name, value in document["properties"].items():
            seen[name] = seen.get(name, 0) + (bisect_right(thresholds, number) if value else 1)
        for node in nodes:
            node.moves(number)
    return time.thread_time() - start
