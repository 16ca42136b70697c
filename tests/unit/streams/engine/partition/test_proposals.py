"""What a release that is proposed, and perhaps given up, does to the one that decides: nothing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import msgspec
import pytest

from streams.engine.decisions import counters
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.journal.records import Marker, proposal_from_marker
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.version import ENGINE_VERSION
from tests.harness.engine.engine_driver import BUDGET, EngineDriver, day, sound_definitions


def counted(least: int) -> dict[str, Any]:
    return {"id": f"s{least}", "dynamic": True, "when": {"visit": {}, "count": {"gte": least}}}


def propose(story: EngineDriver, *segments: dict[str, Any]) -> None:
    """Only the first record of a release."""
    story.releases.append(sound_definitions({"segments": list(segments)}))
    number = len(story.releases)
    marker = Marker("default", number, number, "", None, ENGINE_VERSION)
    offset = len(story.journal)
    entry = (offset, records.PROPOSAL_KEY, records.encode(proposal_from_marker(marker)))
    story.journal.append(entry)
    story.decider.feed(*entry)
    story.decider.work(BUDGET)


def kept(story: EngineDriver) -> list[int]:
    """How much each leaf keeps."""
    return sorted(len(instants) for instants in story.contact().counts.values())


def slice_for_all(story: EngineDriver) -> tuple[int, bytes, bytes]:
    """All of the proposed release's past in one slice."""
    counter = story.decider.backfill_counter("default")
    counter.count(takewhile(lambda entry: entry[1] != records.PROPOSAL_KEY, story.journal), ())
    (part,) = counter.slices()
    return len(story.journal), records.SLICE_KEY, records.encode(part)


def test_a_slice_is_decided_in_portions_over_restarts() -> None:
    story = EngineDriver(segments=[])
    names = [f"c{number}" for number in range(10)]
    for name in names:
        story.visit(day(0), contact=name)
    propose(story, counted(1))
    entry = slice_for_all(story)
    decider, decided = story.decider, []
    rows: dict[bytes, bytes | None] = {
        f"default/{row.id}".encode(): msgspec.json.encode(row) for row in decider.contacts()
    }
    for _ in range(4):
        decider.feed(*entry)
        effects = decider.work(Budget(records=3))
        rows |= effects.rows
        decided.append(len(effects.rows))
        decider, checkpoint = new_owner(story, rows), decider.checkpoint()
        decider.resume(checkpoint)
    assert decided == [3, 3, 3, 1]
    assert all(contact.counts for contact in decider.contacts())


def new_owner(story: EngineDriver, rows: Mapping[bytes, bytes | None]) -> PartitionDecider:
    """Who takes over from the changelog."""
    decider = PartitionDecider(0, lambda _, number: story.releases[number - 1], DEFAULT_ENGINE_SETTINGS)
    for key, row in rows.items():
        decider.restore(key, row)
    return decider


def test_leaves_in_force_forget_nothing_for_leaves_that_are_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_COUNTER_VALUES", 10)
    story = EngineDriver(segments=[counted(8)])
    for hour in range(8):
        story.visit(day(0, hour))
    propose(story, counted(8), counted(9))
    for hour in range(8):
        story.visit(day(1, hour))
    assert kept(story)[-1] == 8
    assert sum(kept(story)) <= 10
    assert story.members() == ["s8"]


def test_what_was_followed_for_a_release_that_was_given_up_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MAX_COUNTER_VALUES", 10)
    story = EngineDriver(segments=[counted(8)])
    story.visit(day(0))
    propose(story, counted(8), counted(9))
    for hour in range(9):
        story.visit(day(1, hour))
    assert len(story.contact().flags) == 1
    story.apply(segments=[counted(8)])
    assert (kept(story), story.contact().flags, story.members()) == ([8], [], ["s8"])
