"""The records of the out-topics that decisions make: their fields, keys, ids and bytes (SPEC section 2).

A value is a JSON object without `emitted_at`, so that the same journal gives the same bytes whenever it is decided;
the code that writes a value to Kafka adds the time of writing by `with_emitted_at`; a replay does not.
"""

from __future__ import annotations

from binascii import hexlify
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.engine.journal.effects import LeafDocument
from streams.engine.state.contact import Contact, ContactTexts

CONTACT_TYPE = "contact"
MEMBER_TYPE = "segment.member"
LEAD_TYPE = "lead"
"""Types of the rows of `contacts`, `segment-members` and `leads`."""
ENTERED_TYPE = "segment.entered"
EXITED_TYPE = "segment.exited"

_ENTERED = ENTERED_TYPE.encode()
_EXITED = EXITED_TYPE.encode()
_MEMBER = MEMBER_TYPE.encode()
_CONTACT = CONTACT_TYPE.encode()
_MAX_SEGMENT_TEXTS = 16_384


class JournalPosition(msgspec.Struct, frozen=True):
    """The journal record that a decision belongs to: an `OutputNumber` without its ordinal."""

    partition: int
    offset: int


class OutputCause(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Why something became true."""

    kind: str
    event: str = ""
    """The id of the causing event; empty where time or a release is the cause."""
    release: int = 0
    rule: str = ""
    late: bool = False
    """Whether a late event corrected the past."""
    by: str = ""
    """Of a command: who gave it."""
    leaves: tuple[LeafDocument, ...] = ()
    """Of a segment change: the leaves that decided it. `OutputTemplate` takes them as JSON."""


class OutputNumber(msgspec.Struct, frozen=True):
    """The number of an output: it rises per contact."""

    partition: int
    offset: int
    ordinal: int


class OutputBody(msgspec.Struct, kw_only=True):
    """The fields of all outputs. `at` is in ms until `encode_output` replaces it by its RFC 3339 text."""

    type: str
    id: str = ""
    account: str
    contact: str
    at: int | str
    number: OutputNumber | None = None
    cause: OutputCause


class SegmentChange(OutputBody, kw_only=True):
    """`segment.entered` or `segment.exited`; written by `OutputTemplate`, to the same bytes."""

    segment: str


class MembershipRow(OutputBody, kw_only=True):
    """A row of `segment-members`; written by `OutputTemplate`, to the same bytes."""

    segment: str
    since: str


class LeadStatusChange(OutputBody, kw_only=True):
    """`lead.status_changed`; `from_` is None for a new lead."""

    campaign: str
    from_: str | None = msgspec.field(name="from")
    to: str
    points: float


class LeadPointsChange(OutputBody, kw_only=True):
    """`lead.points_changed`: the points added, and the points after that."""

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


class ContactFields(msgspec.Struct):
    """What a row of `contacts` shows of its contact, in the row's order.

    `last_seen` is the latest visit or activity, None where there was none.
    """

    status: str
    properties: dict[str, Any]
    score: float
    scores: dict[str, float]
    created: str
    last_seen: str | None


class HandOverOutput(OutputBody, kw_only=True, omit_defaults=True):
    """`lead.handed_over`: everything that a CRM needs to know of a qualified lead."""

    campaign: dict[str, Any]
    lead: dict[str, Any]
    points: float
    snapshot: dict[str, Any]
    do_not_sync: bool = False


class LeadUpdateOutput(OutputBody, kw_only=True, omit_defaults=True):
    """`lead.updated`: what happened to a lead after its hand-over, and the contact as it is then."""

    campaign: dict[str, Any]
    lead: dict[str, Any]
    occasions: list[str]
    snapshot: dict[str, Any]
    do_not_sync: bool = False
    opted_out: bool = False


class NoticeOutput(OutputBody, kw_only=True):
    """`automation.notified`: the rule that fired, the lead as the rule leaves it, and the contact."""

    notice: str
    rule: str
    campaign: dict[str, Any]
    lead: dict[str, Any]
    snapshot: dict[str, Any]


_encode = msgspec.json.Encoder().encode
_NEW_HASH = blake2b(digest_size=16)  # to copy it takes half the time of making one


def output_id(subject: str, body: OutputBody) -> str:
    """The deterministic id: a hash of account, contact, type, subject, `at` and cause."""
    cause = body.cause
    identity = (
        f"{body.account}\x1f{body.contact}\x1f{body.type}\x1f{subject}\x1f{body.at}"
        f"\x1f{cause.kind}\x1f{cause.event}\x1f{cause.release}\x1f{cause.rule}"
    )
    digest = _NEW_HASH.copy()
    digest.update(identity.encode())
    return digest.hexdigest()


def encode_output(body: OutputBody, subject: str, number: OutputNumber) -> bytes:
    """The JSON of an output. Sets id and number of `body`, and `at` as text."""
    body.id = output_id(subject, body)
    body.number = number
    if isinstance(body.at, int):
        body.at = instant_text(body.at)
    return _encode(body)


class _KindTexts(msgspec.Struct, frozen=True):
    """What all outputs of one type about a segment have in common."""

    head: bytes
    """The JSON up to the id."""
    identity: bytes
    """Type and segment, as the hash that is an id has them."""


class _SegmentTexts(msgspec.Struct, frozen=True):
    """What all outputs about a segment have in common."""

    entered: _KindTexts
    exited: _KindTexts
    row: _KindTexts
    member: bytes
    """The end of the cause, and the JSON member `segment`."""


@lru_cache(maxsize=_MAX_SEGMENT_TEXTS)
def _segment_texts(segment: str) -> _SegmentTexts:
    name = segment.encode()
    entered, exited, row = (
        _KindTexts(_head(kind), b"%s\x1f%s" % (kind, name)) for kind in (_ENTERED, _EXITED, _MEMBER)
    )
    return _SegmentTexts(entered, exited, row, b'},"segment":' + _encode(segment))


def _head(kind: bytes) -> bytes:
    return b'{"type":"%s","id":"' % kind


_CONTACT_HEAD = _head(_CONTACT)


class OutputTemplate:
    """Writes outputs of one contact at one journal position that have the same cause and `at` (ms).

    Many segments change for one cause; so what their records have in common is made once.
    """

    __slots__ = ("_cause", "_end_of_row", "_owner", "_reason", "_until_ordinal", "at", "at_text", "cause", "key")

    def __init__(self, contact: Contact, position: JournalPosition, at: int, cause: OutputCause) -> None:
        self.at = at
        self.cause = cause
        texts = contact_texts(contact)
        self.key = texts.key
        self.at_text = at_text = instant_text(at)
        number = (
            f',"at":"{at_text}","number":{{"partition":{position.partition},"offset":{position.offset},"ordinal":'
        )
        self._until_ordinal = texts.names + number.encode()
        self._cause = _encode(cause)[:-1]
        self._end_of_row = b""
        # What an id is a hash of, before and behind type and subject.
        self._owner = texts.identity
        self._reason = f"\x1f{at}\x1f{cause.kind}\x1f{cause.event}\x1f{cause.release}\x1f{cause.rule}".encode()

    def write_change(self, segment: str, is_entry: bool, leaves: bytes, ordinal: int) -> bytes:
        """The JSON of a `SegmentChange`; `leaves` is the JSON list of those that decided, empty for none."""
        texts = _segment_texts(segment)
        return self._write(texts.entered if is_entry else texts.exited, texts.member, leaves, ordinal, b"}")

    def write_row(self, segment: str, leaves: bytes, ordinal: int) -> bytes:
        """The JSON of a `MembershipRow`; `leaves` as of `write_change`."""
        texts, end = _segment_texts(segment), self._end_of_row
        if not end:
            end = self._end_of_row = f',"since":"{self.at_text}"}}'.encode()
        return self._write(texts.row, texts.member, leaves, ordinal, end)

    def write_contact(self, fields: ContactFields, ordinal: int) -> bytes:
        """The JSON of a row of `contacts`."""
        digest = _NEW_HASH.copy()
        digest.update(b"".join((self._owner, _CONTACT, b"\x1f", self._reason)))
        parts = (
            _CONTACT_HEAD,
            hexlify(digest.digest()),
            self._until_ordinal,
            b'%d},"cause":' % ordinal,
            self._cause,
            b"},",
            _encode(fields)[1:],
        )
        return b"".join(parts)

    def _write(self, texts: _KindTexts, member: bytes, leaves: bytes, ordinal: int, end: bytes) -> bytes:
        digest = _NEW_HASH.copy()
        digest.update(b"".join((self._owner, texts.identity, self._reason)))
        parts = (
            texts.head,
            hexlify(digest.digest()),
            self._until_ordinal,
            b'%d},"cause":' % ordinal,
            self._cause,
            leaves and b',"leaves":' + leaves,
            member,
            end,
        )
        return b"".join(parts)


def contact_texts(contact: Contact) -> ContactTexts:
    """What all outputs of a contact have in common, made once."""
    texts = contact.texts
    if texts is None:
        account, name = contact.account, contact.id
        texts = contact.texts = ContactTexts(
            key=contact_key(account, name),
            names=b"".join((b'","account":', _encode(account), b',"contact":', _encode(name))),
            identity=f"{account}\x1f{name}\x1f".encode(),
            created=instant_text(contact.created),
        )
    return texts


def with_emitted_at(value: bytes | None, now: int) -> bytes | None:
    """The value as it is written to Kafka: `emitted_at` (`now` as text) becomes an object's last key."""
    if value is None or not value.endswith(b"}"):
        return value
    return value[:-1] + _emitted_at(now)


@lru_cache(maxsize=16)
def _emitted_at(now: int) -> bytes:
    """The end of every value of one transaction."""
    return f',"emitted_at":"{instant_text(now)}"}}'.encode()


def contact_key(account: str, contact: str) -> bytes:
    """The key of changes, hand-overs, notices and rows of `contacts`."""
    return f"{account}/{contact}".encode()


def table_key(account: str, subject: str, contact: str) -> bytes:
    """The key of a row of `segment-members` (by segment) or `leads` (by campaign)."""
    return f"{account}/{subject}/{contact}".encode()
