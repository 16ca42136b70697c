"""An account's definitions: its plan, properties, segments, campaigns and CRM mapping (SPEC sections 4, 7 and 9)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.conditions import Condition, DefinitionModel
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.values import AsTuple, Day, Duration, Points, Slug

ContactStatus = Literal["active", "inactive", "bounced", "deleted"]
LeadStatus = Literal["active", "qualified", "rejected", "duplicate", "deleted"]
AccountPlan = Literal["basic", "premium", "enterprise"]
PropertyType = Literal["text", "number", "boolean", "date", "datetime", "list", "object"]

STANDARD_PROPERTIES: dict[str, PropertyType] = {
    "email": "text",
    "email_domain": "text",  # derived from email
    "first_name": "text",
    "last_name": "text",
    "company": "text",
    "job_title": "text",
    "phone": "text",
    "city": "text",
    "region": "text",
    "postal_code": "text",
    "country": "text",
    "time_zone": "text",
    "source": "text",
    "tags": "list",
}


class Segment(DefinitionModel):
    """A kept list (static) or a condition (dynamic)."""

    id: Slug
    name: str = ""
    description: str = ""
    dynamic: bool = False
    when: Condition | None = None
    statuses: Annotated[tuple[Literal["active", "inactive", "bounced"], ...], AsTuple] = ("active",)
    paused: bool = False


class AtMost(DefinitionModel):
    """A cap on the awards given in a rolling window."""

    times: int = Field(ge=1, le=1_000)
    per: Duration


class ScoringRule(DefinitionModel):
    """Points when a matching activity happens, or when another condition becomes true."""

    id: Slug
    when: Condition
    points: Points
    at_most: AtMost | None = None


class Actions(DefinitionModel):
    """What an automation rule does, in this order: points, static segments, campaigns, status, notice.

    Before engine version 4 the status came first, and the points of a lead that it takes out of its processing were
    lost.
    """

    set_status: Literal["active", "qualified", "rejected", "duplicate", "deleted"] | None = None
    add_points: Points | None = None
    set_points: Points | None = None
    add_to_segment: Slug | None = None
    remove_from_segment: Slug | None = None
    add_to_campaign: Slug | None = None
    remove_from_campaign: Slug | None = None
    notify: Slug | None = None
    """The name of the notice on the topic `notifications`."""


class AutomationRule(DefinitionModel):
    """Fires when its condition becomes true for a lead that takes automation."""

    id: Slug
    when: Condition
    then: Actions
    apply_to_existing: bool = False


class Period(DefinitionModel):
    """From `from_` (inclusive) to `to` (exclusive), local midnights in the account's zone."""

    from_: Day | None = Field(None, alias="from")
    to: Day | None = None


class CampaignSalesforce(DefinitionModel):
    """The Salesforce campaign that a campaign's hand-overs become members of."""

    campaign: str
    member_status: str | None = None


class Campaign(DefinitionModel):
    """Audience, scoring, automation, a period and a pause switch."""

    id: Slug
    name: str = ""
    description: str = ""
    audience: Annotated[tuple[Slug, ...], AsTuple] = ()
    period: Period | None = None
    paused: bool = False
    half_life: Duration | None = None
    points_between: Annotated[tuple[Points, Points] | None, AsTuple] = None
    """The least and the most points of a lead; 0 lies within."""
    auto_qualify: bool = False
    leave: Literal["keep", "delete"] = "keep"
    points_changed: bool = False
    scoring: Annotated[tuple[ScoringRule, ...], AsTuple] = ()
    automation: Annotated[tuple[AutomationRule, ...], AsTuple] = ()
    salesforce: CampaignSalesforce | None = None


class LeadField(DefinitionModel):
    """Where a Salesforce field takes its value from."""

    property: str | None = None
    value: str | int | float | bool | None = None
    default: str | int | float | bool | None = None


class Salesforce(DefinitionModel):
    """Field mapping of hand-overs; checked against `describe`."""

    lead_fields: dict[str, LeadField] = {}


class Definitions(DefinitionModel):
    """One account's whole; what `apply` makes a release of."""

    account: Slug = "default"
    engine_version: EngineVersion = NEWEST_VERSION
    """The version of the engine that decides the release; a document that states none keeps the one before."""
    plan: AccountPlan = "enterprise"
    time_zone: str = "UTC"
    properties: dict[str, PropertyType] = {}
    segments: Annotated[tuple[Segment, ...], AsTuple] = ()
    campaigns: Annotated[tuple[Campaign, ...], AsTuple] = ()
    salesforce: Salesforce | None = None
