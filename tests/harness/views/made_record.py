"""A record as a consumer gives it, made up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MadeRecord:
    """Of any topic; `timestamp` in ms."""

    key: bytes | None
    value: bytes | None
    offset: int = 4
    timestamp: int = 77
    topic: str = "any"
    partition: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()
