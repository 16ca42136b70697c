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


class AppliedIds:
    """The ids in order, the latest last; those in chunks once these are loaded."""

    __slots__ = ("_changes", "_chunks", "first_chunk", "next_chunk", "recent")

    def __init__(self, recent: Iterable[AppliedId] = (), first_chunk: int = 0, next_chunk: int = 0) -> None:
        self.recent = list(recent)
        """Those in the row."""
        self.first_chunk = first_chunk
        self.next_chunk = next_chunk
        self._chunks = b""
        """The chunk records, a line each: one search finds an id in all of them."""
        self._changes: dict[int, bytes | None] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AppliedIds) and self.row_form() == other.row_form()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"AppliedIds({self.row_form()})"

    def row_form(self) -> list[Any]:
        """What stands in the row, as JSON values."""
        if self.next_chunk == 0:
            return self.recent
        return [self.first_chunk, self.next_chunk, *self.recent]

    @classmethod
    def from_row_form(cls, values: list[Any]) -> AppliedIds:
        """The ids that stand in a row. Raises ValueError for anything else."""
        has_chunks = bool(values) and isinstance(values[0], int)
        first, following = values[:2] if has_chunks else (0, 0)
        return cls([(name, clock) for name, clock in values[2 if has_chunks else 0 :]], first, following)

    def load_chunks(self, record_of: Callable[[int], bytes | None]) -> None:
        """Adds the chunk records; `record_of` gives that of a number, None where only the row is known."""
        records = map(record_of, range(self.first_chunk, self.next_chunk))
        self._chunks = b"\n".join(record for record in records if record is not None)

    def take_changes(self) -> dict[int, bytes | None]:
        """Returns number -> record of the chunks written since the last call, None for those to be deleted."""
        changes, self._changes = self._changes, {}
        return changes

    def contains(self, event_id: str, oldest: int, max_ids: int) -> bool:
        """Whether the id is one of the latest `max_ids`, applied at clock `oldest` (ms) or later."""
        for applied_id, clock in self.recent:
            if applied_id == event_id and clock >= oldest:
                return True
        # A quote inside an id is escaped, so this begins an id wherever it stands. Searching backwards is faster: the
        # bracket is rarer than the comma.
        begin = self._chunks.rfind(b"[%s," % _encode(event_id)) if self._chunks else -1
        if begin < 0:
            return False
        chunk, *later = self._chunks[self._chunks.rfind(b"\n", 0, begin) + 1 :].split(b"\n")
        ids = _decode_chunk(chunk)
        index = max(index for index, applied in enumerate(ids) if applied[0] == event_id)
        ids_after = len(self.recent) + CHUNK * len(later) + CHUNK - 1 - index
        return ids[index][1] >= oldest and ids_after < max_ids

    def append(self, event_id: str, clock: int, oldest: int, max_ids: int, *, in_chunks: bool) -> None:
        """Adds an id. Those before clock `oldest` (ms) and before the latest `max_ids` may be dropped."""
        self.recent.append((event_id, clock))
        if in_chunks and max_ids > CHUNK:
            while len(self.recent) >= CHUNK:
                self._add_chunk()
                self._delete_chunks(oldest, max_ids)
            return
        first = max(len(self.recent) - max_ids, 0)
        # Clocks never go back, so the oldest come first.
        while first < len(self.recent) and self.recent[first][1] < oldest:
            first += 1
        del self.recent[:first]
        self._delete_chunks(oldest, max_ids)

    def _add_chunk(self) -> None:
        record = _encode(self.recent[:CHUNK])
        del self.recent[:CHUNK]
        self._chunks = b"%s\n%s" % (self._chunks, record) if self._chunks else record
        self._changes[self.next_chunk] = record
        self.next_chunk += 1

    def _delete_chunks(self, oldest: int, max_ids: int) -> None:
        if not self._chunks:
            return
        chunks = self._chunks.split(b"\n")
        ids_after = len(self.recent) + CHUNK * (len(chunks) - 1)
        count = 0
        while count < len(chunks) and (ids_after >= max_ids or _latest_clock(chunks[count]) < oldest):
            self._changes[self.first_chunk + count] = None
            count += 1
            ids_after -= CHUNK
        if count:
            self.first_chunk += count
            self._chunks = b"\n".join(chunks[count:])


def _latest_clock(chunk: bytes) -> int:
    return int(chunk[chunk.rindex(b",") + 1 : -2])  # [...,["id",clock]]
