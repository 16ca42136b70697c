"""How far the read models are behind the topics."""

from __future__ import annotations

from schemas.views.base import InstantText, ViewModel


class PartitionProgress(ViewModel):
    """How far one partition of an output topic is applied."""

    topic: str
    """Without the deployment's prefix."""
    partition: int
    position: int
    """The offset of the next record to apply."""
    end: int
    """The end of the partition when the progress was written."""
    lag: int
    """Offsets between both; transaction markers count, too."""
    lag_seconds: float
    """How long it is since everything that was there had been applied; 0 when all is applied.

    As of when the progress was written; as of now where nobody has written it for 15 s.
    """
    as_of: InstantText


class RebuildProgress(ViewModel):
    """A rebuild that runs."""

    generation: int
    done: int
    """Offsets read so far, of `total`."""
    total: int
    started: InstantText


class ViewsProgress(ViewModel):
    """The state of the read models of a deployment."""

    generation: int | None
    """Which generation of keys readers see; null before the first one is whole."""
    built: InstantText | None
    """When that generation became visible."""
    rebuild: RebuildProgress | None
    """Null while none runs."""
    partitions: list[PartitionProgress]
