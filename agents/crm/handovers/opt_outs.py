"""Which contacts opted out after a hand-over that waits, as the records behind it on `qualified-leads` say."""

from __future__ import annotations

from typing import NamedTuple

from aiokafka import TopicPartition

from connectors.salesforce.handover.handover_records import LeadHandOver, LeadHandOverNumber


class _OptOut(NamedTuple):
    number: LeadHandOverNumber
    partition: TopicPartition
    offset: int


class OptOuts:
    """The contacts whose newest record forbids hand-overs; as many as there are behind what waits.

    The records of a partition are noted once each, in their order.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, _OptOut] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def note(self, handover: LeadHandOver, partition: TopicPartition, offset: int) -> None:
        """Notes what the next record of a partition says."""
        if handover.is_forbidden:
            self._by_key[handover.key] = _OptOut(handover.number, partition, offset)
        else:
            self._by_key.pop(handover.key, None)

    def forbid(self, handover: LeadHandOver) -> bool:
        """Whether the contact opted out after a hand-over was decided, and has not consented again since.

        An update is not forbidden: it makes nothing, and the opt-out itself is one.
        """
        opt_out = self._by_key.get(handover.key)
        return not handover.is_update and opt_out is not None and handover.number <= opt_out.number

    def clear(self) -> None:
        """Forgets all of them."""
        self._by_key.clear()

    def forget(self, partition: TopicPartition, before: int | None = None) -> None:
        """Forgets those of a partition, or those of them before an offset."""
        self._by_key = {
            key: each
            for key, each in self._by_key.items()
            if each.partition != partition or (before is not None and each.offset >= before)
        }
