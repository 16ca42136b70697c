"""The state of one contact: everything a decision about it may depend on, and nothing else.

One row of the changelog. Instants are ms since the epoch; points and scores are whole millionths (SPEC section 3
rounds to 0.000001), so that they add up exactly.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Lead(msgspec.Struct, array_like=True, omit_defaults=True):
    """A contact in a campaign."""

    status: str
    created: int
    """The instant at which this life of the lead began; `lead_age` counts from here."""
    changed: int
    points: int = 0
    decayed: int = 0
    """The instant that `points` is decayed to, where the campaign has a half-life."""
    truths: dict[str, bool] = {}
    """Rule id -> whether its condition held when last looked at; an edge is a change of it to true."""
    awards: dict[str, list[int]] = {}
    """Scoring rule id -> instants of the awards inside its `at_most` window."""
    ended_by: str = ""
    """Why a `deleted` lead is deleted: `person`, `cascade` or `leave`."""
    crm: dict[str, Any] = {}
    """Link, last hand-over answered, outcome."""
    audience: bool = False
    """Whether the contact was in the campaign's audience when last judged."""


class ContactHeader(msgspec.Struct, array_like=True, frozen=True):
    """The first fields of a row: all that has to be known of every contact at a take-over."""

    account: str
    id: str
    created: int
    clock: int
    settled: int
    release: int = 0
    due: int | None = None


class Contact(msgspec.Struct, array_like=True, omit_defaults=True):
    """A contact of an account."""

    account: str
    id: str
    created: int
    clock: int
    settled: int
    """The journal offset that the row is settled for."""
    release: int = 0
    """The number of the release it is settled under."""
    due: int | None = None
    """The next instant at which time alone may change something; before the long fields, see `ContactHeader`."""
    status: str = "active"
    properties: dict[str, Any] = {}
    score: int = 0
    scores: dict[str, int] = {}
    first_visit: int | None = None
    last_visit: int | None = None
    last_activity: int | None = None
    counts: dict[str, list[int]] = {}
    """Leaf on visits or activities -> what its counter keeps, mostly instants (see streams.engine.conditions)."""
    applied: list[tuple[str, int]] = []
    """Event ids applied lately, with the contact's clock at that time."""
    listed: list[str] = []
    """Static segments that the contact is listed in."""
    members: dict[str, int] = {}
    """Segment -> since when it is a member."""
    leads: dict[str, Lead] = {}
    flags: list[str] = []
    """Bounds of the state that were reached."""
    held: dict[str, list[int]] = {}
    """Leaf with `held_for` -> [since when it has been true, and when that ended] (see streams.engine.conditions)."""
    proposal: int = 0
    """The number of the proposed release whose new leaves are followed beside those in force."""
    followed: int = 0
    """The instant up to which its leaves with `held_for` are followed."""
