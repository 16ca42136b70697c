"""What holds time back: the partition of an in-topic whose records must be in the journal first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from streams.kafka.partitions import Partition
from streams.runtime.time.alignment import AlignmentSettings, smallest_claim
from streams.runtime.time.claims import Claim, Claims
from streams.runtime.time.clock_advances import ClockAdvance


class HoldReason(StrEnum):
    """Why a partition is not further."""

    NONE = "none"
    """It is read to its end, and time follows it closely."""
    BACKLOG = "backlog"
    """Records of it are not in the journal yet."""
    OPEN_TRANSACTION = "open_transaction"
    """A transaction of its producer is open."""
    STOPPED = "stopped"
    """Its position lies outside its log: it is not read."""
    NOT_READ = "not_read"
    """No worker has read it yet."""


@dataclass(frozen=True, slots=True)
class TimeHold:
    """The partition (without prefix) that time waits for; `claim` (ms) is up to when all of it is in the journal, 0
    where nobody has said it yet.
    """

    partition: Partition
    reason: HoldReason
    claim: int


def wall_hold(sources: Sequence[Partition], claims: Claims, settings: AlignmentSettings) -> TimeHold | None:
    """The partition with the smallest claim, which no tick passes; None while there is no in-topic."""
    _, name = smallest_claim(sources, claims, settings)
    return _hold(Partition.parse(name), claims) if name else None


def events_hold(sources: Sequence[Partition], claims: Claims, advance: ClockAdvance | None) -> TimeHold | None:
    """The first partition that must still be read before the account's time advances; None while none must."""
    if advance is None:
        return None
    topics = {source.topic for source in sources}
    unread = [each for each, end in advance.ends.items() if each.topic in topics and claims.position(each) < end]
    return _hold(min(unread), claims) if unread else None


def hold_reason(claim: Claim) -> HoldReason:
    """Why a partition with that claim is not further."""
    if claim.stopped:
        return HoldReason.STOPPED
    if claim.stuck > 0 and claim.stable < claim.high:
        return HoldReason.OPEN_TRANSACTION
    return HoldReason.BACKLOG if claim.readable else HoldReason.NONE


def _hold(partition: Partition, claims: Claims) -> TimeHold:
    state = claims.states.get(partition)
    if state is None:
        return TimeHold(partition, HoldReason.NOT_READ, 0)
    return TimeHold(partition, hold_reason(state.claim), state.claim.claim)
