"""In step: after an outage records enter the journal by arrival across source partitions.

Two days of one topic, read faster than two days of another, would make the other's events late. So a record that
arrived more than `in_step` after the smallest claim waits. Pure: claims and instants in, an instant out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.kafka.partitions import Partition
from streams.runtime.time.claims import Claim, Claims, Known
from streams.settings import Settings


@dataclass(frozen=True)
class Rules:
    """How far ahead a record may be, how long a standing claim is waited for, when a partition is stuck; ms."""

    in_step: int
    patience: int
    stuck_after: int

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """As the deployment is set."""
        return cls(settings.in_step_ms, settings.in_step_patience_ms, settings.stuck_after_ms)


UNHEARD = Known(Claim(claim=0, position=0), spoke=0)
"""A partition that nobody has spoken for yet: its owner is perhaps just starting, with the oldest records of all."""


@dataclass
class InStep:
    """One slot's waiting. `held` keeps, per partition waited for, its claim then and since when it is waited for."""

    rules: Rules
    held: dict[Partition, tuple[int, int]] = field(default_factory=dict)

    def horizon(self, partitions: Iterable[Partition], claims: Claims, wanted: int, now: int) -> int | None:
        """The latest arrival that may enter the journal now, None when nothing holds it back.

        `wanted` is the arrival of the latest record at hand: partitions whose claim is far enough for it are not
        waited for.
        """
        latest: int | None = None
        for partition in partitions:
            known = claims.known.get(partition, UNHEARD)
            bound = known.claim.claim + self.rules.in_step
            if wanted <= bound:
                self.held.pop(partition, None)
                continue
            since = self._waiting_since(partition, known, now)
            if is_waited_for(known, since, now, self.rules):
                latest = bound if latest is None else min(latest, bound)
        return latest

    def _waiting_since(self, partition: Partition, known: Known, now: int) -> int:
        claim, since = self.held.get(partition, (None, now))
        if claim != known.claim.claim:
            since = now
            self.held[partition] = (known.claim.claim, since)
        return since


def is_waited_for(known: Known, since: int, now: int, rules: Rules) -> bool:
    """Whether a partition that is behind is waited for, by one who has waited for it `since`."""
    claim = known.claim
    if known.spoke < since:  # not a word since the waiting began: perhaps its owner is just starting
        return now - since < rules.patience
    if claim.stopped or not claim.readable:  # given up, or everything is read, or it awaits an open transaction
        return False
    return claim.stood < rules.patience


def is_stuck(known: Known, rules: Rules) -> bool:
    """Whether the partition holds no tick any more: its stable end stood still for long with records behind it."""
    return known.claim.stuck >= rules.stuck_after


def smallest_claim(partitions: Iterable[Partition], claims: Claims, rules: Rules) -> tuple[int | None, str]:
    """The smallest claim of the partitions that hold ticks and whose it is; None when one has no claim yet."""
    smallest: int | None = None
    holder = ""
    for partition in partitions:
        known = claims.known.get(partition)
        if known is None:
            return None, str(partition)
        if is_stuck(known, rules):
            continue
        if smallest is None or known.claim.claim < smallest:
            smallest, holder = known.claim.claim, str(partition)
    return smallest, holder
