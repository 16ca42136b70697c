"""Remembers the newest hand-overs of each contact, by which a Lead written late from an older one is found."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from connectors.salesforce.handover.handover_records import LeadHandOver, LeadHandOverNumber

MAX_CONTACTS = 10_000
MAX_UPDATES = 8
"""So many updates of a contact are kept behind its hand-over, the latest."""


class NewestHandOvers:
    """The last hand-over of each contact and the updates after it, and the records they were written to."""

    def __init__(self) -> None:
        self._handovers: OrderedDict[str, tuple[LeadHandOver, ...]] = OrderedDict()
        self._record_ids: OrderedDict[str, str] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._handovers)

    def add(self, handover: LeadHandOver) -> None:
        """Remembers a hand-over where it is the newest; the last 10,000 contacts.

        A contact that is not handed over any more is forgotten, but for the update that tells of its opt-out.
        """
        if handover.lead.record is not None:
            self._record_ids[handover.key] = handover.lead.record
            _evict_oldest(self._record_ids)
        known = self._handovers.get(handover.key, ())
        is_older = any(handover.number < each.number for each in known)
        if is_older or handover.is_withheld or (handover.tells_consent_alone and not handover.is_forbidden):
            return
        if handover.do_not_sync:
            self._handovers.pop(handover.key, None)
            return
        earlier = [each for each in known if each.id != handover.id]
        kept: list[LeadHandOver] = []
        if handover.is_update and not handover.opted_out:
            # Only the hand-over has all fields, and the campaign: however many updates follow, it stays.
            kept = [each for each in earlier if not each.is_update]
            kept += [each for each in earlier if each.is_update][1 - MAX_UPDATES :]
        self._handovers[handover.key] = (*kept, handover)
        self._handovers.move_to_end(handover.key)
        _evict_oldest(self._handovers)

    def set_record(self, key: str, record_id: str) -> None:
        """Remembers the record that the contact was linked to."""
        self._record_ids[key] = record_id
        self._record_ids.move_to_end(key)
        _evict_oldest(self._record_ids)

    def record_of(self, key: str) -> str | None:
        """Returns the record of a contact, as the last hand-overs and answers named it."""
        return self._record_ids.get(key)

    def newer_than(self, numbers: Mapping[str, LeadHandOverNumber]) -> list[LeadHandOver]:
        """Returns the hand-overs of the contacts whose record, by key, has an older number than the newest one."""
        return [
            handover
            for key, number in numbers.items()
            if key in self._handovers and number < self._handovers[key][-1].number
            for handover in self._handovers[key]
        ]


def _evict_oldest(entries: OrderedDict[str, tuple[LeadHandOver, ...]] | OrderedDict[str, str]) -> None:
    while len(entries) > MAX_CONTACTS:
        entries.popitem(last=False)
