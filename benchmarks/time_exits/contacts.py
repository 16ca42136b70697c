"""The contacts and the segments that they leave by time alone: one pending exit each, of one of four kinds.

window   a visit slides out of `within`: the visit lies in the past, so that its exit is due when it is wanted
awake    nothing happened since an activity for as long as `inactive_for` says; likewise in the past
trial    a date is reached, which `within_next` looked ahead to
held     a property has been the same for as long as `held_for` says; that counts from when the contact was told it
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.topics import CONTACT_CHANGES, WEB_VISITS
from schemas.values import instant_text

WINDOW_MS = 15 * 60_000
TIMED = ("window", "awake", "trial")
HELD_STEPS = 8
"""`held_for` cannot be told when to end, only how long to last: its contacts are given so many lengths in turn."""


@dataclass(frozen=True)
class ExitPlan:
    """`contacts` of them, due from `first_due` (ms) on, over `spread` ms; with `spread` 0 all at one instant."""

    contacts: int
    loading_start: int
    """The instant (ms) at which the first contact is published."""
    first_due: int
    spread: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of exits that are made; `held` has no instant that all could share."""
        return (*TIMED, "held") if self.spread else TIMED

    def kind(self, number: int) -> str:
        """Which kind of exit a contact awaits."""
        return self.kinds[number % len(self.kinds)]

    def due(self, number: int) -> int:
        """When (ms) a contact's exit is due; of `held` only about."""
        # A fixed stride, so that neighbours in time are no neighbours in the journal.
        return self.first_due + (number * 7_919 % self.contacts) * self.spread // self.contacts

    def held_for(self, step: int) -> int:
        """How long (ms) one of the lengths is; a whole number of seconds."""
        wanted = self.first_due - self.loading_start + step * self.spread // HELD_STEPS
        return wanted // 1000 * 1000

    def held_step(self, number: int) -> int:
        """Which of the lengths a contact of the kind `held` is given."""
        return number // len(self.kinds) % HELD_STEPS

    def segment(self, number: int) -> str:
        """The segment that a contact enters and leaves."""
        kind = self.kind(number)
        return f"held-{self.held_step(number)}" if kind == "held" else kind


def definitions(plan: ExitPlan) -> dict[str, Any]:
    """One segment for each kind of exit, one for each length of `held`."""
    window = f"{WINDOW_MS // 1000}s"
    was_awake = {"activity": {"name": {"eq": "awake"}}}
    segments = [
        _segment("window", {"visit": {"path": {"eq": "/window"}}, "within": window}),
        _segment("awake", {"all": [was_awake, {"not": {"inactive_for": window}}]}),
        _segment("trial", {"property": "trial_ends_at", "within_next": "1d"}),
    ]
    if "held" in plan.kinds:
        segments += [_held(plan, step) for step in range(HELD_STEPS)]
    return {"account": "default", "properties": {"trial_ends_at": "datetime", "plan": "text"}, "segments": segments}


def _held(plan: ExitPlan, step: int) -> dict[str, Any]:
    chosen = {"property": "plan", "eq": f"held-{step}"}
    long_ago = {**chosen, "held_for": f"{plan.held_for(step) // 1000}s"}
    return _segment(f"held-{step}", {"all": [chosen, {"not": long_ago}]})


def _segment(name: str, when: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "dynamic": True, "when": when}


def events(plan: ExitPlan, now: Callable[[], int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The topic and the event that gives each contact its pending exit; patches happen `now` (ms)."""
    for number in range(plan.contacts):
        kind, due = plan.kind(number), plan.due(number)
        event = {"id": f"e{number}", "contact": f"c{number}", "at": instant_text(now())}
        if kind == "window":
            event |= {"type": "web.visited", "at": instant_text(due - WINDOW_MS)}
            yield WEB_VISITS.name, {**event, "url": "https://shop.example/window"}
        elif kind == "awake":
            event |= {"type": "activity.recorded", "at": instant_text(due - WINDOW_MS)}
            yield WEB_VISITS.name, {**event, "name": "awake"}
        else:
            properties = {"trial_ends_at": instant_text(due)} if kind == "trial" else {"plan": plan.segment(number)}
            yield CONTACT_CHANGES.name, {**event, "type": "contact.changed", "properties": properties}
