"""Reads events in one typed decode that checks as it reads: a struct for each event type that in-topics hold much of.

A struct accepts nothing that the type's model (`schemas.events`) refuses, and means the same by it. What it does not
accept goes to the model, which has the last word and says why: this module refuses nothing. The types that are not
served have no struct, nor has `opportunity.changed`, whose amounts only the model reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from schemas.definitions import ContactStatus
from schemas.events.crm import OutcomeStatus
from schemas.values import MAX_POINTS
from streams.engine.journal.event_types import EVENT_TYPES, EventType

_Id = Annotated[str, Meta(min_length=1, max_length=255)]
_Slug = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,100}\Z")]
_ShortText = Annotated[str, Meta(max_length=1_000)]
_Name = Annotated[str, Meta(min_length=1, max_length=1_000)]
_LongText = Annotated[str, Meta(max_length=20_000)]
_RetryNumber = Annotated[int, Meta(ge=1, le=1_000_000_000)]
_Points = Annotated[float, Meta(ge=-MAX_POINTS, le=MAX_POINTS)]


# Unknown fields would be skipped without a look at their bytes, which may be no JSON: so they are forbidden here, and
# left out once the whole value is decoded. JSON has no cycles for a collector to find.
class TypedEvent(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, kw_only=True, gc=False):
    """Fields that all events have. The reader checks `account` (a slug), `at` (an instant) and `contact`."""

    id: _Id
    at: str
    account: str | None = None
    contact: str | None = None
    visitor: bool = False
    """On any type it says that the event is an anonymous visitor's."""


class _ContactChanged(TypedEvent, tag="contact.changed"):
    properties: dict[str, Any] = {}
    status: ContactStatus | None = None


class _ContactDeleted(TypedEvent, tag="contact.deleted"):
    pass


class _Activity(TypedEvent):
    url: _LongText | None = None
    title: _LongText | None = None
    referrer: _LongText | None = None
    campaign: _ShortText | None = None
    properties: dict[str, Any] = {}


class _WebVisited(_Activity, tag="web.visited"):
    name: _ShortText | None = None


class _ActivityRecorded(_Activity, tag="activity.recorded", kw_only=True):
    name: _Name


class _ScoreAdjusted(TypedEvent, tag="score.adjusted", kw_only=True):
    points: _Points
    campaign: _Slug | None = None
    score: _Name | None = None
    reason: _LongText | None = None


class _LeadCommand(TypedEvent, kw_only=True):
    campaign: _Slug
    by: _ShortText | None = None


class _LeadAdded(_LeadCommand, tag="lead.added"):
    acquired: bool = False


class _LeadQualified(_LeadCommand, tag="lead.qualified"):
    pass


class _LeadRejected(_LeadCommand, tag="lead.rejected"):
    pass


class _LeadRemoved(_LeadCommand, tag="lead.removed"):
    pass


class _LeadReactivated(_LeadCommand, tag="lead.reactivated"):
    pass


class _SegmentCommand(TypedEvent, kw_only=True):
    segment: _Slug
    by: _ShortText | None = None


class _SegmentMemberAdded(_SegmentCommand, tag="segment.member_added"):
    pass


class _SegmentMemberRemoved(_SegmentCommand, tag="segment.member_removed"):
    pass


class _CrmResult(TypedEvent, kw_only=True):
    campaign: _Slug
    hand_over: _ShortText | None = None
    number: tuple[int, int, int] | None = None
    """As a list; the model reads the object too."""


class _CrmAnswer(_CrmResult, kw_only=True):
    retry: _RetryNumber | None = None
    update: bool = False


class _CrmFieldNote(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    field: _ShortText
    note: Literal["cut", "left_out"]
    reason: _LongText


class _CrmLinked(_CrmAnswer, tag="crm.linked", kw_only=True):
    record: _ShortText
    member: _ShortText | None = None
    notes: tuple[_CrmFieldNote, ...] = ()


class _CrmFailed(_CrmAnswer, tag="crm.failed", kw_only=True):
    code: _ShortText
    message: _LongText = ""
    record: _ShortText | None = None


class _CrmOutcome(_CrmResult, tag="crm.outcome", kw_only=True):
    outcome: OutcomeStatus
    opportunity: _ShortText
    amount: _ShortText | None = None
    currency: _ShortText | None = None
    # Only the ledger writes these, and only the model reads them.
    amounts: None = None
    opportunity_state: None = None
    cause: None = None


_AnyEvent = (
    _ContactChanged
    | _ContactDeleted
    | _WebVisited
    | _ActivityRecorded
    | _ScoreAdjusted
    | _LeadAdded
    | _LeadQualified
    | _LeadRejected
    | _LeadRemoved
    | _LeadReactivated
    | _SegmentMemberAdded
    | _SegmentMemberRemoved
    | _CrmLinked
    | _CrmFailed
    | _CrmOutcome
)

_STRUCTS: Mapping[str, type[TypedEvent]] = {
    str(struct.__struct_config__.tag): struct for struct in _AnyEvent.__args__
}

EVENT_TYPES_BY_STRUCT: Mapping[type[TypedEvent], EventType] = {
    struct: EVENT_TYPES[name] for name, struct in _STRUCTS.items()
}
"""Struct -> its event type. The names of the fields are those of the model, so `EventType.fields` takes either."""

_decode = msgspec.json.Decoder(_AnyEvent).decode
_decode_any = msgspec.json.Decoder().decode


def decode_event(value: bytes, on_unknown: Callable[[dict[str, Any]], None] | None = None) -> TypedEvent | None:
    """The event in a value whose objects and lists are not nested deeply; None where its model must look at it.

    `on_unknown` gets all fields of an event some of which are unknown.
    """
    try:
        event: TypedEvent = _decode(value)
    except msgspec.ValidationError:
        return _decode_known_fields(value, on_unknown)
    except (msgspec.DecodeError, ValueError):
        return None
    return event


def _decode_known_fields(value: bytes, on_unknown: Callable[[dict[str, Any]], None] | None) -> TypedEvent | None:
    """The event without its unknown fields; None where it has none of those, so that they were not what is wrong."""
    try:
        raw = _decode_any(value)
        name = raw["type"]
        struct = _STRUCTS[name]
        fields = {name: raw[name] for name in raw.keys() & struct.__struct_fields__}
        if len(fields) + 1 >= len(raw):
            return None
        event = msgspec.convert(fields, struct)
    # What is no object, has no type or one that cannot be a key.
    except (msgspec.DecodeError, ValueError, LookupError, TypeError):
        return None
    if on_unknown is not None:
        on_unknown(raw)
    return event
