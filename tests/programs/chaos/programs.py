"""The programs that a chaos run can use: the small counting program and the real pipeline."""

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
"""Publishes events; takes settings, number of events, events a second, and seed."""

FinalCheck = Callable[[Settings, Evidence, OracleVerdict], None]


def no_final_check(_settings: Settings, _evidence: Evidence, _verdict: OracleVerdict) -> None:
    """Checks nothing: the oracle checks everything."""


@dataclass(frozen=True)
class ChaosProgram:
    """A program and its traffic. `settle_ms` is how long after it time alone changes something; `final_check` adds
    checks to those of the oracle.
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
