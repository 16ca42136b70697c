"""The guide's little stories: told to the engine line by line, and asked after each line what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from schemas.values import instant_ms
from tests.harness.docs.guide import SEGMENT, parse_yaml
from tests.harness.engine.engine_driver import EngineDriver

_LINE = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d(?:\.\d{3})?)?\s+(.+?)(?:\s+-> (.+?))?(?:\s+# .*)?")
_FIELDS = frozenset({"title", "referrer", "campaign", "name"})
_SITE = "https://www.example.com"


@dataclass(frozen=True, slots=True)
class ScenarioLine:
    """At an instant (ms) something happens, or nothing does (`...`); then the outcomes hold."""

    at: int
    event: str
    outcomes: tuple[str, ...]
    text: str


def parse_scenario(text: str) -> list[ScenarioLine]:
    """A story's lines. Raises ValueError for one that cannot be read."""
    lines = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"no line of a story: {line}")
        day, minute, rest, what, outcomes = match.groups()
        at = instant_ms(f"{day}T{minute}{rest or ':00'}Z")
        told = tuple(each.strip() for each in outcomes.split(",")) if outcomes else ()
        lines.append(ScenarioLine(at, what, told, line))
    return lines


class ScenarioRunner:
    """Tells a story; time is told up to and including the instant of each line before the next one."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.driver = EngineDriver(**definitions)
        self.campaigns = [campaign["id"] for campaign in definitions.get("campaigns", [])]
        self.outputs: list[dict[str, Any]] = []
        self._last_outputs: list[dict[str, Any]] = []
        self._latest_instant = 0

    def send(self, line: ScenarioLine) -> None:
        """What the line says happens. Raises ValueError for what the engine refuses."""
        self._latest_instant = max(line.at, self._latest_instant)
        verb, _, rest = line.event.partition(" ")
        self._last_outputs = [] if verb == "..." else _VERBS[verb](self.driver, line.at, rest.strip())
        self.outputs += self._last_outputs
        if self.driver.refused:
            raise ValueError(f"{line.text}: refused, {self.driver.refused}")

    def send_empty_event(self) -> None:
        """An event without content at the latest instant; not of a contact that is not there yet."""
        if any(self.driver.decider.contacts()):
            self.outputs += self.driver.send("contact.changed", self._latest_instant)

    def advance_clock(self) -> None:
        """The latest instant told of is over."""
        told = self.driver.tick(self._latest_instant + 1)
        self._last_outputs = [*self._last_outputs, *told]
        self.outputs += told

    def actual_outcome(self, outcome: str) -> str:
        """What stands in place of an outcome."""
        words = outcome.split()
        if words[0] in ("in", "out"):
            segment = words[1] if len(words) > 1 else SEGMENT
            found = "in" if segment in self._members() else "out"
            return " ".join([found, *words[1:]])
        if words[0] in ("lead", "no"):
            status = self.driver.status(self.campaigns[0])
            return "no lead" if status is None else f"lead {status}"
        if words[0] == "points":
            return f"points {self.driver.points(self.campaigns[0]):g}"
        if outcome == "late":
            return "late" if any(each.get("cause", {}).get("late") for each in self._last_outputs) else "not late"
        raise ValueError(f"no outcome of a story: {outcome}")

    def _members(self) -> list[str]:
        """Of a contact that nothing was told of yet: none."""
        return self.driver.members() if any(self.driver.decider.contacts()) else []


def wrong_lines(
    definitions: dict[str, Any], lines: list[ScenarioLine], *, with_empty_events: bool = False
) -> list[tuple[str, str]]:
    """(line, what is true instead) wherever the story is not what the engine does.

    `with_empty_events`: at each look an event that changes nothing makes the engine decide anew, not only when time
    says so.
    """
    teller = ScenarioRunner(definitions)
    wrong = []
    following = [line.at for line in lines[1:]]
    for line, next_at in zip(lines, [*following, None], strict=True):
        teller.send(line)
        if line.outcomes and next_at != line.at:  # what follows at the same instant settles with it
            if with_empty_events:
                teller.send_empty_event()
            teller.advance_clock()
        wrong += [
            (line.text, seen) for outcome in line.outcomes if (seen := teller.actual_outcome(outcome)) != outcome
        ]
    return wrong


def wrong_lines_without_ticks(definitions: dict[str, Any], lines: list[ScenarioLine]) -> list[tuple[str, str]]:
    """The same, of a story told without any look before its end: the changes name their instants themselves.

    Only of stories in the order of time, and of memberships.
    """
    if any(later.at < earlier.at for earlier, later in pairwise(lines)):
        return []
    teller = ScenarioRunner(definitions)
    for line in lines:
        teller.send(line)
    teller.advance_clock()
    wrong = []
    last_of = {line.at: line for line in lines}
    for line in last_of.values():
        for outcome in line.outcomes:
            words = outcome.split()
            if words[0] not in ("in", "out"):
                continue
            segment = words[1] if len(words) > 1 else SEGMENT
            seen = " ".join([_membership(teller.outputs, segment, line.at), *words[1:]])
            wrong += [(line.text, seen)] if seen != outcome else []
    return wrong


def _membership(outputs: list[dict[str, Any]], segment: str, at: int) -> str:
    """What the changes up to an instant (ms) come to."""
    latest = "out"
    for output in outputs:
        if output["topic"] == "segment-changes" and output["segment"] == segment and instant_ms(output["at"]) <= at:
            latest = "in" if output["type"] == "segment.entered" else "out"
    return latest


def _set_properties(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    return driver.send("contact.changed", at, properties=parse_yaml(rest))


def _set_status(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    return driver.send("contact.changed", at, status=rest)


def _visit(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    url, fields = _parse_visit(rest)
    return driver.send("web.visited", at, url=_SITE + url if url.startswith("/") else url, **fields)


def _record_activity(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    name, properties = _word_and_mapping(rest)
    fields: dict[str, Any] = {"properties": properties} if properties else {}
    return driver.send("activity.recorded", at, name=name, **fields)


def _parse_visit(rest: str) -> tuple[str, dict[str, Any]]:
    """The address, and the fields in the mapping behind it; those of no name are properties."""
    url, given = _word_and_mapping(rest)
    fields = {key: value for key, value in given.items() if key in _FIELDS}
    properties = {key: value for key, value in given.items() if key not in _FIELDS}
    return url, {**fields, **({"properties": properties} if properties else {})}


def _word_and_mapping(rest: str) -> tuple[str, dict[str, Any]]:
    word, _, mapping = rest.partition(" ")
    return word, parse_yaml(mapping) if mapping else {}


def _adjust_score(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    points, _, name = rest.partition(" ")
    return driver.send("score.adjusted", at, points=float(points), **({"score": name} if name else {}))


def _adjust_points(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    points, campaign = rest.split(" in ")
    return driver.send("score.adjusted", at, points=float(points), campaign=campaign)


def _change_lead(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    done, campaign = rest.split(" in ")
    if done == "acquired":
        return driver.send("lead.added", at, campaign=campaign, acquired=True)
    return driver.send(f"lead.{done}", at, campaign=campaign)


def _add_member(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    return driver.send("segment.member_added", at, segment=rest)


def _remove_member(driver: EngineDriver, at: int, rest: str) -> list[dict[str, Any]]:
    return driver.send("segment.member_removed", at, segment=rest)


_VERBS: dict[str, Callable[[EngineDriver, int, str], list[dict[str, Any]]]] = {
    "sets": _set_properties,
    "status": _set_status,
    "visits": _visit,
    "does": _record_activity,
    "score": _adjust_score,
    "points": _adjust_points,
    "lead": _change_lead,
    "listed": _add_member,
    "unlisted": _remove_member,
}
