"""What a compiled condition is to the rest of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.definitions import PropertyType
from streams.engine.state.contact import Contact, Lead


@dataclass(frozen=True, slots=True)
class Activity:
    """A visit or another activity, as filters see it."""

    at: int
    name: str
    """`visit` for a web visit unless it brings a name of its own."""
    is_visit: bool
    fields: Mapping[str, Any]
    """url, title, referrer, campaign, properties (a mapping)."""


@dataclass(slots=True)
class EvaluationContext:
    """What a condition looks at: one contact at one instant, and the lead at hand in a campaign's rules."""

    contact: Contact
    now: int
    lead: Lead | None = None
    points: int = 0
    """Points of the lead at hand at `now` (decayed), in millionths."""


class Node(Protocol):
    """A compiled node of the tree."""

    def holds(self, context: EvaluationContext) -> bool:
        """Whether it is true of the contact at `context.now`. Exact: two-valued."""

    def due(self, context: EvaluationContext) -> int | None:
        """The earliest instant after `context.now` at which time alone may change `holds`; never too late."""


class ActivityCounter(Protocol):
    """What a leaf keeps of a contact's visits and activities: whole numbers under its key in `Contact.counts`."""

    key: str
    limit: int
    """The most numbers it keeps."""
    lossy: bool
    """Whether a full list may have lost instants that matter: a contact that reaches `limit` is flagged then."""

    @property
    def drops_late(self) -> bool:
        """Whether events that come later than `lateness` are not counted."""

    def matches(self, activity: Activity) -> bool: ...

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        """A new list: `state` with a matching event in its place (late ones too), without what never matters
        again.
        """

    def drop_older_half(self, state: list[int]) -> list[int]:
        """A new list without the older half, where all leaves together keep too much of a contact."""

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """What is kept of all events, from what is kept of those before and after a place in the journal."""

    def earliest_needed(self, now: int) -> int | None:
        """The earliest instant (ms) at which an event may matter from `now` on; None where every event may."""


class HeldState(Protocol):
    """Since when a property leaf with `held_for` has been true, under its key in `Contact.held_states`."""

    key: str

    def due(self, context: EvaluationContext) -> int | None:
        """When time alone may change whether it is true: the contact has to be looked at then."""

    def update(self, contact: Contact, now: int) -> None:
        """Notes whether it is true at `now`; to be called at every instant that may change it, in their order."""

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        """Notes what is true before `now` of a contact whose properties have been the same from `since` on."""

    def merge_past(self, contact: Contact, earlier: list[int], until: int) -> None:
        """Notes what was true up to `until`; since then it was followed, as if the contact had always been the same.

        `earlier` is what was kept then, nothing where the leaf was not true.
        """

    def earliest_needed(self, now: int) -> int | None:
        """As of a counter: the earliest instant (ms) that may matter from `now` on; None where all the past may."""


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition ready to be asked."""

    node: Node
    counters: Sequence[ActivityCounter] = ()
    held_states: Sequence[HeldState] = ()
    properties: frozenset[str] = frozenset()
    """Top-level properties it looks at."""
    segments: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    uses_lead: bool = False
    """Whether it speaks of the lead at hand."""
    is_filter_only: bool = False
    """A bare visit or activity leaf (no count, no window): a scoring rule on it gives points for each match."""


@dataclass(frozen=True, slots=True)
class CompileScope:
    """What a condition is compiled within."""

    time_zone: str
    property_types: Mapping[str, PropertyType]
    """Declared and standard properties; the others are typed by their JSON value."""
