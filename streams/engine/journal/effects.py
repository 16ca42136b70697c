"""What decisions want written: values only, nothing of how it gets to Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SourcePosition = tuple[str, int, int]
"""In-topic without prefix, partition and offset."""


LeafDocument = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of an in-topic as it was fetched; `topic` carries no prefix, times are ms since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    arrival: int


@dataclass(frozen=True, slots=True)
class Append:
    """To be appended to the journal, in the partition of its key."""

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """To be written to `dead-letters`: a stable code and one sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Output:
    """A record for an out-topic (`topic` carries no prefix); a value of None is a tombstone.

    A value is a JSON object without `emitted_at`: whoever writes it adds that with `outputs.stamped`.
    """

    topic: str
    key: bytes
    value: bytes | None


@dataclass(slots=True)
class Effects:
    """What one portion of decisions wants written: rows (last value per key), outputs, appends, in order."""

    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    dead_letters: list[tuple[Refusal, SourcePosition, bytes | None]] = field(default_factory=list)
    """Refused only when decided: why, source coordinates, the journal value."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The bound of one portion: contacts decided, bytes written, seconds spent."""

    records: int = 4_000
    bytes: int = 4_000_000
    seconds: float = 0.2
