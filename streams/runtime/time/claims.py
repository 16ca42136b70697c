"""Claims: each source partition's watermark, published by its owner and merged by every worker.

A claim C says that every record with an arrival before C is in the journal (or in `dead-letters`), committed. A stale
claim is still true and harmless: readers take the maximum per partition.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from streams.kafka.partitions import Partition

MAX_CLOCK_SKEW_MS = 500
"""No reader accepts a claim further ahead of the broker's time, and its writer ends."""

WAITER_MS = 1_000
"""A worker that waits for claims says so every `claims_ms`."""


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of the claims topic, keyed "topic:partition" without prefix. Instants and times in ms.

    `position` is how far everything is committed, `stable` and `high` are the partition's stable end and high
    watermark. `readable` says that records can be read that are not in the journal yet. `stood` is how long, under
    all its owners, the claim has not moved while records were readable; `stuck` how long the stable end has not moved
    with records behind it. The claim carries both so that a new owner continues the count. `stopped` says why the
    partition is not read, "" while it is. `waits` says that its writer waits for the claims of the others.
    """

    claim: int
    position: int
    stable: int = 0
    high: int = 0
    readable: bool = False
    stood: int = 0
    stuck: int = 0
    stopped: str = ""
    worker: str = ""
    waits: bool = False


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Claim).decode


def decode(value: bytes) -> Claim:
    """The claim of a record's value. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
    return _decode(value)


@dataclass
class ClaimState:
    """The best claim read of one partition; `updated_at` is the broker's time (ms) of the last one."""

    claim: Claim
    updated_at: int


@dataclass
class Claims:
    """All workers' claims as one worker has read them; `broker_time` (ms) is the newest timestamp on the topic,
    `waiter_at` (ms) that of the last record whose writer waits for claims.
    """

    broker_time: int = 0
    waiter_at: int = -WAITER_MS
    states: dict[Partition, ClaimState] = field(default_factory=dict)

    def add(self, partition: Partition, claim: Claim, timestamp: int) -> bool:
        """Merges one record; False when its claim is ahead of the broker's time and not accepted."""
        self.broker_time = max(self.broker_time, timestamp)
        if claim.waits:
            self.waiter_at = max(self.waiter_at, timestamp)
        is_accepted = claim.claim <= timestamp + MAX_CLOCK_SKEW_MS
        state = self.states.get(partition)
        if state is None:
            if is_accepted:
                self.states[partition] = ClaimState(claim, timestamp)
            return is_accepted
        if is_accepted:
            state.updated_at = max(state.updated_at, timestamp)
            state.claim = merge_claims(state.claim, claim)
        return is_accepted

    def have_waiter(self) -> bool:
        """Whether a worker said so within the last second."""
        return self.broker_time - self.waiter_at < WAITER_MS

    def claim(self, partition: Partition) -> int:
        """The partition's claim; 0 when it has none yet."""
        state = self.states.get(partition)
        return state.claim.claim if state is not None else 0

    def largest(self) -> int:
        """The largest claim of any partition; 0 when there is none."""
        return max((state.claim.claim for state in self.states.values()), default=0)

    def position(self, partition: Partition) -> int:
        """How far everything of the partition is committed, by the claims read; 0 when there is none yet."""
        state = self.states.get(partition)
        return state.claim.position if state is not None else 0


def merge_claims(before: Claim, after: Claim) -> Claim:
    """The later record, with claim and position never going back."""
    if after.claim >= before.claim and after.position >= before.position:
        return after
    claim = max(before.claim, after.claim)
    position = max(before.position, after.position)
    return msgspec.structs.replace(after, claim=claim, position=position)
