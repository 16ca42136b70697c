"""Ticks and releases of one journal partition: what a contact's records do not say themselves."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from schemas.definitions import STANDARD_PROPERTIES, Definitions, Segment
from streams.engine.journal.records import JournalRecord, Marker, Tick
from streams.verify.recompute.conditions.leaves import references
from streams.verify.recompute.model import PlainCondition

NEVER = -(1 << 62)
"""The last tick where there was none."""

ReleaseContents = Callable[[str, int], Definitions]


def condition_to_plain(condition: Any) -> PlainCondition:
    """A condition's model as plain objects, durations in ms."""
    plain: PlainCondition = condition.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return plain


@dataclass(frozen=True)
class JournalRelease:
    """A release from its place in the journal on."""

    offset: int
    at: int | None
    """None where nobody told it: the last tick is meant."""
    number: int
    definitions: Definitions
    conditions: dict[str, PlainCondition]
    """Of the dynamic segments."""

    @property
    def property_types(self) -> dict[str, str]:
        """Declared and standard types of properties."""
        return {**STANDARD_PROPERTIES, **self.definitions.properties}

    @cached_property
    def segments_in_order(self) -> list[Segment]:
        """The segments, each behind those that it refers to."""
        ordered: dict[str, Segment] = {}
        waiting = list(self.definitions.segments)
        while waiting:
            ready = [each for each in waiting if references(self.conditions.get(each.id, {})) <= ordered.keys()]
            ordered |= {each.id: each for each in ready}
            waiting = [each for each in waiting if each.id not in ordered]
        return list(ordered.values())

    def segment(self, name: str) -> Segment | None:
        """A segment of this release."""
        return next((each for each in self.definitions.segments if each.id == name), None)


class PartitionTimeline:
    """Fed in the journal's order. `contents` gives the definitions of an account's release by number."""

    def __init__(self, contents: ReleaseContents) -> None:
        self._contents = contents
        self._ticks: dict[str, tuple[array[int], array[int]]] = {}
        self._releases: dict[str, list[JournalRelease]] = {}

    def add(self, offset: int, record: JournalRecord) -> None:
        """The next record; only ticks and markers say something here."""
        if isinstance(record, Tick):
            places, instants = self._ticks.setdefault(record.account, (array("q"), array("q")))
            places.append(offset)
            instants.append(max(record.at, instants[-1] if instants else NEVER))
        if not isinstance(record, Marker):
            return
        definitions = self._contents(record.account, record.number)
        known = self._releases.setdefault(record.account, [])
        known.append(build_journal_release(offset, record.at, record.number, definitions))

    def tick_before(self, account: str, offset: int) -> int:
        """The last tick of all or of the account before a place; `NEVER` where there was none."""
        found = [NEVER]
        for name in {"", account}:
            places, instants = self._ticks.get(name, (array("q"), array("q")))
            place = bisect_left(places, offset)
            found += instants[place - 1 : place] if place else []
        return max(found)

    def releases(self, account: str) -> list[JournalRelease]:
        """The account's releases in their order."""
        return self._releases.get(account, [])


def build_journal_release(offset: int, at: int | None, number: int, definitions: Definitions) -> JournalRelease:
    """A release made ready to be asked."""
    conditions = {
        each.id: condition_to_plain(each.when) for each in definitions.segments if each.dynamic and each.when
    }
    return JournalRelease(offset, at, number, definitions, conditions)
