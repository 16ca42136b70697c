"""What a `read_committed` reader of `segment-changes` saw: when each contact entered, and when it left."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from benchmarks.time_exits.contacts import Plan
from schemas.values import instant_ms


@dataclass(frozen=True)
class Exit:
    """One exit: its truth, when it was written and when the reader had it; instants in ms."""

    contact: str
    segment: str
    at: int
    cause: str
    emitted: int
    seen: float


@dataclass
class Seen:
    """Everything that came so far."""

    entered: dict[str, int] = field(default_factory=dict)
    """Contact -> the instant (ms) it entered at."""
    exits: list[Exit] = field(default_factory=list)
    entries: int = 0

    def see(self, _topic: str, record: Any) -> None:
        """One record."""
        seen = time.time() * 1000
        change = msgspec.json.decode(record.value)
        at = instant_ms(change["at"])
        if change["type"] == "segment.entered":
            self.entries += 1
            self.entered[change["contact"]] = at
            return
        emitted = instant_ms(change["emitted_at"])
        kind = change["cause"]["kind"]
        self.exits.append(Exit(change["contact"], change["segment"], at, kind, emitted, seen))


def judge(seen: Seen, plan: Plan) -> Counter[str]:
    """What is wrong: every contact enters and leaves once, by time alone, at its very instant."""
    wrong: Counter[str] = Counter()
    times = Counter(each.contact for each in seen.exits)
    wrong["contacts that did not enter"] = plan.contacts - len(seen.entered)
    wrong["entered too often"] = seen.entries - len(seen.entered)
    wrong["contacts that did not leave"] = plan.contacts - len(times)
    wrong["left too often"] = sum(times.values()) - len(times)
    for each in seen.exits:
        number = int(each.contact.removeprefix("c"))
        wrong["left another segment"] += each.segment != plan.segment(number)
        wrong["left for another reason"] += each.cause != "clock"
        wrong["left at another instant"] += each.at != expected(plan, number, seen.entered.get(each.contact, 0))
    return +wrong


def expected(plan: Plan, number: int, entered: int) -> int:
    """When (ms) a contact must leave; one of the kind `held` so long after it entered."""
    if plan.kind(number) == "held":
        return entered + plan.held_for(plan.step(number))
    return plan.due(number)
