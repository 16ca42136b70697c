"""What a draft would change, as `leadstream definitions plan --json` writes it."""

from __future__ import annotations

from pydantic import Field

from schemas.definitions import LeadStatus
from schemas.values import Slug
from schemas.views.base import ViewModel


class ChangedNames(ViewModel):
    """Names of things that are added, changed and removed."""

    added: list[str]
    changed: list[str]
    removed: list[str]


class ContactSample(ViewModel):
    """How many contacts, and some of them."""

    count: int
    sample: list[str]


class PlannedMemberships(ViewModel):
    """Who would enter and leave a segment."""

    enter: ContactSample
    leave: ContactSample


class PlannedStep(ContactSample):
    """Leads that would take a step; one that takes several is in each."""

    from_: LeadStatus | None = Field(alias="from")
    """Null for a new lead."""
    to: LeadStatus


class PlannedLeads(ViewModel):
    """What would happen to the leads of a campaign."""

    steps: list[PlannedStep]
    handed_over: ContactSample
    notified: dict[str, ContactSample]
    """Notice to the leads that it would tell of."""


class ValueExample(ViewModel):
    """A contact and its value."""

    contact: str
    value: str
    """As JSON, cut where it is long."""


class MissingValue(ViewModel):
    """Stored values of a property that a new declaration makes missing."""

    property: str
    type: str
    """As it would be declared."""
    contacts: int
    example: ValueExample


class ValueMismatch(ViewModel):
    """An operator that met values of another type."""

    owner: str
    """`segment ID` or `rule CAMPAIGN/ID`."""
    subject: str
    """`property`, or `visit` or `activity` for a property of an event."""
    property: str
    operator: str
    contacts: int
    example: ValueExample


class PlanPreview(ViewModel):
    """Who would enter and leave, and what would happen to leads; without those that would not change."""

    scanned: int
    """Contacts that it was tried on."""
    journal_scanned: bool
    partitions_behind: int
    """Where the latest release does not decide yet: compared with the one that does."""
    segments: dict[Slug, PlannedMemberships]
    campaigns: dict[Slug, PlannedLeads]
    missing_values: list[MissingValue]
    mismatches: list[ValueMismatch]


class PlanDetails(ViewModel):
    """The differences to the release in force."""

    account: Slug
    based_on: int
    changes: bool
    """Whether anything would change."""
    segments: ChangedNames
    campaigns: ChangedNames
    rules: ChangedNames
    """`CAMPAIGN/RULE`, of campaigns that both sides have."""
    properties: ChangedNames
    settings: list[str]
    """For people, such as `plan: premium -> enterprise`."""
    details: dict[str, list[str]]
    """`segment ID`, `campaign ID`, `rule CAMPAIGN/ID` or `property NAME` to what changes about it."""
    notes: list[str]
    warnings: list[str]
    preview: PlanPreview | None
    """Null where nothing was scanned."""
