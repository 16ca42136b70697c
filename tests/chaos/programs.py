"""What a chaos run runs: the small counting program, or the real pipeline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streams.app import pipeline
from streams.runtime.kind import SlotKind
from streams.settings import Settings
from tests.chaos import company_traffic, traffic
from tests.chaos.company import LONGEST_MS
from tests.support.counting import REMIND_MS, counting_kind

Publish = Callable[[Settings, int, float, int], Awaitable[None]]
"""Publishes so many events at so many a second, with this seed."""


@dataclass(frozen=True)
class Program:
    """A kind of slots, what is published to it, and for how long after that time alone changes something (ms)."""

    kind: Callable[[Settings], SlotKind]
    publish: Publish
    echo_ms: int


PROGRAMS: dict[str, Program] = {
    "counting": Program(lambda settings: counting_kind(settings.partitions), traffic.publish, REMIND_MS),
    "pipeline": Program(pipeline, company_traffic.publish, LONGEST_MS),
}
