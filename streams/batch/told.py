"""A contact as the journal tells it up to some place."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.batch.timeline import InForce
from streams.batch.world import Kept, World


@dataclass
class Told:
    """A contact at the end of what was told."""

    account: str
    contact: str
    world: World
    clock: int
    release: InForce | None = None
    kept: Kept = field(default_factory=Kept)
    applied: list[tuple[str, int]] = field(default_factory=list)
    commands: list[tuple[int, str, str]] = field(default_factory=list)
    """Offset, type and campaign of lead commands and of visits with a campaign's token."""
    unfit_since: int = 0
    """The place in the journal of the last change of status."""
