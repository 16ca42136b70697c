"""The canonical form of events: what the journal's `fields` hold for each type, and nothing else.

| type | fields (those without a value are left out) |
|---|---|
| `contact.changed` | `properties` (null removes), `status` |
| `contact.deleted` | `status`: always `deleted` |
| `web.visited`, `activity.recorded` | `url`, `title`, `referrer`, `campaign`, `name`, `properties` |
| `score.adjusted` | `points` (whole millionths), `campaign`, `score`, `reason` |
| `lead.added`, `lead.qualified`, `lead.rejected`, `lead.removed`, `lead.reactivated` | `campaign`, `by`, `acquired` |
| `segment.member_added`, `segment.member_removed` | `segment`, `by` |
| `crm.linked` | `campaign`, `hand_over`, `number`, `record`, `member` |
| `crm.failed` | `campaign`, `hand_over`, `number`, `code`, `message`, `record` |
| `crm.outcome` | `campaign`, `hand_over`, `number`, `outcome`, `opportunity`, `amount`, `currency` |
| `opportunity.changed` | `modified` (ms), `version`, `name`, `stage`, `won`, `closed`, `deleted`, `amount` (text), |
| | `currency`, `campaign`, `crm_campaign`, `contact`, `crm_record`, `close_date` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from schemas import topics
from schemas.events import contacts, crm, leads, opportunities, scores, segments, visits
from schemas.events.base import Event
from streams.engine.state.points import millionths

Fields = dict[str, Any]


def _given(event: Event, *names: str) -> Fields:
    values = ((name, getattr(event, name)) for name in names)
    return {name: value for name, value in values if value is not None and value is not False and value != {}}


def _patch(event: contacts.ContactChanged) -> Fields:
    return _given(event, "properties", "status")


def _deleted(_: contacts.ContactDeleted) -> Fields:
    return {"status": "deleted"}


def _happening(event: visits.Happening) -> Fields:
    return _given(event, "url", "title", "referrer", "campaign", "name", "properties")


def _score(event: scores.ScoreAdjusted) -> Fields:
    return {"points": millionths(event.points), **_given(event, "campaign", "score", "reason")}


def _lead(event: leads.LeadCommand) -> Fields:
    return _given(event, "campaign", "by")


def _lead_added(event: leads.LeadAdded) -> Fields:
    return _given(event, "campaign", "by", "acquired")


def _listing(event: segments.SegmentCommand) -> Fields:
    return _given(event, "segment", "by")


def _linked(event: crm.CrmLinked) -> Fields:
    return _given(event, "campaign", "hand_over", "number", "record", "member")


def _failed(event: crm.CrmFailed) -> Fields:
    return _given(event, "campaign", "hand_over", "number", "code", "message", "record")


def _outcome(event: crm.CrmOutcome) -> Fields:
    return _given(event, "campaign", "hand_over", "number", "outcome", "opportunity", "amount", "currency")


def _opportunity(event: opportunities.OpportunityChanged) -> Fields:
    fields = _given(
        event, "modified", "name", "stage", "currency", "campaign", "crm_campaign", "contact", "crm_record"
    )
    fields |= {"version": event.version, "won": event.won, "closed": event.closed, "deleted": event.deleted}
    if event.amount is not None:
        fields["amount"] = format(event.amount, "f")
    return fields


@dataclass(frozen=True, slots=True)
class Kind:
    """An event type: the topic it belongs in, its validator, its canonical fields, and the field that says whose."""

    topic: str
    validate: Callable[[Any], Event]
    fields: Callable[[Any], Fields]
    owner: str


def _kind(
    topic: topics.Topic, model: type[Event], fields: Callable[[Any], Fields], owner: str = "contact"
) -> tuple[str, Kind]:
    name: str = model.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]  # a Literal of one
    return name, Kind(topic.name, TypeAdapter(model).validate_python, fields, owner)


KINDS: Mapping[str, Kind] = dict(
    (
        _kind(topics.CONTACT_CHANGES, contacts.ContactChanged, _patch),
        _kind(topics.CONTACT_CHANGES, contacts.ContactDeleted, _deleted),
        _kind(topics.CONTACT_CHANGES, contacts.ContactMerged, _given),
        _kind(topics.CONTACT_CHANGES, contacts.ContactIdentified, _given),
        _kind(topics.CONTACT_CHANGES, contacts.ContactErased, _given),
        _kind(topics.WEB_VISITS, visits.WebVisited, _happening),
        _kind(topics.WEB_VISITS, visits.ActivityRecorded, _happening),
        _kind(topics.SCORING_EVENTS, scores.ScoreAdjusted, _score),
        _kind(topics.LEAD_COMMANDS, leads.LeadAdded, _lead_added),
        _kind(topics.LEAD_COMMANDS, leads.LeadQualified, _lead),
        _kind(topics.LEAD_COMMANDS, leads.LeadRejected, _lead),
        _kind(topics.LEAD_COMMANDS, leads.LeadRemoved, _lead),
        _kind(topics.LEAD_COMMANDS, leads.LeadReactivated, _lead),
        _kind(topics.SEGMENT_COMMANDS, segments.SegmentMemberAdded, _listing),
        _kind(topics.SEGMENT_COMMANDS, segments.SegmentMemberRemoved, _listing),
        _kind(topics.CRM_RESULTS, crm.CrmLinked, _linked),
        _kind(topics.CRM_RESULTS, crm.CrmFailed, _failed),
        _kind(topics.CRM_RESULTS, crm.CrmOutcome, _outcome),
        _kind(topics.CRM_OPPORTUNITIES, opportunities.OpportunityChanged, _opportunity, "opportunity"),
    )
)
"""Event type -> what is known of it."""
