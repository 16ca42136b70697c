"""What a chaos run runs: the small counting program, or the real pipeline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streams.app import pipeline_spec
from streams.runtime.spec import AppSpec
from streams.settings import Settings
from tests.harness.runtime.counting_program import REMIND_MS, counting_spec
from tests.harness.runtime.oracle import Evidence, OracleVerdict
from tests.programs.chaos import counting_traffic, pipeline_traffic
from tests.programs.chaos.replay_check import compare_with_replay
from tests.programs.chaos.traffic_source import LONGEST_MS

PublishTraffic = Callable[[Settings, int, float, int], Awaitable[None]]
"""Publishes so many events at so many a second, with this seed."""

FinalCheck = Callable[[Settings, Evidence, OracleVerdict], None]


def no_final_check(_settings: Settings, _evidence: Evidence, _verdict: OracleVerdict) -> None:
    """The oracle knows all."""


@dataclass(frozen=True)
class ChaosProgram:
    """A kind of slots, what is published to it, for how long after that time alone changes something (ms), and what
    is checked in the end besides what the oracle knows.
    """

    spec: Callable[[Settings], AppSpec]
    publish: PublishTraffic
    settle_ms: int
    final_check: FinalCheck


PROGRAMS: dict[str, ChaosProgram] = {
    "counting": ChaosProgram(
        lambda settings: counting_spec(settings.partitions), counting_traffic.publish, REMIND_MS, no_final_check
    ),
    "pipeline": ChaosProgram(pipeline_spec, pipeline_traffic.publish, LONGEST_MS, compare_with_replay),
}
