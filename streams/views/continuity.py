"""Whether what Redis has can be gone on from; each function says why not, or None."""

from __future__ import annotations

from collections.abc import Mapping

from streams.clock import now_ms
from streams.views.deployment import Deployment
from streams.views.retention import TopicRetention
from streams.views.topics import TABLES

_TABLE_NAMES = {topic.name for topic in TABLES}


def generation_problem(deployment: Deployment | None, retention: TopicRetention) -> str | None:
    """Of the generation that readers see, by how long the topics keep changes now."""
    if deployment is None:
        return "Redis has no read models"
    if deployment.retention != retention.changes:
        return "the topics keep changes for another time than the read models"
    return None


def position_problem(
    positions: Mapping[str, int], begins: Mapping[str, int], ends: Mapping[str, int], *, is_progress_there: bool
) -> str | None:
    """Of where to read on, by where partitions (`topic:partition`) begin and end."""
    for name, position in positions.items():
        if position > ends[name]:
            return f"{name} ends before what was applied of it: its topic was made anew"
        if position < begins[name]:
            return f"{name} has lost records that were not applied"
    # It was written before readers saw the generation.
    return "Redis has lost how far the read models are" if positions and not is_progress_there else None


def tombstone_problem(caught_up: Mapping[str, int], retention: TopicRetention) -> str | None:
    """Of when partitions (`topic:partition`) were caught up last (ms).

    Compaction may have taken tombstones that were not seen: what they deleted would stay for ever.
    """
    horizon = now_ms() - retention.tombstones * 4 // 5
    for name, instant in caught_up.items():
        if name.rpartition(":")[0] in _TABLE_NAMES and instant < horizon:
            return f"{name} was not caught up for so long that tombstones may be gone"
    return None
