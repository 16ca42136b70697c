"""Which generation of keys readers see, and how far back its history reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.redis.connection import RedisClient
from streams.views.keys import DeploymentKeys

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Deployment:
    """The hash `deployment`; instants in ms."""

    generation: int
    built: int
    """When the generation became visible."""
    since: int
    """When the oldest change was written that the event topics had when the generation was built."""
    is_complete: bool
    """Whether those topics had everything that was ever written to them."""
    retention: int
    """How long changes are kept, as in the event topics; -1 for ever."""

    @property
    def known_since(self) -> int | None:
        """Since when changes are known that no retention cuts off; None where that is from the beginning."""
        return None if self.is_complete else self.since

    def history_since(self, now: int) -> int | None:
        """Since when changes are known of which retention drops the old; None where nothing was cut off.

        In whole minutes, so that it does not move with each moment, and with it an answer's `ETag`.
        """
        horizon = now - self.retention if self.retention >= 0 else 0
        if horizon <= self.since:
            return self.known_since
        return -(-horizon // MINUTE_MS) * MINUTE_MS

    def fields(self) -> list[str | int]:
        """Names and values of the hash."""
        return [
            "generation",
            self.generation,
            "built",
            self.built,
            "since",
            self.since,
            "complete",
            int(self.is_complete),
            "retention",
            self.retention,
        ]


async def read_deployment(client: RedisClient, keys: DeploymentKeys) -> Deployment | None:
    """What the hash says; None where no generation is whole. Raises RedisUnavailable, RedisRefused."""
    return parse_deployment(
        await client.execute("HMGET", keys.deployment, "generation", "built", "since", "complete", "retention")
    )


def parse_deployment(values: list[Any]) -> Deployment | None:
    """The deployment of the values of its hash; None where there is none."""
    if any(value is None for value in values):
        return None
    generation, built, since, is_complete, retention = (int(value) for value in values)
    return Deployment(generation, built, since, bool(is_complete), retention)
