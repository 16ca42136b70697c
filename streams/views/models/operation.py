"""What a record becomes: an operation on the keys of its account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.kafka.protocols import ConsumedRecord


class Operation(NamedTuple):
    """`code` names the function in Lua that gets `arguments`; `weight` is how long it takes, about (us)."""

    account: str
    code: str
    arguments: Sequence[str | bytes | int]
    weight: int


class NotAnOutput(ValueError):
    """A record that no Leadstream wrote, or a result of a CRM that is none."""


class Reach(NamedTuple):
    """How a change finds out that its contact was erased later on.

    In a rebuild the tombstone of a contact that was erased long ago may be gone already: a change from then of a
    contact without a row is of an erased one. The row of a later change may only come later: a transaction ends at
    one partition before the other. Its contact's tombstone, if there is one, is still there.
    """

    row_needed_before: int
    """In ms."""


LIVE = Reach(0)


def rebuild_reach(now: int, tombstones: int) -> Reach:
    """That of a rebuild which begins at `now` (ms), where tombstones stay for `tombstones` ms at least.

    A fifth of that is for clocks that differ, and for the time that reading takes.
    """
    return Reach(now - tombstones * 4 // 5)


ToOperation = Callable[[ConsumedRecord, Reach], Operation]
"""Raises NotAnOutput."""


def key_parts(record: ConsumedRecord, count: int) -> list[str]:
    """The parts of a record's key; the last one may contain slashes. Raises NotAnOutput."""
    try:
        parts = (record.key or b"").decode().split("/", count - 1)
    except UnicodeDecodeError as error:
        raise NotAnOutput("the key is no text in UTF-8") from error
    if len(parts) != count:
        raise NotAnOutput(f"the key has {len(parts)} parts instead of {count}")
    return parts
