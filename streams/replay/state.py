"""Final memberships and leads as rows, for those who ask what a replay comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.engine.decisions.lead_table import TAKES
from streams.engine.decisions.outputs import LEAD, MEMBER
from streams.engine.state.contact import Contact
from streams.engine.state.points import points_at, points_number

Row = dict[str, Any]
DefinitionsOf = Callable[[str], Definitions | None]
"""Account -> its definitions in force."""


def state_rows(
    contacts: Iterable[Contact], definitions_of: DefinitionsOf, end_of: Callable[[Contact], int]
) -> Iterator[Row]:
    """By account, contact, segment and campaign; points as they are at the contact's end (ms)."""
    for contact in sorted(contacts, key=lambda contact: (contact.account, contact.id)):
        yield from _memberships(contact)
        yield from _leads(contact, definitions_of(contact.account), end_of(contact))


def _memberships(contact: Contact) -> Iterator[Row]:
    for segment, since in sorted(contact.members.items()):
        yield {
            "type": MEMBER,
            "account": contact.account,
            "segment": segment,
            "contact": contact.id,
            "since": instant_text(since),
        }


def _leads(contact: Contact, definitions: Definitions | None, end: int) -> Iterator[Row]:
    half_lives = {each.id: each.half_life for each in definitions.campaigns} if definitions else {}
    for campaign, lead in sorted(contact.leads.items()):
        half_life = half_lives.get(campaign) if lead.status in TAKES else None
        yield {
            "type": LEAD,
            "account": contact.account,
            "campaign": campaign,
            "contact": contact.id,
            "status": lead.status,
            "points": points_number(points_at(lead.points, lead.decayed, end, half_life)),
            "made": instant_text(lead.made),
            "changed": instant_text(lead.changed),
        }
