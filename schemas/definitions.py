"""An account's definitions: its plan, properties, segments, campaigns and CRM mapping (SPEC sections 4, 7 and 9)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas import conditions
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


FieldWrite = Literal["create", "empty", "always"]
"""When a field is written: only when its record is made, only while the org's field is empty, or whenever our value
differs from the one last written there by us.
"""


class LeadField(DefinitionModel):
    """Where a Salesforce field takes its value from, and when it is written.

    Without `write` a property is written `always` and a fixed `value` at `create`. A property without a value never
    blanks a field, and `default` is never written on a record that exists.
    """

    property: str | None = None
    value: str | int | float | bool | None = None
    default: str | int | float | bool | None = None
    write: FieldWrite | None = None


class PropertyChange(DefinitionModel):
    """A change of one property of the contact."""

    property: str


UpdateOccasion = Literal["lead.rejected", "contact.status"] | PropertyChange
"""What happens to a lead after its hand-over: it is rejected, its contact's status changes, or a property does."""


class LeadUpdate(DefinitionModel):
    """What is written to a record of the CRM when something happens after the hand-over.

    It never makes a record, so a field has no `default` and no `write: create`; a fixed value is written `always`.
    """

    on: UpdateOccasion
    fields: dict[str, LeadField]


class OpportunityScope(DefinitionModel):
    """Which opportunities the first poll reads."""

    since: Day | None = None
    """The earliest creation date; None for all."""


class Salesforce(DefinitionModel):
    """How contacts become Leads and opportunities come back; checked against `describe` (SPEC section 8)."""

    lead_fields: dict[str, LeadField] = {}
    match: Annotated[tuple[Literal["email"], ...], AsTuple] = ()
    """By what an existing record is linked before a Lead is made."""
    assign: bool | str = False
    """Whether assignment rules run when a Lead is made: the active rule (true), the rule of this id, or none."""
    do_not_sync: Condition | None = None
    """A contact for which it holds is not handed over."""
    updates: Annotated[tuple[LeadUpdate, ...], AsTuple] = ()
    attribution: Literal["contact_roles"] | None = None
    """What an opportunity counts for that has no campaign of ours and no Lead: the contact of its contact role."""
    opportunities: OpportunityScope = OpportunityScope()


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


def complete_models() -> None:
    """Builds the validators of all models of definitions, each after those that it is made of.

    Pydantic would do so at the first use of each, and build the inner ones anew for every outer one, in more than
    twice the time. Programs that validate no definitions need none of them.
    """
    for each in (*vars(conditions).values(), *globals().values()):
        if isinstance(each, type) and issubclass(each, DefinitionModel):
            each.model_rebuild()
