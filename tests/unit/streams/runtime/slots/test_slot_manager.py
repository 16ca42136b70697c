"""The shell between rebalances and slots: it refuses what breaks slots apart, and names partitions left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from faust.types import TP

from streams.errors import Internal
from streams.runtime.inputs.partition_buffer import FetchEnds
from streams.runtime.slots.slot_manager import SlotManager
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_spec
from tests.harness.runtime.fake_records import make_run
from tests.harness.runtime.fake_slot import VISITS, fake_slot


def shell(**settings: Any) -> SlotManager:
    """A shell whose app was never started."""
    thread = SimpleNamespace(ends={})
    app = SimpleNamespace(consumer=SimpleNamespace(_thread=thread))
    given = {"prefix": "p-", "partitions": 2, **settings}
    return SlotManager(app, counting_spec(2), Settings(**given), "w1")


async def test_an_assignment_that_breaks_slots_apart_is_refused() -> None:
    with pytest.raises(Internal, match="p-web-visits:3"):
        await shell().take_over({TP("p-journal", 0), TP("p-web-visits", 0), TP("p-web-visits", 3)})


def test_a_run_for_a_slot_that_went_away_is_dropped() -> None:
    slot = fake_slot()
    feed = slot.inputs.buffers[VISITS]
    run = make_run(feed, offsets=[0])
    run.partition = 1
    shell().forward(run)  # slot 1 is not here
    assert not feed.queue


async def test_a_partition_left_out_is_named_once_and_again_when_it_moves() -> None:
    made = shell(stuck_after_ms=1_000)
    slot = fake_slot()
    made.slots[0] = slot
    made._consumer_thread().ends[VISITS] = FetchEnds(1, sent_at=5, delivered_position=0, position=0, stable=0, high=4)
    with structlog.testing.capture_logs() as lines:
        for now in (10_000, 10_500, 11_000, 12_000):
            made.claims_at(now)
        made._consumer_thread().ends[VISITS] = FetchEnds(
            1, sent_at=6, delivered_position=0, position=0, stable=4, high=4
        )
        made.claims_at(13_000)
    told = [(line["event"], line["partition"]) for line in lines]
    assert told == [("partition left out", "web-visits:0"), ("partition moves again", "web-visits:0")]


async def test_who_lags_behind_publishes_its_claims_at_once() -> None:
    made = shell(clock="wall")
    slot = fake_slot()
    claims = made.control_topics.control_state.claims
    hurried: list[bool] = []
    made.claim_publisher.publish_now = lambda: hurried.append(True)  # type: ignore[method-assign]
    for feed in slot.inputs.source_buffers():
        feed.claim = 100_000
    made._handle_commit(slot)
    assert not hurried
    slot.is_waiting = True
    made._handle_commit(slot)
    assert len(hurried) == 1
    slot.is_waiting = False
    claims.largest = lambda: 200_000  # type: ignore[method-assign]
    made._handle_commit(slot)
    assert len(hurried) == 2
