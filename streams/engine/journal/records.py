"""Defines the records of the journal: everything that happened, in one fixed order.

A journal record is JSON; `kind` says which of the structs below it is. Instants are ms since the epoch. The key of an
event is `account/contact`; a record for more than one contact of its partition (tick, marker, proposal, slice) has a
key without a slash, so that the two never collide.
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
    """The id of the contact, in the ledger's journal of the opportunity; its JSON key is `contact`."""
    source: tuple[str, int, int]
    arrival: int = 0
    """When the source record arrived (ms)."""
    fields: dict[str, Any] = {}
    """The fields of the type in canonical form, see `streams.engine.journal.event_types`."""


NO_TICK = -(1 << 62)
"""Stands for the last tick while there was none."""


class Tick(msgspec.Struct, tag="tick", tag_field="kind", omit_defaults=True, frozen=True):
    """Closes every instant before `at`, for one account (events clock) or for all (wall clock)."""

    at: int
    account: str = ""


class Marker(msgspec.Struct, tag="release", tag_field="kind", omit_defaults=True, frozen=True):
    """From this record on release `number` of `account` decides; its definitions are at `offset` in `definitions`.

    `at` is None where the release has no instant of its own (events clock): then it is the account's last tick.
    """

    account: str
    number: int
    offset: int
    hash: str
    at: int | None
    semantics: int


class Proposal(msgspec.Struct, tag="proposal", tag_field="kind", omit_defaults=True, frozen=True):
    """From this record on the new leaves of release `number` are tracked; the former release still decides.

    The marker of that release follows when the journal up to here is counted, unless a newer release comes first.
    """

    account: str
    number: int
    offset: int
    hash: str
    semantics: int


class BackfilledState(msgspec.Struct, array_like=True, frozen=True):
    """The state of new leaves at the end of one contact's past: by key of the leaf, encoded as in `Contact`."""

    tracked_until: int
    """The instant (ms) up to which the leaves were tracked."""
    counts: dict[str, list[int]]
    held: dict[str, list[int]]
    flags: list[str] = []
    """The limits that the state reached, as in `Contact.flags`."""


class Slice(msgspec.Struct, tag="slice", tag_field="kind", omit_defaults=True, frozen=True):
    """The state of a proposed release's new leaves at the proposal, for some contacts by their ids."""

    account: str
    number: int
    contacts: dict[str, BackfilledState]


JournalRecord = JournalEvent | Tick | Marker | Proposal | Slice

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JournalRecord).decode


def encode(record: JournalRecord) -> bytes:
    """The journal value of a record."""
    return _encode(record)


def decode(value: bytes) -> JournalRecord:
    """The record of a journal value. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
    record: JournalRecord = _decode(value)
    return record


def proposal_from_marker(marker: Marker) -> Proposal:
    """The proposal to append before a marker whose release needs a back-fill."""
    return Proposal(marker.account, marker.number, marker.offset, marker.hash, marker.semantics)


def event_key(account: str, contact: str) -> bytes:
    """The journal key of a contact's events; slugs have no slash, so the first slash ends the account."""
    return f"{account}/{contact}".encode()
