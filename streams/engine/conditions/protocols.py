"""What a compiled condition is to the rest of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.definitions import PropertyType
from streams.engine.state.contact import Contact, Lead


@dataclass(frozen=True, slots=True)
class Happening:
    """A visit or another activity, as filters see it."""

    at: int
    name: str
    """`visit` for a web visit unless it brings a name of its own."""
    is_visit: bool
    fields: Mapping[str, Any]
    """url, title, referrer, campaign, properties (a mapping)."""


@dataclass(slots=True)
class Scene:
    """What a condition looks at: one contact at one instant, and the lead at hand in a campaign's rules."""

    contact: Contact
    now: int
    lead: Lead | None = None
    points: int = 0
    """Points of the lead at hand at `now` (decayed), in millionths."""


class Node(Protocol):
    """A compiled node of the tree."""

    def holds(self, scene: Scene) -> bool:
        """Whether it is true of the contact at `scene.now`. Exact: two-valued."""

    def due(self, scene: Scene) -> int | None:
        """The earliest instant after `scene.now` at which time alone may change `holds`; never too late."""


class Counter(Protocol):
    """What a leaf keeps of a contact's visits and activities: whole numbers under its key in `Contact.counts`."""

    key: str
    bound: int
    """The most numbers it keeps."""
    lossy: bool
    """Whether a full list may have lost instants that matter: a contact that reaches `bound` is flagged then."""

    @property
    def on_time(self) -> bool:
        """Whether events that come later than `lateness` are not counted."""

    def matches(self, happening: Happening) -> bool: ...

    def count(self, kept: list[int], happening: Happening, now: int) -> list[int]:
        """A new list: `kept` with a matching event in its place (late ones too), without what never matters again."""

    def forget(self, kept: list[int]) -> list[int]:
        """A new list without the older half, where all leaves together keep too much of a contact."""

    def join(self, earlier: list[int], later: list[int], now: int) -> list[int]:
        """What is kept of all events, from what is kept of those before and after a place in the journal."""

    def reaches_to(self, now: int) -> int | None:
        """The earliest instant (ms) at which an event may matter from `now` on; None where every event may."""


class Truth(Protocol):
    """Since when a property leaf with `held_for` has been true, under its key in `Contact.held`."""

    key: str

    def due(self, scene: Scene) -> int | None:
        """When time alone may change whether it is true: the contact has to be looked at then."""

    def follow(self, contact: Contact, now: int) -> None:
        """Notes whether it is true at `now`; to be called at every instant that may change it, in their order."""

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        """Notes what is true before `now` of a contact whose properties have been the same from `since` on."""

    def join(self, contact: Contact, earlier: list[int], until: int) -> None:
        """Notes what was true up to `until`; since then it was followed, as if the contact had always been the same.

        `earlier` is what was kept then, nothing where the leaf was not true.
        """

    def reaches_to(self, now: int) -> int | None:
        """As of a counter: the earliest instant (ms) that may matter from `now` on; None where all the past may."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition ready to be asked."""

    node: Node
    counters: Sequence[Counter] = ()
    held: Sequence[Truth] = ()
    properties: frozenset[str] = frozenset()
    """Top-level properties it looks at."""
    segments: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    leads: bool = False
    """Whether it speaks of the lead at hand."""
    happening: bool = False
    """A bare visit or activity leaf (no count, no window): a scoring rule on it gives points for each match."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a condition is compiled within."""

    time_zone: str
    property_types: Mapping[str, PropertyType]
    """Declared and standard properties; the others are typed by their JSON value."""
