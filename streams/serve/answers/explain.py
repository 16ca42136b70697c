"""Why a contact is in a segment or campaign, as `leadstream explain --json` writes it: without what is not known."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from schemas.definitions import LeadStatus
from schemas.values import Slug
from schemas.views.base import InstantText, ViewModel


class KnownChanges(ViewModel):
    """When something changed."""

    last_changed: InstantText | None = None
    """Null where it never did; with the journal alone."""
    changed_by: str | None = None
    """The id of the event; left out where time or a release changed it."""
    next_change: InstantText | None = None
    """When time alone changes it, if nothing else happens."""


class RelevantEvent(ViewModel):
    """An event of the contact that a leaf is about, with some of its fields."""

    model_config = ConfigDict(extra="allow")

    id: str
    type: str
    at: InstantText


class ExplainedNode(KnownChanges):
    """A node of a condition: `all`, `any` or `not` of others, or a `leaf` with what it was decided from.

    What a leaf has depends on its kind: a `value`, a `count` with `instants`, `sum`, `matched` and so on.
    """

    model_config = ConfigDict(extra="allow")

    holds: bool
    leaf: dict[str, Any] | None = Field(None, examples=[{"property": "country", "eq": "DE"}])
    """The leaf as definitions write it."""
    all: list[ExplainedNode] | None = None
    any: list[ExplainedNode] | None = None
    not_: list[ExplainedNode] | None = Field(None, alias="not", max_length=1)
    value: Any = None
    """What the contact has."""
    count: int | None = None
    """How many events are in the window."""
    instants: list[InstantText] | None = None
    """Of the latest of them."""
    bound_reached: bool | None = None
    """True where more events came than are kept."""
    events: list[RelevantEvent] | None = None
    """The latest ones that the leaf is about; with the journal alone."""


class ExplainedLead(ViewModel):
    """The contact's lead."""

    status: LeadStatus
    points: int | float
    made: InstantText
    changed: InstantText
    ended_by: str | None = None
    """Of a deleted lead: `person`, `cascade` or `leave`."""
    crm: dict[str, Any] | None = None
    """From the CRM's results."""
    cause: dict[str, Any] | None = None
    """Of its last change of status; with the journal alone."""


class ExplainedRule(ViewModel):
    """A rule of a campaign; `condition`, or for one that scores each event `each` with the events."""

    id: Slug
    condition: ExplainedNode | None = None
    each: dict[str, Any] | None = None
    """What an event must be, as definitions write it."""
    events: list[RelevantEvent] | None = None


class ExplainedScoring(ExplainedRule):
    """A scoring rule."""

    points: int | float
    at_most: int | None = None
    """How often it may score in its window."""
    awards: list[InstantText] | None = None
    """When it did."""


class ExplainedAutomation(ExplainedRule):
    """An automation rule."""

    then: dict[str, Any] = Field(examples=[{"set_status": "qualified"}])
    """What it does, in that order."""


class PastChange(ViewModel):
    """A change of the membership or of the lead, with the fields that its record has."""

    model_config = ConfigDict(extra="allow")

    at: InstantText
    type: str | None = None
    cause: dict[str, Any] | None = None


class ContactExplanation(KnownChanges):
    """Why a contact is in a segment, or where its lead in a campaign stands."""

    account: Slug
    contact: str
    known: bool
    """False for a contact that was not there then; nothing else is told of it."""
    at: InstantText | None = None
    """As of when."""
    first_known: InstantText | None = None
    """When the contact's first record took effect, where that is later."""
    status: str | None = None
    """Of the contact."""
    source: Literal["state", "journal"] | None = None
    release: int | None = None
    """The release that decided then."""
    reasons: list[str] | None = None
    """For people, the decisive one first."""
    history: list[PastChange] | None = None
    """The latest changes, oldest first; with the journal alone."""
    flags: list[str] | None = None
    """Bounds of what is kept of a contact that were reached."""
    notes: list[str] | None = None
    """What else one should know."""
    gone: str | None = None
    """What the journal's retention has taken of what the answer rests on."""
    segment: Slug | None = None
    member: bool | None = None
    since: InstantText | None = None
    """Since when it is a member."""
    dynamic: bool | None = None
    paused: bool | None = None
    condition: ExplainedNode | None = None
    """Of a dynamic segment."""
    listed: bool | None = None
    """Whether a static segment lists it."""
    campaign: Slug | None = None
    lead: ExplainedLead | None = None
    """Null where the contact has none."""
    points_between: list[int | float] | None = None
    """Bounds of a lead's points."""
    audience: dict[Slug, bool] | None = None
    """Segment to whether the contact is in it."""
    scoring: list[ExplainedScoring] | None = None
    automation: list[ExplainedAutomation] | None = None
