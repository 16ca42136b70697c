"""Defines what decisions want written, as plain values without any knowledge of Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

SourcePosition = tuple[str, int, int]
"""In-topic without prefix, partition and offset."""


LeafDocument = dict[str, Any]
"""A leaf as definitions have it."""


class SourceRecord(msgspec.Struct, frozen=True, gc=False):
    """A record of an in-topic as fetched; `topic` has no prefix, times are ms since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    arrival: int


class Append(msgspec.Struct, frozen=True, gc=False):
    """A record to append to the journal, in the partition of its key."""

    key: bytes
    value: bytes


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The reason of a dead letter: a stable code and one sentence."""

    code: str
    message: str


TOMBSTONE = "tombstone"


class Output(msgspec.Struct, frozen=True, gc=False):
    """A record for an out-topic (`topic` has no prefix); a value of None is a tombstone.

    A value is a JSON object without `emitted_at`: `with_emitted_at` adds that when it is written. `type` is the one
    in the value, TOMBSTONE where there is none: outputs are counted by it, and nobody has to read a value for that.
    """

    topic: str
    key: bytes
    value: bytes | None
    type: str


@dataclass(slots=True)
class Effects:
    """Everything that one batch of decisions wants written, in order; of rows the last value per key."""

    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    appends: list[Append] = field(default_factory=list)
    dead_letters: list[tuple[Refusal, SourcePosition, bytes | None]] = field(default_factory=list)
    """Events refused by a decision: the reason, the source position, the journal value."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The limit of one batch of decisions: contacts decided, bytes written, seconds spent."""

    records: int = 4_000
    bytes: int = 4_000_000
    seconds: float = 0.2
    advances_releases: bool = True
    """Whether a release goes on to contacts without a record of their own; else only records that were fed are
    decided."""
