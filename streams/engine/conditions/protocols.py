"""The interface between compiled conditions and the rest of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from schemas.definitions import PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.state.contact import Contact, Lead


class Activity(msgspec.Struct, frozen=True):
    """A visit or another activity, as filters see it; `at` in ms."""

    at: int
    name: str
    """`visit` for a web visit without a name of its own."""
    is_visit: bool
    fields: Mapping[str, Any]
    """url, title, referrer, campaign, properties (a mapping)."""


class EvaluationContext(msgspec.Struct):
    """What a condition is evaluated on: one contact at one instant (ms), and the lead in a campaign's rules."""

    contact: Contact
    now: int
    lead: Lead | None = None
    points: int = 0
    """Points of the lead at `now` (decayed), in millionths."""


class Node(Protocol):
    """A compiled node of the tree."""

    def holds(self, context: EvaluationContext) -> bool:
        """Whether the condition is true of the contact at `context.now`; there is no third value."""

    def due(self, context: EvaluationContext) -> int | None:
        """Returns the earliest instant (ms) after `context.now` at which time alone may change `holds`; None: never.

        It may be too early, but never too late.
        """


@dataclass(frozen=True, slots=True)
class RequiredText:
    """A text that a field of every matching event has: one of `texts`, or one that begins with one of them."""

    key: str
    read: Callable[[Activity], Any]
    fold: Callable[[str], str]
    texts: tuple[str, ...]
    """Folded."""
    is_prefix: bool
    decides: bool
    """Whether it is all that the filter asks of the fields."""


class ActivityFilter(Protocol):
    """A filter of visits and activities, as an index over many of them sees it."""

    @property
    def identity(self) -> str:
        """Equal for filters that match the same events."""

    @property
    def visits_only(self) -> bool:
        """Whether only web visits match."""

    @property
    def depends_on_time(self) -> bool:
        """Whether the event's instant makes a difference, beside its fields."""

    @property
    def required_text(self) -> RequiredText | None:
        """The most selective text that a matching event has; None where there is none."""

    def matches(self, activity: Activity) -> bool: ...


class ActivityCounter(Protocol):
    """What a leaf stores of a contact's visits and activities: whole numbers under its key in `Contact.counts`.

    The encoding of these numbers is in the docstring of each counter.
    """

    key: str
    limit: int
    """The most numbers it stores."""
    lossy: bool
    """Whether a full list may have lost instants that matter; a contact that reaches `limit` is flagged then."""

    @property
    def event_filters(self) -> Sequence[ActivityFilter]:
        """The filters, one of which every event passes that it matches."""

    @property
    def counts_every_match(self) -> bool:
        """Whether it matches every event that passes one of `event_filters`."""

    @property
    def drops_late(self) -> bool:
        """Whether events that arrive later than `lateness` are not counted."""

    def matches(self, activity: Activity) -> bool: ...

    def update(self, state: list[int], activity: Activity, now: int) -> list[int]:
        """Returns a new list: `state` with a matching event (late ones too), without what can no longer matter."""

    def drop_older_half(self, state: list[int]) -> list[int]:
        """Returns a new list without the older half; used when all leaves of a contact store too much."""

    def merge(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """Returns the state of all events, from the states of those before and after a position in the journal."""

    def earliest_needed(self, now: int) -> int | None:
        """Returns the earliest instant (ms) of an event that may matter from `now` on; None when every event may."""


class HeldState(Protocol):
    """Since when a property leaf with `held_for` has been true, under its key in `Contact.held`."""

    key: str
    properties: frozenset[str]
    """The properties that the leaf reads."""

    def due(self, context: EvaluationContext) -> int | None:
        """Returns when time alone may change whether the leaf is true; the contact has to be settled then."""

    def update(self, contact: Contact, now: int) -> None:
        """Records whether the leaf is true at `now`; to be called in order at every instant that may change it."""

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        """Records what was true before `now`, for a contact whose properties have not changed since `since`."""

    def merge_past(self, contact: Contact, earlier: list[int], until: int) -> None:
        """Joins `earlier`, the state up to `until`, with the state tracked since then; empty when the leaf was false.

        Since `until` the leaf was tracked as if the contact had always been the same.
        """

    def earliest_needed(self, now: int) -> int | None:
        """Returns the earliest instant (ms) that may matter from `now` on; None when all of the past may."""


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A compiled condition, and what it depends on."""

    node: Node
    counters: Sequence[ActivityCounter] = ()
    held_states: Sequence[HeldState] = ()
    properties: frozenset[str] = frozenset()
    """Top-level properties it reads."""
    segments: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    uses_lead: bool = False
    """Whether it reads the lead whose rule is evaluated."""
    is_filter_only: bool = False
    """A bare visit or activity leaf (no count, no window): a scoring rule on it gives points for each match."""


@dataclass(frozen=True, slots=True)
class CompileScope:
    """What the compiler has to know of the account's definitions."""

    time_zone: str
    property_types: Mapping[str, PropertyType]
    """Declared and standard properties -> type; the JSON value of any other property decides its type."""
    engine_version: EngineVersion = NEWEST_VERSION
