"""The job as a Python user writes it: a function for each segment, and a dict with the state of a contact."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

State = dict[str, Any]
Event = dict[str, Any]
SegmentFunction = Callable[[dict[str, Any], dict[str, list[int]], int], bool]
"""Gets a contact's properties, its visits by path (instants in ms) and the present instant (ms)."""

_OPERATORS = {"eq": "==", "in": "in", "gte": ">=", "lt": "<"}


def count_since(visits: dict[str, list[int]], path: str, since: int) -> int:
    """Returns how many visits of a page are later than an instant (ms)."""
    return sum(at > since for at in visits.get(path, ()))


class SegmentJob:
    """Keeps the segments' functions; `apply` is what happens at an event, the same for every Python peer."""

    def __init__(self, segments: Sequence[dict[str, Any]]) -> None:
        self._functions = [(each["id"], compile_segment(each)) for each in segments]
        self._kept_ms = _longest_windows(segments)

    @classmethod
    def from_file(cls, path: str) -> SegmentJob:
        """Reads the neutral form of the segments."""
        return cls(json.loads(Path(path).read_text()))

    def apply(self, event: Event, state: State) -> list[dict[str, Any]]:
        """Changes the state of the event's contact and returns the changes of its memberships."""
        at = int(datetime.fromisoformat(event["at"]).timestamp() * 1000)
        now = state["clock"] = max(state["clock"], at)
        if event["type"] == "web.visited":
            self._add_visit(urlsplit(event["url"]).path, at, now, state["visits"])
        else:
            state["properties"].update(event["properties"])
        return self._changes(event, state, now)

    def _add_visit(self, path: str, at: int, now: int, visits: dict[str, list[int]]) -> None:
        kept_ms = self._kept_ms.get(path)
        if kept_ms is not None:
            visits[path] = [each for each in visits.get(path, ()) if each > now - kept_ms]
            visits[path].append(at)

    def _changes(self, event: Event, state: State, now: int) -> list[dict[str, Any]]:
        properties, visits = state["properties"], state["visits"]
        before = set(state["members"])
        members = [name for name, is_member in self._functions if is_member(properties, visits, now)]
        state["members"] = members
        after = set(members)
        if before == after:
            return []
        return [
            {
                "type": "segment.entered" if name in after else "segment.exited",
                "contact": event["contact"],
                "segment": name,
                "at": event["at"],
                "cause": event["id"],
            }
            for name in before ^ after
        ]


def new_state() -> State:
    """Returns the state of a contact before its first event."""
    return {"properties": {}, "visits": {}, "members": [], "clock": 0}


def compile_segment(segment: dict[str, Any]) -> SegmentFunction:
    """Returns the function that a user would write for the segment."""
    conditions = " and ".join(_source(leaf) for leaf in segment["all"])
    function: SegmentFunction = eval(f"lambda p, v, now: {conditions}", {"count_since": count_since})
    return function


def _source(leaf: dict[str, Any]) -> str:
    if "visits" in leaf:
        return f"count_since(v, {leaf['visits']!r}, now - {leaf['within_ms']}) >= {leaf['at_least']}"
    operand = tuple(leaf["value"]) if leaf["operator"] == "in" else leaf["value"]
    return f"p[{leaf['property']!r}] {_OPERATORS[leaf['operator']]} {operand!r}"


def _longest_windows(segments: Sequence[dict[str, Any]]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for segment in segments:
        for leaf in segment["all"]:
            if "visits" in leaf:
                longest[leaf["visits"]] = max(longest.get(leaf["visits"], 0), leaf["within_ms"])
    return longest
