"""A later release knows as much of the past as one that was in force from the first record on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION
from schemas.values import instant_ms
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from tests.harness.engine.engine_driver import sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder
from tests.harness.engine.reference_pair import timed_events
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events

START = instant_ms("2026-03-29T00:59:59.980Z")
SETTINGS = replace(DEFAULT_ENGINE_SETTINGS, lateness=20)
_BUDGET = Budget(1 << 40, 1 << 40)

_ChangeList = list[tuple[str, str, str, str, bool]]
"""Instant, segment, event type, kind of cause and whether late."""


def definitions(*segments: dict[str, Any]) -> Definitions:
    rule = {"id": "r", "when": {"score": {"gte": 5}}, "then": {"set_status": "rejected"}}
    campaign = {"id": "c", "automation": [rule]}
    raw = {"time_zone": "Europe/Berlin", "properties": PROPERTIES, "segments": segments, "campaigns": [campaign]}
    return sound_definitions(raw)


class BackfillRun:
    """Builds a journal and decides it; `content` holds the releases, the second one comes before event `after`."""

    def __init__(self, content: list[Definitions], after: int, pause: int) -> None:
        self.content = content
        self._after = after
        self._pause = pause
        self.builder = JournalBuilder(self.contents, SETTINGS)

    def contents(self, _account: str, number: int) -> Definitions:
        return self.content[number - 1]

    def grow(self, events: list[RandomEvent]) -> None:
        builder = self.builder
        builder.start_release(records.Marker("default", 1, 1, "", None, NEWEST_VERSION), 0)
        for index, (event, id_, at) in enumerate(timed_events(events, START)):
            if index == self._after and len(self.content) > 1:
                builder.start_release(records.Marker("default", 2, 2, "", None, NEWEST_VERSION), self._pause)
            builder.send(event, id_, at)
        if self._after >= len(events) and len(self.content) > 1:
            builder.start_release(records.Marker("default", 2, 2, "", None, NEWEST_VERSION), self._pause)
        builder.finish_releases()

    def decide(self, passing: list[int]) -> tuple[set[str], _ChangeList]:
        """Returns the memberships at the first of these instants, and the changes that time alone makes after it.

        At the instant of the last record itself, the two runs may differ: only a marker settles what is due there.
        """
        decider = PartitionDecider(3, self.contents, SETTINGS)
        decider.resume(None)
        for entry in self.builder.entries:
            _feed_and_decide(decider, *entry)
        offset, ticks = self.builder.entries[-1][0], [records.encode(records.Tick(at)) for at in passing]
        _feed_and_decide(decider, offset + 1, records.TICK_KEY, ticks[0])
        contact = next(iter(decider.contacts()), None)
        members = set(contact.members) if contact else set()
        changes: _ChangeList = []
        for number, tick in enumerate(ticks[1:], 2):
            changes += _feed_and_decide(decider, offset + number, records.TICK_KEY, tick)
        return members, changes


def _feed_and_decide(decider: PartitionDecider, offset: int, key: bytes, value: bytes) -> _ChangeList:
    decider.feed(offset, key, value)
    changes: _ChangeList = []
    while decider.has_pending():
        for output in decider.work(_BUDGET).outputs:
            if output.topic == "segment-changes" and output.value is not None:
                body = msgspec.json.decode(output.value)
                cause = body["cause"]
                changes.append((body["at"], body["segment"], body["type"], cause["kind"], cause.get("late", False)))
    return changes


@settings(
    max_examples=4 * settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@example(
    [{"visit": {}, "within": "PT0.005S"}],
    [RandomEvent("web.visited", 0, fields={"url": "u"}), RandomEvent("tick", 5)],
    2,
    0,
)
@given(
    st.lists(conditions(START), min_size=1, max_size=2), random_events(START), st.integers(0, 8), st.integers(0, 2)
)
def test_it_makes_no_difference_when_a_condition_was_defined(
    whens: list[dict[str, Any]], events: list[RandomEvent], after: int, pause: int
) -> None:
    segments = [{"id": f"s{index}", "dynamic": True, "when": when} for index, when in enumerate(whens)]
    end = max((at for _, _, at in timed_events(events, START)), default=START)
    passing = [end + 1, end + 40, end + 86_400_000]
    always = BackfillRun([definitions(*segments)], 0, 0)
    always.grow(events)
    late = BackfillRun([definitions(), definitions(*segments)], after, pause)
    late.grow(events)
    assert late.decide(passing) == always.decide(passing)
