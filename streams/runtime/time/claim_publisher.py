"""Publishes a worker's claims: every 250 ms, idle or not, and at once while anybody waits for them.

Plain records, written after the commits they speak of: a stale one is a true fact, and none is hidden behind an open
transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.topics import CLAIMS
from streams.clock import now_ms
from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.fatal import die
from streams.runtime.time import claims as claim_records
from streams.runtime.time.claims import MAX_CLOCK_SKEW_MS, Claim
from streams.settings import Settings


class ClaimPublisher:
    """`claims_at(now)` gives what to publish, by partition without prefix."""

    def __init__(self, settings: Settings, claims_at: Callable[[int], Mapping[Partition, Claim]]) -> None:
        self._settings = settings
        self._claims_at = claims_at
        self._producer: Any = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._last_published: dict[Partition, Claim] = {}
        self._last_full_publish = 0.0

    async def start(self) -> None:
        """Starts publishing; again is harmless."""
        if self._task is not None:
            return
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap, linger_ms=0, acks="all", retry_backoff_ms=50
        )
        await self._producer.start()
        self._task = asyncio.create_task(self._publish_loop(), name="claims")

    async def stop(self) -> None:
        """Stops publishing."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        await self._producer.stop()

    def publish_now(self) -> None:
        """Somebody waits for what was just committed."""
        self._wake.set()

    async def _publish_loop(self) -> None:
        try:
            while True:
                self._wake.clear()
                await self._publish(self._due_claims(self._claims_at(now_ms()), time.monotonic()))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._pause_seconds(time.monotonic()))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # without claims time stands still for everybody
            die("claims cannot be published", error)

    def _pause_seconds(self, now: float) -> float:
        return max(0.0, self._last_full_publish + self._settings.claims_ms / 1000 - now)

    def _due_claims(self, claims: Mapping[Partition, Claim], now: float) -> Mapping[Partition, Claim]:
        """All claims every 250 ms, so that everybody hears that their owner lives; in a hurry only those that
        moved, so that the topic does not fill with what everybody knows. `now` is in seconds, monotonic.
        """
        if now - self._last_full_publish >= self._settings.claims_ms / 1000:
            self._last_full_publish = now
            return claims
        return {name: claim for name, claim in claims.items() if has_changed(self._last_published.get(name), claim)}

    async def _publish(self, claims: Mapping[Partition, Claim]) -> None:
        if not claims:
            return
        topic = self._settings.prefix + CLAIMS.name
        batch = self._producer.create_batch()
        for partition, claim in claims.items():
            value = claim_records.encode(claim)
            if batch.append(timestamp=None, key=str(partition).encode(), value=value) is None:
                raise Internal(f"{len(claims)} claims do not fit into one batch")
        batch.close()
        metadata = await (await self._producer.send_batch(batch, topic, partition=0))
        self._last_published.update(claims)
        check_clock_skew(claims.values(), metadata.timestamp)


def has_changed(before: Claim | None, after: Claim) -> bool:
    """Whether a claim says anything new to those who wait for it."""
    if before is None:
        return True
    news_before = (before.claim, before.position, before.readable, before.stopped)
    return news_before != (after.claim, after.position, after.readable, after.stopped)


def check_clock_skew(claims: Any, broker_time: int) -> None:
    """Raises Internal when a claim of ours is ahead of the broker's time: nobody believes it, so this clock is
    wrong.
    """
    furthest = max((claim.claim for claim in claims), default=0)
    if furthest > broker_time + MAX_CLOCK_SKEW_MS:
        ahead = furthest - broker_time
        raise Internal(f"this machine's clock is {ahead} ms ahead of the broker's; set both by NTP")
