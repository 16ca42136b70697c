"""A long history of definitions is read in several tries, and holds back nothing else in the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from streams.engine.releases import release_log
from streams.engine.validation import validate_definitions
from streams.errors import BrokerUnavailable
from streams.kafka.deployment import DeploymentRecord
from streams.serve import releases as served_releases
from streams.serve.releases import AppliedDefinitions
from streams.settings import Settings
from streams.store import releases as stored_releases
from tests.harness.runtime.fake_records import FakeRecord

RELEASES = 50
SLOW_SECONDS = 0.02
LIMIT_SECONDS = 5.0
HISTORY = TopicPartition("definitions", 0)


def release_record(number: int) -> FakeRecord:
    value = {"type": "definitions.applied", "id": f"r{number}", "account": "default", "based_on": number}
    definitions = {"account": "default", "segments": [{"id": f"s{number}"}]}
    encoded = msgspec.json.encode({**value, "definitions": definitions})
    return FakeRecord(HISTORY.topic, HISTORY.partition, number, 1, b"default", encoded)


class SlowHistory:
    """Releases that each take a while to validate; a task of the loop ticks beside the reading."""

    def __init__(self) -> None:
        self.validations = 0
        self.ticks = 0

    async def read(self, _consumer: object, _partitions: object, *, starts: Mapping[Any, int]) -> AsyncIterator[Any]:
        for number in range(starts[HISTORY], RELEASES):
            yield release_record(number)

    def validate(self, *arguments: Any) -> Any:
        """Takes its time, and as long as the loop does nothing else."""
        time.sleep(SLOW_SECONDS)
        before, end = self.ticks, time.monotonic() + LIMIT_SECONDS
        while self.ticks == before:
            assert time.monotonic() < end, "the loop does nothing but read the history"
            time.sleep(0.001)
        self.validations += 1
        return validate_definitions(*arguments)

    async def tick(self) -> None:
        while True:
            self.ticks += 1
            await asyncio.sleep(0.001)


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> SlowHistory:
    @asynccontextmanager
    async def open_consumer(*_arguments: object) -> AsyncIterator[None]:
        yield None

    async def partition_of(_settings: Settings) -> TopicPartition:
        return HISTORY

    history = SlowHistory()
    monkeypatch.setattr(stored_releases, "open_consumer", open_consumer)
    monkeypatch.setattr(stored_releases, "_definitions_partition", partition_of)
    monkeypatch.setattr(stored_releases, "read_to_end", history.read)
    monkeypatch.setattr(release_log, "validate_definitions", history.validate)
    monkeypatch.setattr(served_releases, "SECONDS", 0.0)
    monkeypatch.setattr(served_releases, "READ_SECONDS", 0.2)
    return history


async def test_a_history_that_takes_longer_than_one_reading_goes_on_where_the_last_one_ended(
    history: SlowHistory,
) -> None:
    definitions = AppliedDefinitions(Settings())
    definitions._deployment = DeploymentRecord("wall", 4)
    ticking = asyncio.create_task(history.tick())
    problems: list[str] = []
    log = None
    while log is None and len(problems) < 4 * RELEASES:
        try:
            log = await definitions.log()
        except BrokerUnavailable as error:
            problems.append(str(error))
    ticking.cancel()
    assert log is not None
    assert len(log.releases_of("default")) == RELEASES
    assert history.validations == RELEASES, "none is validated twice"
    assert any("are still being read" in problem for problem in problems)
