"""The contacts and the segments that they leave by time alone: each has one pending exit, of one of four kinds.

window   a visit slides out of `within`; the visit's `at` lies in the past, so that the exit is due when planned
awake    no activity for the time of `inactive_for`; its `at` lies in the past too
trial    the date that `within_next` looks ahead to is reached
held     a property had the same value for the time of `held_for`, which starts when the contact gets the value
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
"""`held_for` sets no end, only a length: so many different lengths spread the exits of its contacts."""


@dataclass(frozen=True)
class ExitPlan:
    """The exits of `contacts` contacts, due from `first_due` (ms) over `spread` ms; with 0 all at one instant."""

    contacts: int
    loading_start: int
    """The instant (ms) at which the first contact is published."""
    first_due: int
    spread: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of exits; `held` only with a spread, since its exits cannot share one instant."""
        return (*TIMED, "held") if self.spread else TIMED

    def kind(self, number: int) -> str:
        """Returns the kind of a contact's exit."""
        return self.kinds[number % len(self.kinds)]

    def due(self, number: int) -> int:
        """Returns when (ms) a contact's exit is due; for `held` only approximately."""
        # A fixed stride, so that contacts due one after the other are not neighbours in the journal.
        return self.first_due + (number * 7_919 % self.contacts) * self.spread // self.contacts

    def held_for(self, step: int) -> int:
        """Returns one of the lengths (ms), a whole number of seconds."""
        length = self.first_due - self.loading_start + step * self.spread // HELD_STEPS
        return length // 1000 * 1000

    def held_step(self, number: int) -> int:
        """Returns which of the lengths a contact of the kind `held` gets."""
        return number // len(self.kinds) % HELD_STEPS

    def segment(self, number: int) -> str:
        """Returns the segment that a contact enters and leaves."""
        kind = self.kind(number)
        return f"held-{self.held_step(number)}" if kind == "held" else kind


def definitions(plan: ExitPlan) -> dict[str, Any]:
    """Returns a segment for each kind of exit, and for each length of `held`."""
    window = f"{WINDOW_MS // 1000}s"
    was_awake = {"activity": {"name": {"eq": "awake"}}}
    segments = [
        _segment("window", {"visit": {"path": {"eq": "/window"}}, "within": window}),
        _segment("awake", {"all": [was_awake, {"not": {"inactive_for": window}}]}),
        _segment("trial", {"property": "trial_ends_at", "within_next": "1d"}),
    ]
    if "held" in plan.kinds:
        segments += [_held_segment(plan, step) for step in range(HELD_STEPS)]
    return {"account": "default", "properties": {"trial_ends_at": "datetime", "plan": "text"}, "segments": segments}


def _held_segment(plan: ExitPlan, step: int) -> dict[str, Any]:
    has_value = {"property": "plan", "eq": f"held-{step}"}
    since_long = {**has_value, "held_for": f"{plan.held_for(step) // 1000}s"}
    return _segment(f"held-{step}", {"all": [has_value, {"not": since_long}]})


def _segment(name: str, when: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "dynamic": True, "when": when}


def events(plan: ExitPlan, now: Callable[[], int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields topic and event that give each contact its pending exit; patches have the time of `now` (ms)."""
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
