"""Holds the state of one contact: everything that a decision about it may depend on, and nothing else.

A contact is one row of the changelog. Instants are ms since the epoch; points and scores are whole millionths (SPEC
section 3 rounds to 0.000001), so that they add up exactly.
"""

from __future__ import annotations

from typing import Any

import msgspec

from streams.engine.state.applied_ids import AppliedIds
from streams.engine.state.limits import MAX_PROPERTY_BYTES


class Lead(msgspec.Struct, array_like=True, omit_defaults=True):
    """The lead of a contact in one campaign."""

    status: str
    created: int
    """The instant at which this life of the lead began; `lead_age` counts from here."""
    changed: int
    points: int = 0
    decayed: int = 0
    """The instant that `points` is decayed to, where the campaign has a half-life."""
    truths: dict[str, bool] = {}
    """Key of a rule whose condition was true when last evaluated -> True. An edge is a new entry."""
    awards: dict[str, list[int]] = {}
    """Scoring rule id -> instants of the awards inside its `at_most` window."""
    ended_by: str = ""
    """Why a `deleted` lead is deleted: `person`, `cascade` or `leave`."""
    crm: dict[str, Any] = {}
    """The CRM's results: link, number of the last hand-over with a result, outcome."""
    audience: bool = False
    """Whether the contact was in the campaign's audience when that was last evaluated."""


class ContactHeader(msgspec.Struct, array_like=True, frozen=True):
    """The first fields of a row: all that a restore needs of every contact."""

    account: str
    id: str
    created: int
    clock: int
    settled: int
    release: int = 0
    due: int | None = None


class ContactTexts(msgspec.Struct, frozen=True):
    """What all outputs of a contact have in common."""

    key: bytes
    """`account/contact`."""
    names: bytes
    """The JSON members `account` and `contact`."""
    identity: bytes
    """What the hash that is an output's id begins with."""
    created: str


class _Companion:
    """Gives a contact attributes that are no fields of its row."""

    truths: object = None
    """What is known of its conditions while it is in memory (`streams.engine.releases.truths`)."""
    ids: AppliedIds | None = None
    """What is kept of the ids in `applied`, made by `applied_ids`."""
    texts: ContactTexts | None = None
    """What all outputs of the contact have in common, once one was written."""
    row_size: int = 0
    """The size of its row as last read or written; 0 for a new contact."""
    most_property_bytes: int = MAX_PROPERTY_BYTES
    """The JSON of the properties is not longer than this, so that it has to be measured only when they grew a lot."""


class Contact(_Companion, msgspec.Struct, array_like=True, omit_defaults=True, dict=True):
    """A contact of an account."""

    account: str
    id: str
    created: int
    clock: int
    settled: int
    """The journal offset that the row is settled for."""
    release: int = 0
    """The number of the release that the contact was last settled under."""
    due: int | None = None
    """The next instant at which time alone may change something; before the long fields for `ContactHeader`."""
    status: str = "active"
    properties: dict[str, Any] = {}
    score: int = 0
    scores: dict[str, int] = {}
    first_visit: int | None = None
    last_visit: int | None = None
    last_activity: int | None = None
    counts: dict[str, list[int]] = {}
    """Key of an `ActivityCounter` -> its state. Each kind of counter has its own encoding, instants are in ms:

    - `FilteredCounter` with an exact window: the newest instants that decide the count, ascending;
    - `FilteredCounter` with a lossy window (`between_ago`, a moving `until`): also all instants that have yet to
      enter the window, ascending, at most `MOST_INSTANTS`;
    - `RegularCounter`: instants ascending, at most two per period, with `times` twice as many as that per period;
    - `FirstLastCounter`: [instant of the first or last matching event, 1 if that event also matches the extra
      filter, else 0];
    - `TotalCounter`: [number of values, their sum in millionths];
    - `ValueCounter`: [instant, value in millionths, instant, value, ...], ascending;
    - `DistinctCounter`: [instant, hash of the value, instant, hash, ...], ascending;
    - `OwnScoreCounter`: [the earliest instant at which the own score was adjusted];
    - `SequenceCounter`: [start of the complete chain that starts last, instant, steps, instant, steps, ...], where
      bit i of `steps` is set if the event matches step i.
    """
    applied: list[Any] = []
    """Recently applied event ids, each with the contact's clock after it, the oldest first (`AppliedIds`)."""
    listed: list[str] = []
    """Static segments that list the contact."""
    members: dict[str, int] = {}
    """Segment -> since when it is a member."""
    leads: dict[str, Lead] = {}
    """Campaign -> the contact's lead in it."""
    flags: list[str] = []
    """The limits that the state reached: `bound:` and the key of a counter."""
    held: dict[str, list[int]] = {}
    """Key of a leaf with `held_for` -> [since when it has been true] or [since when, until when it was true]."""
    proposal: int = 0
    """The number of the proposed release whose new leaves are tracked; 0 while none is proposed."""
    tracked_until: int = 0
    """The instant up to which its leaves with `held_for` are tracked."""


def account_of_key(key: bytes) -> str:
    """The account of a contact's key."""
    return key.partition(b"/")[0].decode()


def applied_ids(contact: Contact) -> AppliedIds:
    """The ids of the events applied to a contact."""
    ids = contact.ids
    if ids is None:
        ids = contact.ids = AppliedIds(contact.applied)
    return ids


encode_contact = msgspec.json.Encoder().encode
"""Returns the row of a contact."""

decode_contact = msgspec.json.Decoder(Contact).decode
"""The contact of a row. Raises msgspec.MsgspecError for bytes that no Leadstream wrote."""
