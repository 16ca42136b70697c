"""A worker learns of new in-topic partitions before its ticks can pass them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.time.claims import Claim
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.source_partitions import SourcePartitions, SourceWatch
from streams.runtime.time.ticks import ControlState, TickScheduler
from streams.settings import Settings

VISITS = [Partition("web-visits", 0), Partition("web-visits", 1)]


def tick_at(sources: SourcePartitions, claims: Mapping[Partition, int], now: int) -> int | None:
    """The instant of the next wall tick at `now` (ms), None when there is none."""
    control_state = ControlState()
    for partition, claim in claims.items():
        control_state.claims.add(partition, Claim(claim=claim, position=0), timestamp=now)
    tick = TickScheduler(Settings(clock="wall"), control_state, sources, lambda _: 0).next_wall_tick(
        SlotCheckpoint(), lambda _: 1, now
    )
    return None if tick is None else tick.at


def test_no_tick_is_later_than_the_last_look_at_the_partitions_less_the_grace() -> None:
    sources = SourcePartitions()
    assert sources.update({"web-visits": 1}, asked_at=50_000) == VISITS[:1]
    assert tick_at(sources, {VISITS[0]: 60_000}, now=60_000) == 49_000
    assert sources.update({"web-visits": 1}, asked_at=59_900) == []
    assert tick_at(sources, {VISITS[0]: 60_000}, now=60_000) == 58_900


def test_a_new_partition_holds_ticks_back_until_it_has_a_claim() -> None:
    sources = SourcePartitions()
    sources.update({"web-visits": 1}, asked_at=50_000)
    assert sources.update({"web-visits": 2}, asked_at=60_000) == VISITS[1:]
    assert tick_at(sources, {VISITS[0]: 60_000}, now=60_000) is None
    assert tick_at(sources, {VISITS[0]: 60_000, VISITS[1]: 57_000}, now=60_000) == 57_000


def test_a_partition_is_known_since_the_look_that_found_it() -> None:
    sources = SourcePartitions()
    sources.update({"web-visits": 1}, asked_at=50_000)
    sources.update({"web-visits": 2}, asked_at=60_000)
    assert sources.known_since == {VISITS[0]: 50_000, VISITS[1]: 60_000}


def test_a_late_answer_does_not_set_the_look_back() -> None:
    sources = SourcePartitions()
    sources.update({"web-visits": 1}, asked_at=50_000)
    sources.update({"web-visits": 1}, asked_at=40_000)
    assert sources.seen_at == 50_000


def test_on_the_events_clock_an_end_in_a_partition_not_seen_yet_counts() -> None:
    control_state = ControlState()
    control_state.claims.add(VISITS[0], Claim(claim=1, position=2), timestamp=1)
    scheduler = TickScheduler(Settings(clock="events"), control_state, SourcePartitions(VISITS[:1]), lambda _: 0)
    assert scheduler.is_advance_reached(ClockAdvance(0, "acme", 1, {VISITS[0]: 2, Partition("opportunities", 0): 5}))
    assert not scheduler.is_advance_reached(ClockAdvance(0, "acme", 1, {VISITS[0]: 2, VISITS[1]: 1}))


class FakePartitionCounts:
    """Answers with partition counts, or raises."""

    def __init__(self, *answers: Mapping[str, int] | Exception) -> None:
        self.answers = list(answers)
        self.added: list[list[Partition]] = []
        self.watch = SourceWatch(self.count, self.on_look)

    async def count(self) -> Mapping[str, int]:
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def on_look(self, new: Iterable[Partition]) -> None:
        self.added.append(list(new))

    async def look(self) -> None:
        """One look in the background."""
        self.watch.start_look()
        task: Any = self.watch._task
        await task


async def test_each_look_says_what_is_new() -> None:
    broker = FakePartitionCounts({"web-visits": 1}, {"web-visits": 1}, {"web-visits": 2})
    for _ in range(3):
        await broker.look()
    assert broker.added == [VISITS[:1], [], VISITS[1:]]


@pytest.mark.parametrize("error", [KafkaError("away"), BrokerUnavailable("web-visits"), TimeoutError()])
async def test_without_an_answer_the_partitions_are_as_long_ago_seen_as_before(error: Exception) -> None:
    broker = FakePartitionCounts({"web-visits": 1}, error)
    await broker.look()
    before = broker.watch.sources.seen_at
    assert before > 0
    await asyncio.sleep(0.002)
    await broker.look()
    assert broker.watch.sources.seen_at == before
    assert len(broker.added) == 1


async def test_one_look_at_a_time() -> None:
    broker = FakePartitionCounts({"web-visits": 1})
    broker.watch.start_look()
    broker.watch.start_look()
    task: Any = broker.watch._task
    await task
    assert broker.answers == []


async def test_a_stop_gives_up_a_look() -> None:
    broker = FakePartitionCounts({"web-visits": 1})
    broker.watch.start_look()
    await broker.watch.stop()
    assert broker.watch.sources.present == []
