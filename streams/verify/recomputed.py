"""One journal partition recomputed: what every contact's memberships and leads must be at its end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from schemas.values import instant_text
from streams.engine.journal.records import Event, decode, event_key
from streams.settings import Settings
from streams.verify.recompute.contact import Told
from streams.verify.recompute.contact_history import Chronicle, Placed, Terms
from streams.verify.recompute.leads.lead_state import Life
from streams.verify.recompute.memberships import members
from streams.verify.recompute.releases import Contents, Timeline


@dataclass(frozen=True)
class Expected:
    """What one contact must be."""

    members: frozenset[str]
    leads: dict[str, dict[str, Any]]
    """Campaign -> what the row of `leads` must say, as far as it is recomputed."""
    at: int
    """The instant (ms) that it is asked at."""


class Recomputed:
    """Fed in the journal's order; `contents` gives the definitions of an account's release by number."""

    def __init__(self, contents: Contents, settings: Settings) -> None:
        self._timeline = Timeline(contents)
        terms = Terms(settings.lateness_ms, settings.repeat_ms, settings.repeat_ids)
        self._chronicle = Chronicle(self._timeline, terms)
        self._events: dict[bytes, list[Placed]] = defaultdict(list)

    def feed(self, offset: int, value: bytes) -> None:
        """The next record of the journal. Raises msgspec.DecodeError for bytes that no Leadstream wrote."""
        record = decode(value)
        if isinstance(record, Event):
            self._events[event_key(record.account, record.contact)].append((offset, record))
        else:
            self._timeline.add(offset, record)

    def contacts(self) -> list[bytes]:
        """After the last record: the keys of all contacts."""
        return sorted(self._events)

    def told(self, key: bytes) -> Told:
        """The contact told from its first record to the end of the journal."""
        told = self._chronicle.tell(self._events[key])
        if told.release is not None:
            members(told.world, told.release, told.end, told.kept)
        return told

    def expected(self, key: bytes) -> Expected:
        """What the contact must be."""
        told = self.told(key)
        leads = {campaign: row_of(life) for campaign, life in told.lives.items()}
        return Expected(frozenset(told.world.members), leads, told.end)


def row_of(life: Life) -> dict[str, Any]:
    """What the row of a lead must say; nothing of the CRM where that has said nothing."""
    row = life.row
    assert row is not None, "a lead is written when it is made"
    fields = {
        "status": row.status,
        "points": row.points,
        "made": instant_text(row.made),
        "changed": instant_text(row.changed),
        "at": instant_text(row.at),
    }
    return {**fields, "crm": row.crm} if row.crm else fields
