"""Publishes a worker's claims: every 250 ms while a slot of any worker waits for them, else every two seconds.

Claims are written without a transaction, after the commits they follow from: a stale one is still true, and none is
hidden behind an open transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping

from aiokafka import AIOKafkaProducer

from schemas.topics import CLAIMS
from streams.clock import now_ms
from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.kafka.protocols import Producer
from streams.runtime.fatal import die
from streams.runtime.time import claims as claim_records
from streams.runtime.time.claims import MAX_CLOCK_SKEW_MS, Claim
from streams.settings import Settings

IDLE_PERIODS = 8
"""While no slot waits for claims, they are published so many times less often."""


class ClaimPublisher:
    """Publishes the claims that `claims_at(now)` returns, by partition without prefix; `now` is in ms.

    `needed_in(now)` returns in how many ms they will be waited for; None while nothing is due. `on_full_round` is
    called whenever all of them are published.
    """

    def __init__(
        self,
        settings: Settings,
        claims_at: Callable[[int], Mapping[Partition, Claim]],
        needed_in: Callable[[int], int | None],
        on_full_round: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._claims_at = claims_at
        self._needed_in = needed_in
        self._on_full_round = on_full_round
        self._next_round = 0.0
        self._are_needed = False
        self._producer: Producer | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._last_published: dict[Partition, Claim] = {}
        self._last_full_publish = 0.0

    async def start(self) -> None:
        """Starts publishing; does nothing when it runs already."""
        if self._task is not None:
            return
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap, linger_ms=0, acks="all", retry_backoff_ms=50
        )
        await producer.start()
        self._producer = producer
        self._task = asyncio.create_task(self._publish_loop(producer), name="claims")

    async def stop(self) -> None:
        """Stops publishing."""
        if self._task is None or self._producer is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        producer, self._task, self._producer = self._producer, None, None
        await producer.stop()

    def publish_now(self) -> None:
        """Publishes changed claims at once: another slot waits for a commit just made."""
        self._wake.set()

    def review_need(self) -> None:
        """Claims may be needed earlier than was known."""
        needed_in = None if self._are_needed else self._needed_in(now_ms())
        if needed_in is not None and time.monotonic() + needed_in / 1000 < self._next_round:
            self._wake.set()

    async def _publish_loop(self, producer: Producer) -> None:
        try:
            while True:
                self._wake.clear()
                now, clock = time.monotonic(), now_ms()
                period = self._schedule(now, clock)
                await self._publish(producer, self._due_claims(self._claims_at(clock), now, period))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, self._next_round - time.monotonic())):
                        await self._wake.wait()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # without claims time stops in every slot
            die("claims cannot be published", error)

    def _schedule(self, now: float, clock: int) -> float:
        """Sets when the next round is due, at `now` (monotonic seconds) and `clock` (ms); returns the period of
        publishing all claims (seconds).
        """
        needed_in = self._needed_in(clock)
        self._are_needed = needed_in == 0
        period = self._settings.claims_ms / 1000 * (1 if self._are_needed else IDLE_PERIODS)
        is_full_round = now - self._last_full_publish >= period
        self._next_round = (now if is_full_round else self._last_full_publish) + period
        if needed_in:
            self._next_round = min(self._next_round, now + needed_in / 1000)
        return period

    def _due_claims(self, claims: Mapping[Partition, Claim], now: float, period: float) -> Mapping[Partition, Claim]:
        """All claims once in a period (seconds), which show that their owner is alive; in between only those that
        changed, so that the topic does not fill with repetitions. `now` is in monotonic seconds.
        """
        if now - self._last_full_publish >= period:
            self._last_full_publish = now
            self._on_full_round()
            return claims
        return {name: claim for name, claim in claims.items() if has_changed(self._last_published.get(name), claim)}

    async def _publish(self, producer: Producer, claims: Mapping[Partition, Claim]) -> None:
        if not claims:
            return
        topic = self._settings.prefix + CLAIMS.name
        batch = producer.create_batch()
        for partition, claim in claims.items():
            value = claim_records.encode(claim)
            if batch.append(timestamp=None, key=str(partition).encode(), value=value) is None:
                raise Internal(f"{len(claims)} claims do not fit into one batch")
        batch.close()
        metadata = await (await producer.send_batch(batch, topic, partition=0))
        self._last_published.update(claims)
        check_clock_skew(claims.values(), metadata.timestamp)


def has_changed(before: Claim | None, after: Claim) -> bool:
    """Whether a claim has news for the slots that wait for it."""
    if before is None:
        return True
    news_before = (before.claim, before.position, before.readable, before.stopped, before.waits)
    return news_before != (after.claim, after.position, after.readable, after.stopped, after.waits)


def check_clock_skew(claims: Iterable[Claim], broker_time: int) -> None:
    """Raises Internal when an own claim is too far ahead of the broker's time (ms): no reader accepts it, and this
    machine's clock is wrong.
    """
    furthest = max((claim.claim for claim in claims), default=0)
    if furthest > broker_time + MAX_CLOCK_SKEW_MS:
        ahead = furthest - broker_time
        raise Internal(f"this machine's clock is {ahead} ms ahead of the broker's; set both by NTP")
