"""Logs which in-topic partitions no tick waits for any more, once each."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from streams.kafka.partitions import Partition
from streams.runtime.time.claims import Claim

log = structlog.get_logger()


class StuckLog:
    """The partitions of a worker whose stable end has stood still for `after_ms`, with records behind it."""

    def __init__(self, after_ms: int) -> None:
        self._after_ms = after_ms
        self._stuck: set[Partition] = set()

    def update(self, claims: Mapping[Partition, Claim]) -> None:
        """Takes the claims of all partitions, without prefix; logs what has changed."""
        stuck = {name for name, claim in claims.items() if claim.stuck >= self._after_ms}
        for name in stuck - self._stuck:
            why = "its stable end stands still with records behind it; no tick waits for it, its records will be late"
            log.error("partition left out", partition=str(name), why=why)
        for name in self._stuck - stuck:
            log.info("partition moves again", partition=str(name))
        self._stuck = stuck
