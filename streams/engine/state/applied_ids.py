"""The ids of a contact's applied events: the latest ones in its row, older ones in records of their own.

A row is written with each change, so it holds fewer than `CHUNK` ids. Whenever it has `CHUNK`, they leave it as one
chunk: a changelog record that is written once, and deleted when none of its ids counts any more. What is written when
depends on the contact's events alone. In a row, `[["id", clock], ...]` has no chunks and is the form of engine
version 3; `[first, next, ["id", clock], ...]` says that the chunks `first` to `next - 1` belong to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

CHUNK = 16
"""How many ids a chunk has. Rows in deployments depend on it."""

_HASH_BITS = 4_096
_MOST_STALE_CHUNKS = 16
"""A mask of hashes has so many bits; so many chunks may be deleted before it is made anew."""

_CHUNK_KEY = b"ids:"
"""No contact's key begins so: an account has no colon."""

AppliedId = tuple[str, int]
"""An event id, and the contact's clock (ms) after that event."""

_encode = msgspec.json.Encoder().encode
_decode_chunk = msgspec.json.Decoder(list[AppliedId]).decode


def chunk_key(contact_key: bytes, number: int) -> bytes:
    """The changelog key of a contact's chunk."""
    return b"%s%d:%s" % (_CHUNK_KEY, number, contact_key)


def is_chunk_key(key: bytes) -> bool:
    """Whether a key of the changelog is that of a chunk, not of a contact."""
    return key.startswith(_CHUNK_KEY)


def has_chunks(row: list[Any]) -> bool:
    """Whether a row's ids, as JSON values, are continued in chunks."""
    return bool(row) and isinstance(row[0], int)


class AppliedIds:
    """The ids in order, the latest last; those in chunks once these are loaded. It changes the row in place."""

    __slots__ = ("_changes", "_chunks", "_clock_by_id", "_hashes", "_is_searched", "_row", "_stale_chunks")

    def __init__(self, row: list[Any]) -> None:
        self._row = row
        """What stands in the row, as JSON values."""
        self._clock_by_id: dict[str, int] = dict(row[self._first_id() :])
        """Those in the row, each with its latest clock."""
        self._chunks = b""
        """The chunk records, a line each: one search finds an id in all of them."""
        self._hashes: int | None = None
        """A mask of the hashes of all ids in chunks, and of some deleted ones; None before it is worth to be made."""
        self._is_searched = False
        self._stale_chunks = 0
        self._changes: dict[int, bytes | None] = {}

    def load_chunks(self, record_of: Callable[[int], bytes | None]) -> None:
        """Adds the chunk records; `record_of` gives that of a number, None where only the row is known."""
        if not self._first_id():
            return
        records = map(record_of, range(self._row[0], self._row[1]))
        self._chunks = b"\n".join(record for record in records if record is not None)

    def take_changes(self) -> dict[int, bytes | None]:
        """Returns number -> record of the chunks written since the last call, None for those to be deleted."""
        changes = self._changes
        if changes:
            self._changes = {}
        return changes

    def contains(self, event_id: str, oldest: int, max_ids: int) -> bool:
        """Whether the id is one of the latest `max_ids`, applied at clock `oldest` (ms) or later."""
        clock = self._clock_by_id.get(event_id)
        if clock is not None and clock >= oldest:
            return True
        # A quote inside an id is escaped, so this begins an id wherever it stands. Searching backwards is faster: the
        # bracket is rarer than the comma.
        is_searched = bool(self._chunks) and self._may_be_in_chunks(event_id)
        begin = self._chunks.rfind(b"[%s," % _encode(event_id)) if is_searched else -1
        if begin < 0:
            return False
        chunk, *later = self._chunks[self._chunks.rfind(b"\n", 0, begin) + 1 :].split(b"\n")
        ids = _decode_chunk(chunk)
        index = max(index for index, applied in enumerate(ids) if applied[0] == event_id)
        ids_after = len(self._row) - self._first_id() + CHUNK * len(later) + CHUNK - 1 - index
        return ids[index][1] >= oldest and ids_after < max_ids

    def append(self, event_id: str, clock: int, oldest: int, max_ids: int, *, in_chunks: bool) -> None:
        """Adds an id. Those before clock `oldest` (ms) and before the latest `max_ids` may be dropped."""
        row = self._row
        row.append((event_id, clock))
        self._clock_by_id[event_id] = clock
        if in_chunks and max_ids > CHUNK:
            if len(row) < CHUNK:
                return
            while len(row) - self._first_id() >= CHUNK:
                self._add_chunk()
                self._delete_chunks(oldest, max_ids)
            return
        first_id = self._first_id()
        first = max(len(row) - max_ids, first_id)
        # Clocks never go back, so the oldest come first.
        while first < len(row) and row[first][1] < oldest:
            first += 1
        if first > first_id:
            self._take_ids(first - first_id)
        self._delete_chunks(oldest, max_ids)

    def _may_be_in_chunks(self, event_id: str) -> bool:
        """Whether the chunks have to be searched. To search 256 ids takes several microseconds.

        To read all chunks for the mask takes longer than a search: it is worth it from the second one on.
        """
        hashes = self._hashes
        if hashes is None:
            if not self._is_searched:
                self._is_searched = True
                return True
            ids = [one for chunk in self._chunks.split(b"\n") for one, _ in _decode_chunk(chunk)]
            hashes, self._stale_chunks = _add_hashes(0, ids), 0
            self._hashes = hashes
        return bool(hashes >> hash(event_id) % _HASH_BITS & 1)

    def _first_id(self) -> int:
        """The place of the first id in the row."""
        return 2 if has_chunks(self._row) else 0

    def _take_ids(self, count: int) -> list[AppliedId]:
        """Takes the oldest ids out of the row."""
        row, clock_by_id, first = self._row, self._clock_by_id, self._first_id()
        taken = row[first : first + count]
        del row[first : first + count]
        for name, clock in taken:
            # The same id may have been applied again after it had left the window.
            if clock_by_id.get(name) == clock:
                del clock_by_id[name]
        return taken

    def _add_chunk(self) -> None:
        row, taken = self._row, self._take_ids(CHUNK)
        record = _encode(taken)
        if self._hashes is not None:
            self._hashes = _add_hashes(self._hashes, [name for name, _ in taken])
        if not self._first_id():
            row[:0] = (0, 0)
        self._chunks = b"%s\n%s" % (self._chunks, record) if self._chunks else record
        self._changes[row[1]] = record
        row[1] += 1

    def _delete_chunks(self, oldest: int, max_ids: int) -> None:
        if not self._chunks:
            return
        row, chunks = self._row, self._chunks.split(b"\n")
        ids_after = len(row) - 2 + CHUNK * (len(chunks) - 1)
        count = 0
        while count < len(chunks) and (ids_after >= max_ids or _latest_clock(chunks[count]) < oldest):
            self._changes[row[0] + count] = None
            count += 1
            ids_after -= CHUNK
        if count:
            row[0] += count
            self._stale_chunks += count
            if self._stale_chunks > _MOST_STALE_CHUNKS:
                self._hashes = None
            self._chunks = b"\n".join(chunks[count:])


def _add_hashes(hashes: int, ids: Iterable[str]) -> int:
    for one in ids:
        hashes |= 1 << hash(one) % _HASH_BITS
    return hashes


def _latest_clock(chunk: bytes) -> int:
    return int(chunk[chunk.rindex(b",") + 1 : -2])  # [...,["id",clock]]
