"""How records lie in the database: keys of a bounded length, and rows with their due instant in front.

    rows   KEY -> due (8 bytes), length of the record's key where KEY is not all of it (2 bytes), that key, record
    dues   ACCOUNT 0 due (8 bytes) KEY -> nothing

A contact's key may have 1,121 bytes, a key of LMDB 511: of a longer one KEY is the beginning and a hash.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import NamedTuple

from streams.engine.state.contact import account_of_key

FORMAT = 1
"""Raised when any of this changes: a database of another format is made anew."""

_MAX_WHOLE_KEY = 380
_HASH_BYTES = 16
_SHORTENED_KEY = _MAX_WHOLE_KEY + 1
"""The length of a KEY that is not all of the record's key."""

_PREFIX = struct.Struct(">qH")
_NO_DUE = -(1 << 63)
_SIGN = 1 << 63


class StoredRow(NamedTuple):
    """The record in a value of `rows`; `key` is its key where that is longer than KEY, else empty."""

    key: bytes
    record: bytes


def stored_key(key: bytes) -> bytes:
    """KEY of a record's key."""
    if len(key) <= _MAX_WHOLE_KEY:
        return key
    return key[: _SHORTENED_KEY - _HASH_BYTES] + blake2b(key, digest_size=_HASH_BYTES).digest()


def pack_row(key: bytes, record: bytes, due: int | None) -> bytes:
    """A value of `rows`."""
    long_key = key if len(key) > _MAX_WHOLE_KEY else b""
    return _PREFIX.pack(_NO_DUE if due is None else due, len(long_key)) + long_key + record


def unpack_row(value: bytes) -> StoredRow:
    """The record in a value of `rows`."""
    length: int = _PREFIX.unpack_from(value)[1]
    begin = _PREFIX.size + length
    return StoredRow(value[_PREFIX.size : begin], value[begin:])


def stored_due(value: bytes) -> int | None:
    """The due instant of a value of `rows`."""
    due: int = _PREFIX.unpack_from(value)[0]
    return None if due == _NO_DUE else due


def due_prefix(account: str) -> bytes:
    """How the keys of an account's `dues` begin."""
    return account.encode() + b"\0"


def due_key(key: bytes, due: int) -> bytes:
    """A key of `dues`. They are in the order of time: an instant before 1970 comes first."""
    return b"%s%s%s" % (due_prefix(account_of_key(key)), (due + _SIGN).to_bytes(8), stored_key(key))


def parse_due_key(value: bytes) -> tuple[int, bytes]:
    """Due instant and KEY of a key of `dues`."""
    begin = value.index(b"\0") + 1
    return int.from_bytes(value[begin : begin + 8]) - _SIGN, value[begin + 8 :]


def is_shortened(key: bytes) -> bool:
    """Whether that KEY is not all of the record's key."""
    return len(key) == _SHORTENED_KEY
