"""In step: after an outage records enter the journal by arrival across source partitions.

Two days of one topic, read faster than two days of another, would make the other's events late. So a record that
arrived more than `in_step` after the smallest claim waits. Pure: claims and instants in, an instant out; all in ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.kafka.partitions import Partition
from streams.runtime.time.claims import Claim, Claims, ClaimState
from streams.settings import Settings


@dataclass(frozen=True)
class AlignmentSettings:
    """How far ahead a record may be, how long it waits for an idle partition, when a partition is stuck; ms."""

    in_step: int
    patience: int
    stuck_after: int

    @classmethod
    def from_settings(cls, settings: Settings) -> AlignmentSettings:
        """The deployment's values."""
        return cls(settings.in_step_ms, settings.in_step_patience_ms, settings.stuck_after_ms)


NO_CLAIM = ClaimState(Claim(claim=0, position=0), updated_at=0)
"""The claim of a partition without one: its owner may be just starting, with the oldest records of all."""


@dataclass
class Alignment:
    """What one slot waits for. `waits` maps a partition to its claim then, and the instant since which it waits."""

    settings: AlignmentSettings
    waits: dict[Partition, tuple[int, int]] = field(default_factory=dict)

    def horizon(self, partitions: Iterable[Partition], claims: Claims, latest_arrival: int, now: int) -> int | None:
        """The latest arrival that may enter the journal now, None when nothing holds it back.

        `latest_arrival` is that of the latest queued record: the slot does not wait for partitions whose claim is
        far enough for it.
        """
        latest: int | None = None
        for partition in partitions:
            state = claims.states.get(partition, NO_CLAIM)
            bound = state.claim.claim + self.settings.in_step
            if latest_arrival <= bound:
                self.waits.pop(partition, None)
                continue
            since = self._waiting_since(partition, state, now)
            if is_waited_for(state, since, now, self.settings):
                latest = bound if latest is None else min(latest, bound)
        return latest

    def _waiting_since(self, partition: Partition, state: ClaimState, now: int) -> int:
        claim, since = self.waits.get(partition, (None, now))
        if claim != state.claim.claim:
            since = now
            self.waits[partition] = (state.claim.claim, since)
        return since


def is_waited_for(state: ClaimState, since: int, now: int, settings: AlignmentSettings) -> bool:
    """Whether a slot that waits for a partition `since` an instant goes on waiting."""
    claim = state.claim
    if state.updated_at < since:  # no claim since the waiting began: its owner may be just starting
        return now - since < settings.patience
    if claim.stopped or not claim.readable:  # stopped, or everything is read, or it waits for an open transaction
        return False
    return claim.stood < settings.patience


def is_stuck(state: ClaimState, settings: AlignmentSettings) -> bool:
    """Whether the partition no longer holds ticks back: its stable end has long not moved, with records behind it."""
    return state.claim.stuck >= settings.stuck_after


def smallest_claim(
    partitions: Iterable[Partition], claims: Claims, settings: AlignmentSettings
) -> tuple[int | None, str]:
    """The smallest claim of partitions that hold ticks back, and its partition; None when one has no claim yet."""
    smallest: int | None = None
    holder = ""
    for partition in partitions:
        state = claims.states.get(partition)
        if state is None:
            return None, str(partition)
        if is_stuck(state, settings):
            continue
        if smallest is None or state.claim.claim < smallest:
            smallest, holder = state.claim.claim, str(partition)
    return smallest, holder
