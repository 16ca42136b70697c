"""Which in-topic an event belongs on, and under which key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from streams.topics import (
    CONTACT_CHANGES,
    CRM_OPPORTUNITIES,
    CRM_RESULTS,
    LEAD_COMMANDS,
    SCORING_EVENTS,
    SEGMENT_COMMANDS,
    WEB_VISITS,
    Topic,
)

_TYPES: tuple[tuple[Topic, tuple[str, ...]], ...] = (
    (
        CONTACT_CHANGES,
        (
            "contact.changed",
            "contact.deleted",
            "contact.merged",
            "contact.identified",
            "contact.erased",
        ),
    ),
    (WEB_VISITS, ("web.visited", "activity.recorded")),
    (SCORING_EVENTS, ("score.adjusted",)),
    (LEAD_COMMANDS, ("lead.added", "lead.qualified", "lead.rejected", "lead.removed", "lead.reactivated")),
    (SEGMENT_COMMANDS, ("segment.member_added", "segment.member_removed")),
    (CRM_OPPORTUNITIES, ("opportunity.changed",)),
)


def _by_type() -> Mapping[str, Topic]:
    return MappingProxyType({name: topic for topic, names in _TYPES for name in names})


TOPIC_OF: Mapping[str, Topic] = _by_type()
"""Event type -> its in-topic."""


def topic_of(event_type: str) -> Topic | None:
    """The in-topic of an event type; None for a type that Leadstream has never heard of."""
    if event_type.startswith("crm."):
        return CRM_RESULTS
    return TOPIC_OF.get(event_type)


def key_field(topic: Topic) -> str:
    """The field of an event that becomes the record's key."""
    return "opportunity" if topic is CRM_OPPORTUNITIES else "contact"
