"""What a chaos run runs: the small counting program, or the real pipeline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streams.app import pipeline
from streams.runtime.spec import SlotKind
from streams.settings import Settings
from tests.harness.runtime.counting_program import REMIND_MS, counting_kind
from tests.harness.runtime.oracle import Evidence, Verdict
from tests.programs.chaos import counting_traffic, pipeline_traffic
from tests.programs.chaos.replay_check import compare_with_replay
from tests.programs.chaos.traffic_source import LONGEST_MS

Publish = Callable[[Settings, int, float, int], Awaitable[None]]
"""Publishes so many events at so many a second, with this seed."""

Check = Callable[[Settings, Evidence, Verdict], None]


def nothing_more(_settings: Settings, _evidence: Evidence, _verdict: Verdict) -> None:
    """The oracle knows all."""


@dataclass(frozen=True)
class Program:
    """A kind of slots, what is published to it, for how long after that time alone changes something (ms), and what
    is checked in the end besides what the oracle knows.
    """

    kind: Callable[[Settings], SlotKind]
    publish: Publish
    echo_ms: int
    check: Check


PROGRAMS: dict[str, Program] = {
    "counting": Program(
        lambda settings: counting_kind(settings.partitions), counting_traffic.publish, REMIND_MS, nothing_more
    ),
    "pipeline": Program(pipeline, pipeline_traffic.publish, LONGEST_MS, compare_with_replay),
}
