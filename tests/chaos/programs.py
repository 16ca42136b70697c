"""What a chaos run runs: the small counting program, or the real pipeline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streams.app import pipeline
from streams.runtime.kind import SlotKind
from streams.settings import Settings
from tests.chaos import company_traffic, traffic
from tests.chaos.company import LONGEST_MS
from tests.chaos.replayed import compare_with_replay
from tests.support.counting import REMIND_MS, counting_kind
from tests.support.oracle import Evidence, Verdict

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
        lambda settings: counting_kind(settings.partitions), traffic.publish, REMIND_MS, nothing_more
    ),
    "pipeline": Program(pipeline, company_traffic.publish, LONGEST_MS, compare_with_replay),
}
