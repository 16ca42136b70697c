"""A release that came later knows as much of the past as one that was there from the first record on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.values import instant_ms
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import PartitionDecider
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.version import ENGINE_VERSION
from tests.harness.engine.engine_driver import sound_definitions
from tests.harness.engine.journal_builder import JournalBuilder
from tests.harness.engine.reference_pair import timed_events
from tests.harness.random.random_conditions import PROPERTIES, conditions
from tests.harness.random.random_events import RandomEvent, random_events

START = instant_ms("2026-03-29T00:59:59.980Z")
SETTINGS = replace(DEFAULT_ENGINE_SETTINGS, lateness=20)
_BUDGET = Budget(1 << 40, 1 << 40)

_ChangeList = list[tuple[str, str, str, str, bool]]
"""Instant, segment, what, cause and whether late."""


def definitions(*segments: dict[str, Any]) -> Definitions:
    rule = {"id": "r", "when": {"score": {"gte": 5}}, "then": {"set_status": "rejected"}}
    campaign = {"id": "c", "automation": [rule]}
    raw = {"time_zone": "Europe/Berlin", "properties": PROPERTIES, "segments": segments, "campaigns": [campaign]}
    return sound_definitions(raw)


class BackfillRun:
    """A journal that grows and is decided; `content` are the releases, `after` where the second one comes."""

    def __init__(self, content: list[Definitions], after: int, pause: int) -> None:
        self.content = content
        self._after = after
        self._pause = pause
        self.growing = JournalBuilder(self.contents, SETTINGS)

    def contents(self, _account: str, number: int) -> Definitions:
        return self.content[number - 1]

    def tell(self, happened: list[RandomEvent]) -> None:
        growing = self.growing
        growing.start_release(records.Marker("default", 1, 1, "", None, ENGINE_VERSION), 0)
        for place, (move, id_, at) in enumerate(timed_events(happened, START)):
            if place == self._after and len(self.content) > 1:
                growing.start_release(records.Marker("default", 2, 2, "", None, ENGINE_VERSION), self._pause)
            growing.send(move, id_, at)
        if self._after >= len(happened) and len(self.content) > 1:
            growing.start_release(records.Marker("default", 2, 2, "", None, ENGINE_VERSION), self._pause)
        growing.finish_releases()

    def end(self, passing: list[int]) -> tuple[set[str], _ChangeList]:
        """The memberships once time passed on to the first of these instants, and what time alone changes after it.

        Before it only the marker may have settled what is due at the very instant of the last record.
        """
        decider = PartitionDecider(3, self.contents, SETTINGS)
        decider.resume(None)
        for entry in self.growing.entries:
            _decide(decider, *entry)
        place, ticks = self.growing.entries[-1][0], [records.encode(records.Tick(at)) for at in passing]
        _decide(decider, place + 1, records.TICK_KEY, ticks[0])
        contact = next(iter(decider.contacts()), None)
        members = set(contact.members) if contact else set()
        told: _ChangeList = []
        for number, tick in enumerate(ticks[1:], 2):
            told += _decide(decider, place + number, records.TICK_KEY, tick)
        return members, told


def _decide(decider: PartitionDecider, offset: int, key: bytes, value: bytes) -> _ChangeList:
    decider.feed(offset, key, value)
    told: _ChangeList = []
    while decider.has_pending():
        for output in decider.work(_BUDGET).outputs:
            if output.topic == "segment-changes" and output.value is not None:
                body = msgspec.json.decode(output.value)
                cause = body["cause"]
                told.append((body["at"], body["segment"], body["type"], cause["kind"], cause.get("late", False)))
    return told


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
    wanted: list[dict[str, Any]], happened: list[RandomEvent], after: int, pause: int
) -> None:
    segments = [{"id": f"s{place}", "dynamic": True, "when": when} for place, when in enumerate(wanted)]
    end = max((at for _, _, at in timed_events(happened, START)), default=START)
    passing = [end + 1, end + 40, end + 86_400_000]
    always = BackfillRun([definitions(*segments)], 0, 0)
    always.tell(happened)
    late = BackfillRun([definitions(), definitions(*segments)], after, pause)
    late.tell(happened)
    assert late.end(passing) == always.end(passing)
