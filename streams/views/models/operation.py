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

    In a rebuild the tombstone of an erased contact may be gone already, and a change of a contact without a row is
    of an erased one. Live, the row may only come later.
    """

    needs_row: bool


LIVE = Reach(needs_row=False)
REBUILD = Reach(needs_row=True)

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
