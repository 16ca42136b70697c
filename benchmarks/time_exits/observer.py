"""Observes `segment-changes` as a `read_committed` reader, and verifies the exits."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from benchmarks.time_exits.contacts import ExitPlan
from schemas.values import instant_ms


@dataclass(frozen=True)
class ObservedExit:
    """One exit: its content, when it was written and when the reader had it; instants in ms."""

    contact: str
    segment: str
    at: int
    cause: str
    emitted_at: int
    seen_at: float


@dataclass
class ExitObserver:
    """Collects the changes that arrived so far."""

    entered_at: dict[str, int] = field(default_factory=dict)
    """Contact -> the instant (ms) it entered at."""
    exits: list[ObservedExit] = field(default_factory=list)
    entry_count: int = 0

    def observe(self, _topic: str, record: Any) -> None:
        """Adds one record."""
        now = time.time() * 1000
        change = msgspec.json.decode(record.value)
        at = instant_ms(change["at"])
        if change["type"] == "segment.entered":
            self.entry_count += 1
            self.entered_at[change["contact"]] = at
            return
        emitted_at = instant_ms(change["emitted_at"])
        kind = change["cause"]["kind"]
        self.exits.append(ObservedExit(change["contact"], change["segment"], at, kind, emitted_at, now))


def verify_exits(observer: ExitObserver, plan: ExitPlan) -> Counter[str]:
    """Counts the errors: every contact must enter and leave once, by time alone, at exactly its instant."""
    wrong: Counter[str] = Counter()
    times = Counter(each.contact for each in observer.exits)
    wrong["contacts that did not enter"] = plan.contacts - len(observer.entered_at)
    wrong["entered too often"] = observer.entry_count - len(observer.entered_at)
    wrong["contacts that did not leave"] = plan.contacts - len(times)
    wrong["left too often"] = sum(times.values()) - len(times)
    for each in observer.exits:
        number = int(each.contact.removeprefix("c"))
        wrong["left another segment"] += each.segment != plan.segment(number)
        wrong["left for another reason"] += each.cause != "clock"
        wrong["left at another instant"] += each.at != expected_exit(
            plan, number, observer.entered_at.get(each.contact, 0)
        )
    return +wrong


def expected_exit(plan: ExitPlan, number: int, entered_at: int) -> int:
    """Returns when (ms) a contact must leave; for the kind `held`, its length after it entered."""
    if plan.kind(number) == "held":
        return entered_at + plan.held_for(plan.held_step(number))
    return plan.due(number)
