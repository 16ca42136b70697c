"""Ticks and releases of one journal partition: what a contact's own records do not hold."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from schemas.definitions import STANDARD_PROPERTIES, Definitions, Segment
from schemas.engine_versions import EngineVersion
from streams.engine.journal.records import JournalRecord, Marker, Tick
from streams.verify.recompute.conditions.leaves import references
from streams.verify.recompute.model import PlainCondition

NEVER = -(1 << 62)
"""The value of the last tick before the first one."""

ReleaseContents = Callable[[str, int], Definitions]


def condition_to_plain(condition: Any) -> PlainCondition:
    """A condition's model as plain objects, durations in ms."""
    plain: PlainCondition = condition.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return plain


@dataclass(frozen=True)
class JournalRelease:
    """A release, from its offset in the journal on."""

    offset: int
    at: int | None
    """Instant in ms; None means the last tick."""
    number: int
    definitions: Definitions
    conditions: dict[str, PlainCondition]
    """Segment id -> condition, for dynamic segments."""

    @property
    def engine_version(self) -> EngineVersion:
        """The engine version that decides it."""
        return self.definitions.engine_version

    @property
    def property_types(self) -> dict[str, str]:
        """Declared and standard types of properties."""
        return {**STANDARD_PROPERTIES, **self.definitions.properties}

    @cached_property
    def segments_in_order(self) -> list[Segment]:
        """The segments, each after the segments that it refers to."""
        ordered: dict[str, Segment] = {}
        remaining = list(self.definitions.segments)
        while remaining:
            ready = [each for each in remaining if references(self.conditions.get(each.id, {})) <= ordered.keys()]
            ordered |= {each.id: each for each in ready}
            remaining = [each for each in remaining if each.id not in ordered]
        return list(ordered.values())

    def segment(self, name: str) -> Segment | None:
        """A segment of this release."""
        return next((each for each in self.definitions.segments if each.id == name), None)


class PartitionTimeline:
    """Ticks and releases, added in the journal's order; `contents` returns the definitions of (account, number)."""

    def __init__(self, contents: ReleaseContents) -> None:
        self._contents = contents
        self._ticks: dict[str, tuple[array[int], array[int]]] = {}
        self._releases: dict[str, list[JournalRelease]] = {}

    def add(self, offset: int, record: JournalRecord) -> None:
        """Adds the next record; only ticks and markers matter here."""
        if isinstance(record, Tick):
            offsets, instants = self._ticks.setdefault(record.account, (array("q"), array("q")))
            offsets.append(offset)
            instants.append(max(record.at, instants[-1] if instants else NEVER))
        if not isinstance(record, Marker):
            return
        definitions = self._contents(record.account, record.number)
        releases = self._releases.setdefault(record.account, [])
        releases.append(build_journal_release(offset, record.at, record.number, definitions))

    def tick_before(self, account: str, offset: int) -> int:
        """The last tick for everybody or for the account before an offset; `NEVER` when there is none."""
        ticks = [NEVER]
        for name in {"", account}:
            offsets, instants = self._ticks.get(name, (array("q"), array("q")))
            index = bisect_left(offsets, offset)
            ticks += instants[index - 1 : index] if index else []
        return max(ticks)

    def releases(self, account: str) -> list[JournalRelease]:
        """The account's releases in their order."""
        return self._releases.get(account, [])


def build_journal_release(offset: int, at: int | None, number: int, definitions: Definitions) -> JournalRelease:
    """Returns a release with its conditions as plain objects."""
    conditions = {
        each.id: condition_to_plain(each.when) for each in definitions.segments if each.dynamic and each.when
    }
    return JournalRelease(offset, at, number, definitions, conditions)
