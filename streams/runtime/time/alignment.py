"""In step: after an outage records enter the journal by arrival across source partitions.

Two days of one topic, read faster than two days of another, would make the other's events late. So a record that
arrived more than `in_step` after the smallest claim waits. Pure: claims and instants in, an instant out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.kafka.partitions import Partition
from streams.runtime.time.claims import Claim, Claims, ClaimState
from streams.settings import Settings


@dataclass(frozen=True)
class AlignmentSettings:
    """How far ahead a record may be, how long a standing claim is waited for, when a partition is stuck; ms."""

    in_step: int
    patience: int
    stuck_after: int

    @classmethod
    def from_settings(cls, settings: Settings) -> AlignmentSettings:
        """As the deployment is set."""
        return cls(settings.in_step_ms, settings.in_step_patience_ms, settings.stuck_after_ms)


NO_CLAIM = ClaimState(Claim(claim=0, position=0), updated_at=0)
"""A partition that nobody has spoken for yet: its owner is perhaps just starting, with the oldest records of all."""


@dataclass
class Alignment:
    """One slot's waiting. `waits` keeps, per partition waited for, its claim then and since when it is waited for."""

    settings: AlignmentSettings
    waits: dict[Partition, tuple[int, int]] = field(default_factory=dict)

    def horizon(self, partitions: Iterable[Partition], claims: Claims, latest_arrival: int, now: int) -> int | None:
        """The latest arrival that may enter the journal now, None when nothing holds it back.

        `latest_arrival` is the arrival of the latest record at hand: partitions whose claim is far enough for it are
        not
        waited for.
        """
        latest: int | None = None
        for partition in partitions:
            known = claims.states.get(partition, NO_CLAIM)
            bound = known.claim.claim + self.settings.in_step
            if latest_arrival <= bound:
                self.waits.pop(partition, None)
                continue
            since = self._waiting_since(partition, known, now)
            if is_waited_for(known, since, now, self.settings):
                latest = bound if latest is None else min(latest, bound)
        return latest

    def _waiting_since(self, partition: Partition, state: ClaimState, now: int) -> int:
        claim, since = self.waits.get(partition, (None, now))
        if claim != state.claim.claim:
            since = now
            self.waits[partition] = (state.claim.claim, since)
        return since


def is_waited_for(state: ClaimState, since: int, now: int, settings: AlignmentSettings) -> bool:
    """Whether a partition that is behind is waited for, by one who has waited for it `since`."""
    claim = state.claim
    if state.updated_at < since:  # not a word since the waiting began: perhaps its owner is just starting
        return now - since < settings.patience
    if claim.stopped or not claim.readable:  # given up, or everything is read, or it awaits an open transaction
        return False
    return claim.stood < settings.patience


def is_stuck(state: ClaimState, settings: AlignmentSettings) -> bool:
    """Whether the partition holds no tick any more: its stable end stood still for long with records behind it."""
    return state.claim.stuck >= settings.stuck_after


def smallest_claim(
    partitions: Iterable[Partition], claims: Claims, settings: AlignmentSettings
) -> tuple[int | None, str]:
    """The smallest claim of the partitions that hold ticks and whose it is; None when one has no claim yet."""
    smallest: int | None = None
    holder = ""
    for partition in partitions:
        known = claims.states.get(partition)
        if known is None:
            return None, str(partition)
        if is_stuck(known, settings):
            continue
        if smallest is None or known.claim.claim < smallest:
            smallest, holder = known.claim.claim, str(partition)
    return smallest, holder
