"""What readers are told of how far the read models are."""

from __future__ import annotations

import pytest

from connectors.redis.connection import Argument
from schemas.views.progress import PartitionProgress
from streams.views import progress
from streams.views.keys import DeploymentKeys
from streams.views.progress import CatchUp, PartitionPosition, encode_state, read_progress

AT = 1_772_355_600_000
KEYS = DeploymentKeys()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The one instant (ms) that the clock shows."""
    instant = [AT]
    monkeypatch.setattr(progress, "now_ms", lambda: instant[0])
    return instant


class RedisWithProgress:
    """A Redis with a generation, no rebuild, and these positions."""

    def __init__(self, positions: dict[str, PartitionPosition]) -> None:
        self._positions = positions

    async def execute(self, *command: Argument) -> object:
        if command[0] == "HMGET":
            return [b"7", b"1", b"1", b"1", b"-1"]
        if command[0] == "GET":
            return None
        assert command == ("HGETALL", KEYS.progress(7))
        return [part for name, each in self._positions.items() for part in (name.encode(), encode_state(each))]


async def told(positions: dict[str, PartitionPosition]) -> list[PartitionProgress]:
    client = RedisWithProgress(positions)
    return (await read_progress(client, KEYS)).partitions  # type: ignore[arg-type]  # all that it asks of one


async def test_a_partition_is_behind_by_what_is_not_applied_and_since_when() -> None:
    [behind] = await told({"leads:0": PartitionPosition(position=4, end=9, at=AT, caught_up=AT - 2_500)})
    assert (behind.topic, behind.partition, behind.lag, behind.lag_seconds) == ("leads", 0, 5, 2.5)


async def test_the_delay_grows_once_nobody_notes_how_far_the_read_models_are(clock: list[int]) -> None:
    """The process that writes is gone: what has come since then is not known, and nothing of it is applied."""
    positions = {
        "leads:0": PartitionPosition(position=9, end=9, at=AT, caught_up=AT),
        "leads:1": PartitionPosition(position=4, end=9, at=AT, caught_up=AT - 2_500),
    }
    clock[0] = AT + 15_000
    assert [each.lag_seconds for each in await told(positions)] == [0, 2.5]
    clock[0] = AT + 3_600_000
    assert [each.lag_seconds for each in await told(positions)] == [3600, 3602.5]
    assert [each.lag for each in await told(positions)] == [0, 5]


async def test_a_partition_that_is_applied_is_not_behind_whenever_that_was() -> None:
    [applied] = await told({"leads:0": PartitionPosition(position=9, end=9, at=AT, caught_up=AT - 2_500)})
    assert (applied.lag, applied.lag_seconds) == (0, 0.0)


async def test_a_partition_whose_end_was_read_before_its_position_is_not_ahead() -> None:
    [ahead] = await told({"leads:0": PartitionPosition(position=12, end=9, at=AT, caught_up=AT)})
    assert ahead.lag == 0


def test_a_partition_that_passes_an_end_of_before_was_caught_up_when_that_was_asked_for() -> None:
    catch_up = CatchUp({"leads:0": AT - 60_000})
    steps = [(10, 100, AT), (60, 150, AT + 1), (99, 200, AT + 2), (100, 250, AT + 3), (249, 300, AT + 4)]
    instants = [catch_up.note("leads:0", *step) for step in steps]
    assert instants == [AT - 60_000, AT - 60_000, AT - 60_000, AT, AT]
    assert catch_up.note("leads:0", 250, 350, AT + 5) == AT + 3
    assert catch_up.note("leads:0", 400, 400, AT + 6) == AT + 6
    assert catch_up.note("leads:0", 400, 401, AT + 7) == AT + 6
    assert catch_up.note("leads:0", 401, 410, AT + 8) == AT + 7


async def test_partitions_are_in_the_order_of_their_numbers() -> None:
    position = PartitionPosition(1, 1, AT, AT)
    found = await told({"leads:10": position, "leads:9": position, "contacts:2": position})
    assert [(each.topic, each.partition) for each in found] == [("contacts", 2), ("leads", 9), ("leads", 10)]
