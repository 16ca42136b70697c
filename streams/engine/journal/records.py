"""The records of the journal: everything that happened, in the one order it happened in.

A journal record is JSON. `kind` says which of the structs below it is. Instants are integer milliseconds since
1970-01-01T00:00:00Z. An event's key is `account/contact`; a record that speaks to more than one contact of its
partition (a tick, a release marker, a proposal, a slice of history) has a key without a slash, so that the two never
collide.
"""

from __future__ import annotations

from typing import Any

import msgspec

TICK_KEY = b"tick"
MARKER_KEY = b"release"
PROPOSAL_KEY = b"proposal"
SLICE_KEY = b"slice"


class JournalEvent(msgspec.Struct, tag="event", tag_field="kind", omit_defaults=True, frozen=True):
    """An accepted event in canonical form. `source` is (topic without prefix, partition, offset)."""

    type: str
    id: str
    at: int
    account: str
    owner: str = msgspec.field(name="contact")
    """The contact, or the opportunity in the ledger's journal; `contact` on the wire."""
    source: tuple[str, int, int]
    arrival: int = 0
    fields: dict[str, Any] = {}


class Tick(msgspec.Struct, tag="tick", tag_field="kind", omit_defaults=True, frozen=True):
    """Time has come to `at`: every instant before it is closed, for one account (events clock) or all (wall)."""

    at: int
    account: str = ""


class Marker(msgspec.Struct, tag="release", tag_field="kind", omit_defaults=True, frozen=True):
    """From this place on release `number` of `account`, found at `offset` in `definitions`, decides.

    `at` is None where nobody told it (events clock): the account's last tick is meant.
    """

    account: str
    number: int
    offset: int
    hash: str
    at: int | None
    semantics: int


class Proposal(msgspec.Struct, tag="proposal", tag_field="kind", omit_defaults=True, frozen=True):
    """From this place on what release `number` asks of the past is counted; the former release goes on deciding.

    A marker of that release follows when the past before this place is counted, unless a newer release comes first.
    """

    account: str
    number: int
    offset: int
    hash: str
    semantics: int


class BackfilledState(msgspec.Struct, array_like=True, frozen=True):
    """What leaves keep of one contact's past: as in its row, where leaves are named by key."""

    followed: int
    """The instant (ms) up to which the leaves were followed."""
    counts: dict[str, list[int]]
    held: dict[str, list[int]]
    flags: list[str] = []
    """Bounds of the state that were reached."""


class Slice(msgspec.Struct, tag="slice", tag_field="kind", omit_defaults=True, frozen=True):
    """Of the journal before a proposal: what the release's new leaves keep of some contacts, by their ids."""

    account: str
    number: int
    contacts: dict[str, BackfilledState]


JournalRecord = JournalEvent | Tick | Marker | Proposal | Slice

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JournalRecord).decode


def encode(record: JournalRecord) -> bytes:
    """The journal's bytes of a record."""
    return _encode(record)


def decode(value: bytes) -> JournalRecord:
    """The record of a journal value. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
    record: JournalRecord = _decode(value)
    return record


def proposal_from_marker(marker: Marker) -> Proposal:
    """What is appended before a marker whose release asks of the past what nobody kept."""
    return Proposal(marker.account, marker.number, marker.offset, marker.hash, marker.semantics)


def event_key(account: str, contact: str) -> bytes:
    """The journal key of a contact's events; slugs have no slash, so the first slash ends the account."""
    return f"{account}/{contact}".encode()
