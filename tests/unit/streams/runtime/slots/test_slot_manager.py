"""The shell between rebalances and slots: it refuses what breaks slots apart, and names partitions left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from faust.types import TP

from streams.errors import Internal
from streams.runtime.inputs.partition_buffer import Ends
from streams.runtime.slots.slot_manager import Shell
from streams.settings import Settings
from tests.harness.runtime.counting_program import counting_kind
from tests.harness.runtime.fake_records import run_of
from tests.harness.runtime.fake_slot import VISITS, forged_slot


def shell(**settings: Any) -> Shell:
    """A shell whose app was never started."""
    thread = SimpleNamespace(ends={})
    app = SimpleNamespace(consumer=SimpleNamespace(_thread=thread))
    given = {"prefix": "p-", "partitions": 2, **settings}
    return Shell(app, counting_kind(2), Settings(**given), "w1")


async def test_an_assignment_that_breaks_slots_apart_is_refused() -> None:
    with pytest.raises(Internal, match="p-web-visits:3"):
        await shell().take_over({TP("p-journal", 0), TP("p-web-visits", 0), TP("p-web-visits", 3)})


def test_a_run_for_a_slot_that_went_away_is_dropped() -> None:
    slot = forged_slot()
    feed = slot.intake.feeds[VISITS]
    run = run_of(feed, offsets=[0])
    run.partition = 1
    shell().hand_over(run)  # slot 1 is not here
    assert not feed.waiting


async def test_a_partition_left_out_is_named_once_and_again_when_it_moves() -> None:
    made = shell(stuck_after_ms=1_000)
    slot = forged_slot()
    made.slots[0] = slot
    made._thread().ends[VISITS] = Ends(1, sent=5, delivered=0, position=0, stable=0, high=4)
    with structlog.testing.capture_logs() as lines:
        for now in (10_000, 10_500, 11_000, 12_000):
            made.claims_at(now)
        made._thread().ends[VISITS] = Ends(1, sent=6, delivered=0, position=0, stable=4, high=4)
        made.claims_at(13_000)
    told = [(line["event"], line["partition"]) for line in lines]
    assert told == [("partition left out", "web-visits:0"), ("partition moves again", "web-visits:0")]


async def test_who_lags_behind_publishes_its_claims_at_once() -> None:
    made = shell(clock="wall")
    slot = forged_slot()
    claims = made.watch.announced.claims
    hurried: list[bool] = []
    made.claims_writer.hurry = lambda: hurried.append(True)  # type: ignore[method-assign]
    for feed in slot.intake.sources():
        feed.claim = 100_000
    made._committed(slot)
    assert not hurried
    slot.is_waiting = True
    made._committed(slot)
    assert len(hurried) == 1
    slot.is_waiting = False
    claims.furthest = lambda: 200_000  # type: ignore[method-assign]
    made._committed(slot)
    assert len(hurried) == 2
