"""Claims: what each source partition's owner says of it, and what the worker makes of everybody's.

A claim C says that every record with an arrival before C is in the journal (or in `dead-letters`), committed. A stale
claim is a true fact and harmless: readers take the maximum per partition.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from streams.kafka.partitions import Partition

MAX_CLOCK_SKEW_MS = 500
"""A claim that far ahead of the broker's own time is believed by nobody, and its writer ends."""


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record of the claims topic, keyed "topic:partition" without prefix. Instants and times in ms.

    `position` is how far everything is committed, `stable` and `high` the partition's stable end and high watermark.
    `readable` says that records can be read that are not in the journal yet. `stood` is how long, under whatever
    owners, the claim has not moved while records were readable; `stuck` how long the stable end has stood with
    records behind it. Both stand in the claim so that a new owner does not count anew. `stopped` says why the
    partition is not read.
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


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Claim).decode


def decode(value: bytes) -> Claim:
    """The claim of a record's value. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
    return _decode(value)


@dataclass
class ClaimState:
    """The best that was heard of one partition; `updated_at` is the broker's time (ms) of the last word."""

    claim: Claim
    updated_at: int


@dataclass
class Claims:
    """Everybody's claims as one worker has read them; `broker_time` is the newest timestamp on the topic."""

    broker_time: int = 0
    states: dict[Partition, ClaimState] = field(default_factory=dict)

    def add(self, partition: Partition, claim: Claim, timestamp: int) -> bool:
        """Takes in one record; False when its claim is ahead of the broker's time and not believed."""
        self.broker_time = max(self.broker_time, timestamp)
        believed = claim.claim <= timestamp + MAX_CLOCK_SKEW_MS
        before = self.states.get(partition)
        if before is None:
            if believed:
                self.states[partition] = ClaimState(claim, timestamp)
            return believed
        if believed:
            before.updated_at = max(before.updated_at, timestamp)
            before.claim = merge_claims(before.claim, claim)
        return believed

    def claim(self, partition: Partition) -> int:
        """The partition's claim; 0 when it has none yet."""
        known = self.states.get(partition)
        return known.claim.claim if known is not None else 0

    def largest(self) -> int:
        """The largest claim of any partition; 0 when there is none."""
        return max((known.claim.claim for known in self.states.values()), default=0)

    def position(self, partition: Partition) -> int:
        """How far everything of the partition is committed, as far as was heard."""
        known = self.states.get(partition)
        return known.claim.position if known is not None else 0


def merge_claims(before: Claim, after: Claim) -> Claim:
    """The later word, with claim and position never going back."""
    if after.claim >= before.claim and after.position >= before.position:
        return after
    claim = max(before.claim, after.claim)
    position = max(before.position, after.position)
    return msgspec.structs.replace(after, claim=claim, position=position)
