"""Builds rows of the final memberships and leads of a replay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schemas.definitions import Definitions
from schemas.values import instant_text, points_from_millionths
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.outputs import LEAD_TYPE, MEMBER_TYPE
from streams.engine.state.contact import Contact
from streams.engine.state.points import points_at

StateRow = dict[str, Any]
CurrentDefinitionsLookup = Callable[[str], Definitions | None]
"""Account -> its definitions in force."""


def state_rows(
    contacts: Iterable[Contact],
    current_definitions: CurrentDefinitionsLookup,
    end_instant_of: Callable[[Contact], int],
) -> Iterator[StateRow]:
    """Yields JSON rows by account, contact, segment and campaign; points are as of the contact's end (ms)."""
    for contact in sorted(contacts, key=lambda contact: (contact.account, contact.id)):
        yield from _membership_rows(contact)
        yield from _lead_rows(contact, current_definitions(contact.account), end_instant_of(contact))


def _membership_rows(contact: Contact) -> Iterator[StateRow]:
    for segment, since in sorted(contact.members.items()):
        yield {
            "type": MEMBER_TYPE,
            "account": contact.account,
            "segment": segment,
            "contact": contact.id,
            "since": instant_text(since),
        }


def _lead_rows(contact: Contact, definitions: Definitions | None, end: int) -> Iterator[StateRow]:
    half_lives = {each.id: each.half_life for each in definitions.campaigns} if definitions else {}
    for campaign, lead in sorted(contact.leads.items()):
        half_life = half_lives.get(campaign) if lead.status in OPEN_STATUSES else None
        yield {
            "type": LEAD_TYPE,
            "account": contact.account,
            "campaign": campaign,
            "contact": contact.id,
            "status": lead.status,
            "points": points_from_millionths(points_at(lead.points, lead.decayed, end, half_life)),
            "made": instant_text(lead.created),
            "changed": instant_text(lead.changed),
        }
