"""A contact as the journal tells it up to some place."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.verify.recompute.leads.lead_state import Life
from streams.verify.recompute.model import Kept, World
from streams.verify.recompute.releases import InForce


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
    lives: dict[str, Life] = field(default_factory=dict)
    """Campaign -> lead."""
    end: int = 0
    """The last instant (ms) that is told: its clock, or what its last tick closed."""
