"""What is committed around a rebalance, and what is answered: each hand-over once, none before it has an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from agents.crm.backoff import Backoff
from agents.crm.handovers import handover_consumer
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.handovers.org_deliveries import OrgDeliveries
from agents.crm.handovers.ownership import Ownership
from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome, PendingHandOver
from connectors.salesforce.handover.handover_records import (
    HandOverCampaign,
    HandOverContact,
    HandOverResult,
    LeadHandOver,
    LeadHandOverNumber,
)
from connectors.salesforce.org.errors import CrmError
from streams.settings import Settings
from streams.store.handovers.commands import CrmCommands, HandOverPause, encode_command
from streams.store.handovers.progress import HandOverProgress

LEADS = TopicPartition("qualified-leads", 0)
LOCKED = CrmError("UNABLE_TO_LOCK_ROW", "locked")
BRISK = Settings(salesforce_linger_ms=0, salesforce_record_patience_ms=1_000)
MOST_FETCHES = 1_000


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


class RebalancedConsumer:
    """A member of a group that owns a log of hand-overs; in each of its first fetches a rebalance comes and goes."""

    def __init__(self, offsets: range, ownership: Ownership, rebalances: int) -> None:
        self._offsets = offsets
        self._ownership = ownership
        self._rebalances = rebalances
        self._position = offsets.start
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
        if self._rebalances:
            self._rebalances -= 1
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
    """The clients of the only member; `on_fetch` is called before each fetch."""

    def __init__(self, log: RebalancedConsumer, on_fetch: Callable[[GroupOfOne], None]) -> None:
        self.consumer = log
        self.producer = MemoryProducer()
        self.reader = None
        self.ahead = None
        self.commands = CrmCommands()
        self.follower = SimpleNamespace(commands=self.commands)
        self._on_fetch = on_fetch

    async def fetch(self, wait_ms: float, max_records: int) -> dict[TopicPartition, list[Any]]:
        del max_records
        self._on_fetch(self)
        fetched = self.consumer.fetch()
        await asyncio.sleep(0 if fetched else wait_ms / 1000)
        return fetched

    async def fetch_ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, await self.consumer.position(LEADS))

    async def read_progress(self, _partition: TopicPartition) -> HandOverProgress:
        return HandOverProgress(self.consumer.committed)


class MemoryProducer:
    """Keeps the answers."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []

    async def send(self, _topic: str, value: bytes, *_: Any, **__: Any) -> Any:
        event = msgspec.json.decode(value)
        self.answers.append((event["hand_over"], event["type"]))
        return _done()


async def _done() -> None:
    return None


class PatientDelivery:
    """An org that takes everything after it has refused everything `refusals` times."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.delivered: list[str] = []

    def deliver(self, batch: Sequence[LeadHandOver]) -> DeliveryOutcome:
        if self.refusals:
            self.refusals -= 1
            return DeliveryOutcome(pending=[PendingHandOver(each, LOCKED) for each in batch])
        self.delivered += [each.id for each in batch]
        return DeliveryOutcome([HandOverResult(each, "linked", record="00Q") for each in batch])

    def track_newest(self, _handover: LeadHandOver) -> None:
        return


async def hand_over(
    monkeypatch: pytest.MonkeyPatch,
    delivery: PatientDelivery,
    offsets: range,
    *,
    rebalances: int = 0,
    before_fetch: Callable[[GroupOfOne], None] = lambda _: None,
) -> GroupOfOne:
    """The clients of a consumer that has handed over a log and committed all of it."""
    of_org: Any = delivery
    orgs = OrgDeliveries.of_one(of_org, Backoff(first=1_000, longest=1_000))
    consumer = HandOverConsumer(BRISK, orgs, look_back=0, repair_seconds=1_000)
    opened: list[GroupOfOne] = []
    fetches = iter(range(MOST_FETCHES))

    def on_fetch(clients: GroupOfOne) -> None:
        before_fetch(clients)
        if clients.consumer.committed == offsets.stop or next(fetches, None) is None:
            consumer.stop()

    @asynccontextmanager
    async def open_clients(_settings: Settings, ownership: Ownership) -> AsyncIterator[GroupOfOne]:
        ownership.on_partitions_assigned([LEADS])
        opened.append(GroupOfOne(RebalancedConsumer(offsets, ownership, rebalances), on_fetch))
        yield opened[0]

    monkeypatch.setattr(handover_consumer, "open_group_clients", open_clients)
    await consumer.run()
    return opened[0]


async def test_what_comes_with_the_rebalance_itself_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = PatientDelivery()
    clients = await hand_over(monkeypatch, delivery, range(5, 8), rebalances=1)
    assert delivery.delivered == ["h5", "h6", "h7"]
    assert clients.consumer.committed == 8


async def test_what_is_taken_in_the_last_try_is_not_set_aside_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = await hand_over(monkeypatch, PatientDelivery(refusals=1), range(5, 6))
    assert clients.producer.answers == [("h5", "crm.linked")]
    assert clients.consumer.committed == 6


async def test_the_time_of_a_pause_does_not_count_against_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = PatientDelivery(refusals=2)
    pauses: list[float] = []

    def pause_after_the_first_refusal(clients: GroupOfOne) -> None:
        if delivery.refusals == 1 and not pauses:
            pauses.append(time.monotonic())
            clients.commands.add(b"pause", encode_command(HandOverPause("2026-03-01T10:00:00.000Z")))
        elif pauses and time.monotonic() - pauses[0] > BRISK.salesforce_record_patience_ms / 1000:
            clients.commands.add(b"pause", None)

    clients = await hand_over(monkeypatch, delivery, range(5, 6), before_fetch=pause_after_the_first_refusal)
    assert clients.producer.answers == [("h5", "crm.linked")]
