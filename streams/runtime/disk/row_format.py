"""How records lie in the database: keys of a bounded length, and rows with their due instant in front.

    rows   KEY -> due (8 bytes), entry (8), length of the record's key where that is not KEY (2), that key, record
    dues   ACCOUNT 0 entry (8) KEY -> nothing

The entry of a row is an instant, at its due or before: it stays where it is when the due moves to later.

A contact's key may have 1,121 bytes, a key of LMDB 511: of a longer one KEY is the beginning and a hash.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from streams.engine.state.contact import ContactHeader, account_of_key

FORMAT = 1
"""Raised when any of this changes: a database of another format is made anew."""

_MAX_WHOLE_KEY = 380
_HASH_BYTES = 16
_SHORTENED_KEY = _MAX_WHOLE_KEY + 1
"""The length of a KEY that is not all of the record's key."""

_PREFIX = struct.Struct(">qqH")
_DUE = struct.Struct(">q")
_LENGTH = slice(_PREFIX.size - 2, _PREFIX.size)
_NO_LONG_KEY = b"\0\0"
_NONE = -(1 << 63)
_SIGN = 1 << 63


_decode_header = msgspec.json.Decoder(ContactHeader).decode


class StoredRow(NamedTuple):
    """The record in a value of `rows`; `key` is its key where that is longer than KEY, else empty."""

    key: bytes
    record: bytes


def stored_key(key: bytes) -> bytes:
    """KEY of a record's key."""
    if len(key) <= _MAX_WHOLE_KEY:
        return key
    return key[: _SHORTENED_KEY - _HASH_BYTES] + blake2b(key, digest_size=_HASH_BYTES).digest()


class StoredDue(NamedTuple):
    """The instants (ms) in a value of `rows`; `entry` is that of its key in `dues`, None where it has none."""

    due: int | None
    entry: int | None


def decode_due(record: bytes) -> int | None:
    """The due (ms) in the record of a contact."""
    return _decode_header(record).due


def pack_row(key: bytes, record: bytes, instants: StoredDue) -> bytes:
    """A value of `rows`."""
    due, entry = instants
    return _pack_prefix(key, _NONE if due is None else due, _NONE if entry is None else entry) + record


def pack_restored_row(key: bytes, record: bytes, *, is_contact: bool) -> bytes:
    """The same, where the row's entry is at its due; only a contact has one."""
    due = _decode_header(record).due if is_contact else None
    instant = _NONE if due is None else due
    return _pack_prefix(key, instant, instant) + record


def _pack_prefix(key: bytes, due: int, entry: int) -> bytes:
    if len(key) <= _MAX_WHOLE_KEY:
        return _PREFIX.pack(due, entry, 0)
    return _PREFIX.pack(due, entry, len(key)) + key


def replace_due(value: bytes, instants: StoredDue) -> bytes:
    """A value of `rows` with other instants."""
    begin = _PREFIX.size - 2
    due, entry = (_NONE if instant is None else instant for instant in instants)
    return _PREFIX.pack(due, entry, 0)[:begin] + value[begin:]


def unpack_row(value: bytes) -> StoredRow:
    """The record in a value of `rows`."""
    length: int = _PREFIX.unpack_from(value)[2]
    begin = _PREFIX.size + length
    return StoredRow(value[_PREFIX.size : begin], value[begin:])


def record_of(value: bytes) -> bytes:
    """The record alone."""
    return value[_PREFIX.size :] if value[_LENGTH] == _NO_LONG_KEY else unpack_row(value).record


def stored_due(value: bytes) -> StoredDue:
    """The instants of a value of `rows`."""
    due, entry, _ = _PREFIX.unpack_from(value)
    return StoredDue(None if due == _NONE else due, None if entry == _NONE else entry)


def due_keys(rows: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """The keys of `dues` of rows (KEY and value) whose entry is at their due."""
    read_due = _DUE.unpack_from
    for stored, value in rows:
        due: int = read_due(value)[0]
        if due != _NONE:
            yield b"%s\0%s%s" % (stored[: stored.index(b"/")], (due + _SIGN).to_bytes(8), stored)


def due_prefix(account: str) -> bytes:
    """How the keys of an account's `dues` begin."""
    return account.encode() + b"\0"


def due_key(stored: bytes, entry: int) -> bytes:
    """A key of `dues`, of a KEY. They are in the order of time: an instant before 1970 comes first."""
    return b"%s%s%s" % (due_prefix(account_of_key(stored)), (entry + _SIGN).to_bytes(8), stored)


def parse_due_key(value: bytes) -> tuple[int, bytes]:
    """Entry and KEY of a key of `dues`."""
    begin = value.index(b"\0") + 1
    return int.from_bytes(value[begin : begin + 8]) - _SIGN, value[begin + 8 :]


def is_shortened(key: bytes) -> bool:
    """Whether that KEY is not all of the record's key."""
    return len(key) == _SHORTENED_KEY
