"""The engine once more over one journal partition: what leads, lists written by rules and letters come to."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.definitions import Definitions
from streams.batch.chronicle import points
from streams.batch.timeline import Contents
from streams.batch.world import Lead
from streams.engine.contact import Contact
from streams.engine.effects import Budget
from streams.engine.leads import TAKES
from streams.engine.partition import PartitionDecider
from streams.engine.points import points_at
from streams.engine.records import event_key
from streams.engine.repeats import Memory
from streams.settings import Settings
from streams.topics import LEADS

_PORTION = Budget(records=20_000, bytes=1 << 40)


class Replayed:
    """Fed in the journal's order."""

    def __init__(self, partition: int, contents: Contents, settings: Settings) -> None:
        memory = Memory(settings.repeat_ms, settings.repeat_ids)
        self._decider = PartitionDecider(partition, contents, memory, lateness=settings.lateness_ms)
        self._decider.resume(None)
        self._contacts: dict[bytes, Contact] = {}
        self.refused: set[Any] = set()
        """Sources of the events that became dead letters when they were decided."""
        self.leads: dict[bytes, dict[str, Any]] = {}
        """Key -> the last row of `leads`, without `emitted_at`."""

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next record of the journal."""
        self._decider.feed(offset, key, value)
        while self._decider.pending():
            effects = self._decider.work(_PORTION)
            self.refused.update(source for _, source, _ in effects.letters)
            for output in effects.outputs:
                if output.topic == LEADS.name and output.value is not None:
                    self.leads[output.key] = msgspec.json.decode(output.value)

    def finish(self) -> None:
        """After the last record."""
        self._contacts = {event_key(each.account, each.id): each for each in self._decider.contacts()}

    def contact(self, key: bytes) -> Contact:
        """A contact's state."""
        return self._contacts[key]


def leads_of(contact: Contact, definitions: Definitions, now: int) -> dict[str, Lead]:
    """The contact's leads as conditions see them at an instant, points decayed to it."""
    half_lives = {each.id: each.half_life for each in definitions.campaigns}
    found = {}
    for campaign, lead in contact.leads.items():
        half_life = half_lives.get(campaign) if lead.status in TAKES else None
        millionths = points_at(lead.points, lead.decayed, now, half_life)
        found[campaign] = Lead(lead.made, lead.status, points(millionths))
    return found
