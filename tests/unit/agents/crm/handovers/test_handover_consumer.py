"""What is committed around a rebalance: nothing that was not answered, whoever read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from agents.crm.handovers import handover_consumer
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.handovers.org_deliveries import OrgDeliveries
from agents.crm.handovers.ownership import Ownership
from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome
from connectors.salesforce.handover.handover_records import (
    HandOverCampaign,
    HandOverContact,
    HandOverResult,
    LeadHandOver,
    LeadHandOverNumber,
)
from streams.settings import Settings
from streams.store.handovers.commands import CrmCommands
from streams.store.handovers.progress import HandOverProgress

LEADS = TopicPartition("qualified-leads", 0)


def hand_over_at(offset: int) -> LeadHandOver:
    return LeadHandOver(
        id=f"h{offset}",
        at="2026-03-01T10:00:00.000Z",
        number=LeadHandOverNumber(0, offset, 0),
        account="default",
        contact=f"c{offset}",
        campaign=HandOverCampaign("spring"),
        snapshot=HandOverContact(),
    )


class LogConsumer:
    """A member of a group that owns a log of hand-overs; in its first fetch a rebalance comes and goes."""

    def __init__(self, offsets: range, ownership: Ownership) -> None:
        self._offsets = offsets
        self._ownership = ownership
        self._position = offsets.start
        self._fetches = 0
        self.committed = offsets.start

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self._position = max(offset, self._offsets.start)

    async def position(self, _partition: TopicPartition) -> int:
        return self._position

    async def commit(self, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
        self.committed = offsets[LEADS].offset

    def fetch(self) -> dict[TopicPartition, list[Any]]:
        """The rest of the log."""
        self._fetches += 1
        if self._fetches == 1:
            self._ownership.on_partitions_revoked([LEADS])
            self._ownership.on_partitions_assigned([LEADS])
            self._position = self.committed
        records = [
            SimpleNamespace(
                topic=LEADS.topic,
                partition=0,
                offset=offset,
                value=msgspec.json.encode(hand_over_at(offset)),
                headers=(),
            )
            for offset in range(self._position, self._offsets.stop)
        ]
        self._position = self._offsets.stop
        return {LEADS: records} if records else {}


class GroupOfOne:
    """The clients of the only member; `ends` is called before each fetch."""

    def __init__(self, log: LogConsumer, producer: Any, ends: Any) -> None:
        self.consumer = log
        self.producer = producer
        self.reader = None
        self.commands = CrmCommands()
        self.follower = SimpleNamespace(commands=self.commands)
        self._ends = ends

    async def fetch(self, wait_ms: float, max_records: int) -> dict[TopicPartition, list[Any]]:
        del wait_ms, max_records
        self._ends()
        return self.consumer.fetch()

    async def read_progress(self, _partition: TopicPartition) -> HandOverProgress:
        return HandOverProgress(self.consumer.committed)


class SilentProducer:
    """Takes every record."""

    async def send(self, *_: Any, **__: Any) -> Any:
        return _done()


async def _done() -> None:
    return None


class WillingDelivery:
    """An org that takes everything."""

    def __init__(self) -> None:
        self.delivered: list[str] = []

    def deliver(self, batch: Sequence[LeadHandOver]) -> DeliveryOutcome:
        self.delivered += [each.id for each in batch]
        return DeliveryOutcome([HandOverResult(each, "linked", record="00Q") for each in batch])

    def track_newest(self, _handover: LeadHandOver) -> None:
        return


async def test_what_comes_with_the_rebalance_itself_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery: Any = WillingDelivery()
    consumer = HandOverConsumer(
        Settings(salesforce_linger_ms=0), OrgDeliveries.of_one(delivery), look_back=0, repair_seconds=1_000
    )
    logs: list[LogConsumer] = []
    fetches: list[None] = []

    def count_fetch() -> None:
        fetches.append(None)
        if len(fetches) > 10:
            consumer.stop()

    @asynccontextmanager
    async def open_clients(_settings: Settings, ownership: Ownership) -> AsyncIterator[GroupOfOne]:
        ownership.on_partitions_assigned([LEADS])
        logs.append(LogConsumer(range(5, 8), ownership))
        yield GroupOfOne(logs[0], SilentProducer(), count_fetch)

    monkeypatch.setattr(handover_consumer, "open_group_clients", open_clients)
    await consumer.run()
    assert delivery.delivered == ["h5", "h6", "h7"]
    assert logs[0].committed == 8
