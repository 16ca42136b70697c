"""Recomputes what every contact's memberships, leads and row must be at the end of a journal partition."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from schemas.values import instant_text
from streams.engine.journal.records import JournalEvent, decode, event_key
from streams.settings import Settings
from streams.verify.hand_over_log import HandOverRecord, expected_record
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.contact_history import ContactHistory, EventAtOffset, RecomputeSettings
from streams.verify.recompute.contact_row import RecomputedContactRow
from streams.verify.recompute.leads.lead_state import LeadState
from streams.verify.recompute.memberships import compute_members
from streams.verify.recompute.releases import PartitionTimeline, ReleaseContents


@dataclass(frozen=True)
class ExpectedContact:
    """The memberships, the leads, the row and the hand-overs that one contact must have."""

    members: frozenset[str]
    leads: dict[str, dict[str, Any]]
    """Campaign -> the fields of its row of `leads` that are recomputed."""
    row: dict[str, Any] | None
    """The fields of its row of `contacts` that are recomputed; None where it must have none."""
    at: int
    """The instant (ms) of the comparison."""
    hand_overs: list[HandOverRecord] = field(default_factory=list)
    """The records of `qualified-leads` that it must have, in their order."""


class PartitionRecomputation:
    """Recomputes contacts from records in the journal's order; `release_contents` looks up definitions by account and
    release number.
    """

    def __init__(self, release_contents: ReleaseContents, settings: Settings) -> None:
        self._timeline = PartitionTimeline(release_contents)
        recompute_settings = RecomputeSettings(settings.lateness_ms, settings.repeat_ms, settings.repeat_ids)
        self._contact_history = ContactHistory(self._timeline, recompute_settings)
        self._events: dict[bytes, list[EventAtOffset]] = defaultdict(list)

    def feed(self, offset: int, value: bytes) -> None:
        """Takes the next record. Raises msgspec.DecodeError for bytes that are no journal record."""
        record = decode(value)
        if isinstance(record, JournalEvent):
            self._events[event_key(record.account, record.owner)].append((offset, record))
        else:
            self._timeline.add(offset, record)

    def contact_keys(self) -> list[bytes]:
        """Returns the keys of all contacts, sorted; call it after the last record."""
        return sorted(self._events)

    def recompute(self, key: bytes) -> RecomputedContact:
        """Recomputes the contact from its first record to the end of the journal."""
        contact = self._contact_history.recompute(self._events[key])
        if contact.release is not None:
            compute_members(contact.model, contact.release, contact.end, contact.fixed_memberships)
        return contact

    def expected_contact(self, key: bytes) -> ExpectedContact:
        """Returns the memberships, the leads, the row and the hand-overs that the contact must have."""
        contact = self.recompute(key)
        leads = {campaign: lead_row(lead_state) for campaign, lead_state in contact.leads.items()}
        row = None if contact.row is None else contact_row(contact.row)
        hand_overs = list(map(expected_record, contact.hand_overs))
        return ExpectedContact(frozenset(contact.model.members), leads, row, contact.end, hand_overs)


def contact_row(row: RecomputedContactRow) -> dict[str, Any]:
    """Returns the fields that a contact's row must have."""
    return {
        "status": row.status,
        "properties": row.properties,
        "score": row.score,
        "scores": row.scores,
        "created": instant_text(row.created),
        "last_seen": None if row.last_seen is None else instant_text(row.last_seen),
        "at": instant_text(row.at),
    }


def lead_row(lead_state: LeadState) -> dict[str, Any]:
    """Returns the fields that a lead's row must have; `crm` only where the CRM reported a result."""
    row = lead_state.row
    assert row is not None, "a new lead always gets a row"
    fields = {
        "status": row.status,
        "points": row.points,
        "made": instant_text(row.created),
        "changed": instant_text(row.changed),
        "at": instant_text(row.at),
    }
    return {**fields, "crm": row.crm} if row.crm else fields
