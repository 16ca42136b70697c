"""The records of the out-topics that decisions make: their fields, keys, ids and bytes (SPEC section 2).

A value is a JSON object without `emitted_at`, so that the same journal gives the same bytes whenever it is decided;
whoever writes a value to Kafka puts the moment of writing in with `with_emitted_at`, and a replay does not.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from schemas.values import instant_text
from streams.engine.journal.effects import LeafDocument

MEMBER_TYPE = "segment.member"
LEAD_TYPE = "lead"
"""Types of the rows of `segment-members` and `leads`."""


class JournalPosition(NamedTuple):
    """Where in the journal a decision belongs: of `number` everything but the ordinal."""

    partition: int
    offset: int


class OutputCause(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why something became true."""

    kind: str
    event: str = ""
    """The id of the event that caused it; empty where time or a release did."""
    release: int = 0
    rule: str = ""
    late: bool = False
    leaves: tuple[LeafDocument, ...] = ()


class OutputNumber(msgspec.Struct, frozen=True):
    """Rising per contact."""

    partition: int
    offset: int
    ordinal: int


class OutputBody(msgspec.Struct, kw_only=True):
    """What all outputs carry. `at` is an instant in ms until `encode_output` makes its text."""

    type: str
    id: str = ""
    account: str
    contact: str
    at: int | str
    number: OutputNumber | None = None
    cause: OutputCause


class SegmentChange(OutputBody, kw_only=True):
    """`segment.entered` or `segment.exited`."""

    segment: str


class MembershipRow(OutputBody, kw_only=True):
    """A row of `segment-members`."""

    segment: str
    since: str


class LeadStatusChange(OutputBody, kw_only=True):
    """`lead.status_changed`; `from_` is None for a lead that is made."""

    campaign: str
    from_: str | None = msgspec.field(name="from")
    to: str
    points: float


class LeadPointsChange(OutputBody, kw_only=True):
    """`lead.points_changed`: what was added, and what there is now."""

    campaign: str
    added: float
    points: float


class LeadTableRow(OutputBody, kw_only=True, omit_defaults=True):
    """A row of `leads`."""

    campaign: str
    status: str
    points: float
    made: str
    changed: str
    crm: dict[str, Any] = {}


class HandOverOutput(OutputBody, kw_only=True):
    """`lead.handed_over`: all that a CRM needs to know of a qualified lead."""

    campaign: dict[str, Any]
    lead: dict[str, Any]
    points: float
    snapshot: dict[str, Any]


_encode = msgspec.json.Encoder().encode
_SEPARATOR = "\x1f"


def output_id(subject: str, body: OutputBody) -> str:
    """The deterministic id: a hash of account, contact, kind (the type), subject, at and cause."""
    cause = body.cause
    named = (body.account, body.contact, body.type, subject, str(body.at))
    why = (cause.kind, cause.event, str(cause.release), cause.rule)
    return blake2b(_SEPARATOR.join((*named, *why)).encode(), digest_size=16).hexdigest()


def encode_output(body: OutputBody, subject: str, number: OutputNumber) -> bytes:
    """The value's bytes, with id and number put in and `at` as text."""
    body.id = output_id(subject, body)
    body.number = number
    if isinstance(body.at, int):
        body.at = instant_text(body.at)
    return _encode(body)


def with_emitted_at(value: bytes | None, now: int) -> bytes | None:
    """A value as it is written to Kafka: `emitted_at` (ms since the epoch, as text) is an object's last key."""
    if value is None or not value.endswith(b"}"):
        return value
    return value[:-1] + b',"emitted_at":"' + instant_text(now).encode() + b'"}'


def contact_key(account: str, contact: str) -> bytes:
    """The key of changes and hand-overs."""
    return f"{account}/{contact}".encode()


def table_key(account: str, subject: str, contact: str) -> bytes:
    """The key of a row of `segment-members` (by segment) or `leads` (by campaign)."""
    return f"{account}/{subject}/{contact}".encode()
