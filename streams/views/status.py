"""How the consumer of the read models is, as its process tells its parent."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.views.progress import PartitionPosition


@dataclass
class ViewsStatus:
    """How the consumer of a process is: its group; since when (ms) it applies outputs or waits for Redis; what is
    wrong; why it builds the read models anew and applies nothing meanwhile.
    """

    group: str
    ready_since: int | None = None
    problem: str | None = None
    rebuild: str | None = None
    positions: dict[str, PartitionPosition] = field(default_factory=dict)
    """`topic:partition` of those that are its own to how far they are applied."""
