"""Where the rows of a partition lie: in memory (memory_rows.py), or wherever the caller of the engine puts them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

DueContact = tuple[int, bytes]
"""The instant (ms) at which a contact is due, and its key."""


class RowStore(Protocol):
    """The changelog's records by key, and an index of who is due when. What is written is read back at once.

    Rows of contacts have the key `account/contact`. Chunks of their ids (applied_ids.py) are records, too; they have
    no due instant and are not listed.
    """

    def restore(self, key: bytes, record: bytes | None) -> None:
        """Takes one record of the changelog, in order; None deletes it."""

    def finish_restore(self) -> None:
        """Indexes who is due when. To be called after the last `restore`."""

    def get(self, key: bytes) -> bytes | None:
        """The record of a key."""

    def write(self, key: bytes, record: bytes | None, due: int | None = None) -> None:
        """Stores a record, None deletes it. `due` (ms) is that of a contact's row."""

    def set_due(self, key: bytes, due: int | None) -> None:
        """Says when a contact is due (ms), as soon as it is known: its row may follow later."""

    def first_due(self, account: str, before: int | None = None) -> DueContact | None:
        """The earliest due contact, of one account or of all (""); None when none is due.

        When none is due before the instant `before` (ms), it may be any contact, or none.
        """

    def keys_of(self, account: str) -> Iterator[bytes]:
        """The keys of an account's contacts that have a row now. Those that get one meanwhile may be among them."""

    def has_contacts(self, account: str) -> bool:
        """Whether the account has, or had, a contact."""

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and row of every contact, in no particular order."""
