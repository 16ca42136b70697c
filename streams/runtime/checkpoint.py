"""A slot's checkpoint: the last record of every transaction in its changelog partition.

Rows and checkpoint are one read of one partition with one writer, so they cannot disagree.
"""

from __future__ import annotations

import msgspec

CHECKPOINT_KEY = b"__position__"


class SlotCheckpoint(msgspec.Struct, omit_defaults=True):
    """Everything a new owner needs besides the rows.

    `feeds` and `arrivals` are keyed "topic:partition" without prefix: the fetch position to go on from, and the
    arrival (ms) of the last record consumed. `definitions` and `clock` are the next offsets to look at in those
    topics, `tick` is the value (ms) of the last wall tick, `checkpoint` the decider's own. `introduced` is, per
    account, the number of the proposed release under way and the last contact whose slice is appended ("" before the
    first slice).
    """

    feeds: dict[str, int] = {}
    arrivals: dict[str, int] = {}
    definitions: int = 0
    clock: int = 0
    tick: int = 0
    checkpoint: bytes | None = None
    introduced: dict[str, tuple[int, str]] = {}


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SlotCheckpoint).decode


def decode(value: bytes) -> SlotCheckpoint:
    """The checkpoint of a changelog value. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
    return _decode(value)
