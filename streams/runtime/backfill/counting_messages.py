"""What a worker and the process that counts pasts for it say to each other, over pipes.

A message is four bytes with its length, and then its msgpack. The worker sends one request at a time; the answer is
any number of slices and reports of progress, and then the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from streams.engine.partition.backfill import EncodedSlice

LENGTH_BYTES = 4


class CountRequest(msgspec.Struct, frozen=True):
    """Asks for what the new leaves of a release need of the past.

    The journal partition `journal` is read before offset `until`, the dead letters in `dead_letters` before offset
    `letters_until`: topic and partition. `active` is the number of the account's release that decides, `number` that
    of the proposed one. Only contacts with ids after `after` are counted.
    """

    account: str
    active: int
    number: int
    journal: tuple[str, int]
    dead_letters: tuple[str, int]
    until: int
    letters_until: int
    after: str


class CountProgress(msgspec.Struct, frozen=True, tag="progress"):
    """The journal is read up to this offset."""

    read: int


class SliceMessage(msgspec.Struct, frozen=True, tag="slice"):
    """The next slice: its journal value, and its last contact."""

    value: bytes
    last_contact: str

    @property
    def encoded_slice(self) -> EncodedSlice:
        """The slice."""
        return EncodedSlice(self.value, self.last_contact)


class CountEnd(msgspec.Struct, frozen=True, tag="end"):
    """Everything is counted, or as much as fits into memory.

    `continue_after` is the last contact counted where others come after it. `missing_before` is the instant (ms) at
    which the journal begins, where the leaves need records before that.
    """

    continue_after: str | None = None
    missing_before: int | None = None


CountAnswer = SliceMessage | CountProgress | CountEnd

_encode = msgspec.msgpack.Encoder().encode

decode_request = msgspec.msgpack.Decoder(CountRequest).decode
"""The request of a message. Raises msgspec.DecodeError."""

_decode_answer: Callable[[bytes], CountAnswer] = msgspec.msgpack.Decoder(CountAnswer).decode


def frame(message: CountRequest | CountAnswer) -> bytes:
    """The message as it goes through a pipe."""
    body = _encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def read_answer(reader: asyncio.StreamReader) -> CountAnswer:
    """The next answer. Raises asyncio.IncompleteReadError at the end of the pipe, msgspec.DecodeError."""
    length = await reader.readexactly(LENGTH_BYTES)
    return _decode_answer(await reader.readexactly(int.from_bytes(length, "big")))
