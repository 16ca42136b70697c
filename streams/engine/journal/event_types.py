"""Defines the event types and their canonical form: the `fields` of a journal event, by type.

| type | fields (those without a value are left out) |
|---|---|
| `contact.changed` | `properties` (null removes), `status` |
| `contact.deleted` | `status`: always `deleted` |
| `web.visited`, `activity.recorded` | `url`, `title`, `referrer`, `campaign`, `name`, `properties` |
| `score.adjusted` | `points` (whole millionths), `campaign`, `score`, `reason` |
| `lead.added`, `lead.qualified`, `lead.rejected`, `lead.removed`, `lead.reactivated` | `campaign`, `by`, `acquired` |
| `segment.member_added`, `segment.member_removed` | `segment`, `by` |
| `crm.linked` | `campaign`, `hand_over`, `number`, `record`, `member`, `notes`, `retry`, `update` |
| `crm.failed` | `campaign`, `hand_over`, `number`, `code`, `message`, `record`, `retry`, `update` |
| `crm.outcome` | `campaign`, `hand_over`, `number`, `outcome`, `opportunity`, `amount`, `currency`, `amounts`, |
| | `opportunity_state` (`outcome`, `amount`, `currency`) |
| `opportunity.changed` | `modified` (ms), `version`, `name`, `stage`, `won`, `closed`, `deleted`, `amount` (text), |
| | `currency`, `campaign`, `crm_campaign`, `contact`, `crm_record`, `close_date`, `released` |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, BaseModel, TypeAdapter

from schemas import topics
from schemas.events import contacts, crm, leads, opportunities, scores, segments, visits
from schemas.events.base import InputEvent
from schemas.values import to_millionths

Fields = dict[str, Any]


def _present_fields(event: InputEvent, *names: str) -> Fields:
    values = ((name, getattr(event, name)) for name in names)
    return {name: value for name, value in values if value or not (value is None or value is False or value == {})}


# The fields of the frequent types are told one by one: a loop over their names takes several times as long.


def _contact_changed_fields(event: contacts.ContactChanged) -> Fields:
    fields: Fields = {"properties": event.properties} if event.properties else {}
    if event.status is not None:
        fields["status"] = event.status
    return fields


def _contact_deleted_fields(_: contacts.ContactDeleted) -> Fields:
    return {"status": "deleted"}


def _activity_fields(event: visits.WebVisited | visits.ActivityRecorded) -> Fields:
    fields: Fields = {}
    if event.url is not None:
        fields["url"] = event.url
    if event.title is not None:
        fields["title"] = event.title
    if event.referrer is not None:
        fields["referrer"] = event.referrer
    if event.campaign is not None:
        fields["campaign"] = event.campaign
    if event.name is not None:
        fields["name"] = event.name
    if event.properties:
        fields["properties"] = event.properties
    return fields


def _score_fields(event: scores.ScoreAdjusted) -> Fields:
    return {"points": to_millionths(event.points), **_present_fields(event, "campaign", "score", "reason")}


def _lead_command_fields(event: leads.LeadCommand) -> Fields:
    return _present_fields(event, "campaign", "by")


def _lead_added_fields(event: leads.LeadAdded) -> Fields:
    return _present_fields(event, "campaign", "by", "acquired")


def _segment_command_fields(event: segments.SegmentCommand) -> Fields:
    return _present_fields(event, "segment", "by")


def _crm_linked_fields(event: crm.CrmLinked) -> Fields:
    fields = _present_fields(event, "campaign", "hand_over", "number", "record", "member", "retry", "update")
    if event.notes:
        fields["notes"] = [{"field": each.field, "note": each.note, "reason": each.reason} for each in event.notes]
    return fields


def _crm_failed_fields(event: crm.CrmFailed) -> Fields:
    return _present_fields(event, "campaign", "hand_over", "number", "code", "message", "record", "retry", "update")


def _crm_outcome_fields(event: crm.CrmOutcome) -> Fields:
    fields = _present_fields(
        event, "campaign", "hand_over", "number", "outcome", "opportunity", "amount", "currency", "amounts"
    )
    if event.cause is not None:
        # The number of the ledger's output: it must not be taken for that of a hand-over.
        fields.pop("number", None)
    if event.opportunity_state is not None:
        fields["opportunity_state"] = event.opportunity_state.model_dump(exclude_none=True)
    return fields


def _opportunity_fields(event: opportunities.OpportunityChanged) -> Fields:
    fields = _present_fields(
        event, "modified", "name", "stage", "currency", "campaign", "crm_campaign", "contact", "crm_record"
    )
    fields |= {"version": event.version, "won": event.won, "closed": event.closed, "deleted": event.deleted}
    if event.released:
        fields["released"] = True
    if event.amount is not None:
        fields["amount"] = format(event.amount, "f")
    return fields


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type: its in-topic, its validator, its canonical fields, and the name of the field with its owner.

    `field_names` are the fields that its events may have, all spellings of them; anything else is ignored.
    """

    name: str
    topic: str
    validate: Callable[[Any], InputEvent]
    fields: Callable[[Any], Fields]
    owner: str
    field_names: frozenset[str]


_TOPICS_BY_MODEL: Mapping[type[BaseModel], topics.Topic] = {
    model: topic
    for topic in (*topics.PIPELINE_IN, *topics.LEDGER_IN)
    if isinstance(topic.models, tuple)
    for model in topic.models
}


def _event_type_entry(
    model: type[InputEvent], fields: Callable[[Any], Fields], owner: str = "contact"
) -> tuple[str, EventType]:
    name: str = model.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]  # a Literal of one
    topic = _TOPICS_BY_MODEL[model].name
    validate = TypeAdapter(model).validate_python
    return name, EventType(name, topic, validate, fields, owner, frozenset({*_field_names(model), "visitor"}))


def _field_names(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield name
        if isinstance(info.validation_alias, AliasChoices):
            yield from (alias for alias in info.validation_alias.choices if isinstance(alias, str))


EVENT_TYPES: Mapping[str, EventType] = dict(
    (
        _event_type_entry(contacts.ContactChanged, _contact_changed_fields),
        _event_type_entry(contacts.ContactDeleted, _contact_deleted_fields),
        _event_type_entry(contacts.ContactMerged, _present_fields),
        _event_type_entry(contacts.ContactIdentified, _present_fields),
        _event_type_entry(contacts.ContactErased, _present_fields),
        _event_type_entry(visits.WebVisited, _activity_fields),
        _event_type_entry(visits.ActivityRecorded, _activity_fields),
        _event_type_entry(scores.ScoreAdjusted, _score_fields),
        _event_type_entry(leads.LeadAdded, _lead_added_fields),
        _event_type_entry(leads.LeadQualified, _lead_command_fields),
        _event_type_entry(leads.LeadRejected, _lead_command_fields),
        _event_type_entry(leads.LeadRemoved, _lead_command_fields),
        _event_type_entry(leads.LeadReactivated, _lead_command_fields),
        _event_type_entry(segments.SegmentMemberAdded, _segment_command_fields),
        _event_type_entry(segments.SegmentMemberRemoved, _segment_command_fields),
        _event_type_entry(crm.CrmLinked, _crm_linked_fields),
        _event_type_entry(crm.CrmFailed, _crm_failed_fields),
        _event_type_entry(crm.CrmOutcome, _crm_outcome_fields),
        _event_type_entry(opportunities.OpportunityChanged, _opportunity_fields, "opportunity"),
    )
)
"""Name of an event type -> the event type."""
