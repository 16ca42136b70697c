"""Conditions as users write them (SPEC section 5): a tree of `all`, `any` and `not` over leaves.

The models define the form. Whether an operator fits a property's declared type is checked with the definitions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from schemas.values import AsTuple, Duration, Slug

Scalar = str | int | float | bool
DateText = str
"""RFC 3339, a calendar date, or date arithmetic such as `now/d-7d`, `2026-03-31||-1M`."""


class DefinitionModel(BaseModel):
    """Base of the models of definitions: immutable, and it refuses unknown keys, so that a typo is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, strict=True, allow_inf_nan=False, defer_build=True
    )


class Operators(DefinitionModel):
    """The operators of a property leaf or a filter; all that are given must hold."""

    eq: Scalar | None = None
    ne: Scalar | None = None
    in_: Annotated[tuple[Scalar, ...] | None, AsTuple] = Field(None, alias="in")
    not_in: Annotated[tuple[Scalar, ...] | None, AsTuple] = None
    gt: Scalar | None = None
    gte: Scalar | None = None
    lt: Scalar | None = None
    lte: Scalar | None = None
    between: Annotated[tuple[Scalar, Scalar] | None, AsTuple] = None
    contains: Scalar | None = None
    not_contains: Scalar | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    matches: str | None = None
    exists: bool | None = None
    empty: bool | None = None
    contains_any: Annotated[tuple[Scalar, ...] | None, AsTuple] = None
    contains_all: Annotated[tuple[Scalar, ...] | None, AsTuple] = None
    has_item: dict[str, Operators] | None = None
    before: DateText | None = None
    after: DateText | None = None
    within_last: Duration | None = None
    within_next: Duration | None = None
    older_than: Duration | None = None
    anniversary_within: Duration | None = None
    case_sensitive: bool = False
    accents: Literal["ignore"] | None = None
    in_zone: Literal["account", "contact"] = "account"


class CountOperators(DefinitionModel):
    """How often: whole numbers."""

    eq: int | None = None
    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None
    between: Annotated[tuple[int, int] | None, AsTuple] = None


class AmountOperators(DefinitionModel):
    """A sum or an average against numbers; `of` names the property of the events whose values are taken."""

    of: str
    eq: int | float | None = None
    gt: int | float | None = None
    gte: int | float | None = None
    lt: int | float | None = None
    lte: int | float | None = None
    between: Annotated[tuple[int | float, int | float] | None, AsTuple] = None


class DistinctOperators(CountOperators):
    """How many different values; `of` names a field of the events, as filters do."""

    of: str


class NumberOperators(DefinitionModel):
    """A score or points against numbers."""

    eq: float | None = None
    ne: float | None = None
    in_: Annotated[tuple[float, ...] | None, AsTuple] = Field(None, alias="in")
    not_in: Annotated[tuple[float, ...] | None, AsTuple] = None
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    between: Annotated[tuple[float, float] | None, AsTuple] = None


class ScoreOperators(NumberOperators):
    """The contact's own score, or a named one; `exists` says whether it was ever scored."""

    name: str | None = None
    exists: bool | None = None


class MomentOperators(DefinitionModel):
    """A single moment of a contact's past against dates and lengths of time."""

    before: DateText | None = None
    after: DateText | None = None
    within_last: Duration | None = None
    older_than: Duration | None = None
    in_zone: Literal["account", "contact"] = "account"


class DurationOperators(DefinitionModel):
    """A length of time against lengths of time."""

    gt: Duration | None = None
    gte: Duration | None = None
    lt: Duration | None = None
    lte: Duration | None = None
    between: Annotated[tuple[Duration, Duration] | None, AsTuple] = None


FieldOperators = Mapping[str, Operators]
"""Field of an event (`path`, `query.x`, `name`, any property) -> operators; all must hold for the same event."""


class Regular(DefinitionModel):
    """Happened, at least `times` times, in at least `at_least` of the last `of` periods of length `each`."""

    at_least: int = Field(ge=1)
    of: int = Field(ge=1, le=1000)
    each: Duration
    times: int = Field(1, ge=1)


class Window(DefinitionModel):
    """Fields that visit and activity leaves share: how often or how much, and when."""

    count: CountOperators | None = None
    sum: AmountOperators | None = None
    average: AmountOperators | None = None
    distinct: DistinctOperators | None = None
    never: Literal[True] | None = None
    within: Duration | None = None
    between_ago: Annotated[tuple[Duration, Duration] | None, AsTuple] = None
    since: DateText | None = None
    until: DateText | None = None
    first: Literal[True] | dict[str, Operators] | None = None
    last: dict[str, Operators] | None = None
    regular: Regular | None = None
    in_zone: Literal["account", "contact"] = "account"


class VisitLeaf(Window):
    visit: dict[str, Operators]


class ActivityLeaf(Window):
    activity: dict[str, Operators]


class Step(DefinitionModel):
    """One step of a sequence: either of the two."""

    visit: dict[str, Operators] | None = None
    activity: dict[str, Operators] | None = None


class SequenceLeaf(DefinitionModel):
    sequence: Annotated[tuple[Step, ...], AsTuple] = Field(min_length=2, max_length=20)
    within: Duration
    gap: Duration | None = None
    min_gap: Duration | None = None


class PropertyLeaf(Operators):
    property: Annotated[str | tuple[str, ...], AsTuple]
    held_for: Duration | None = None


class StatusLeaf(DefinitionModel):
    status: Operators


class TagsLeaf(DefinitionModel):
    tags: Operators
    held_for: Duration | None = None


class ScoreLeaf(DefinitionModel):
    score: ScoreOperators


class CreatedLeaf(DefinitionModel):
    """When the contact began, as a datetime."""

    created: Operators


class LastVisitLeaf(DefinitionModel):
    last_visit: MomentOperators


class FirstVisitLeaf(DefinitionModel):
    first_visit: MomentOperators


class LastActivityLeaf(DefinitionModel):
    last_activity: MomentOperators


class InactiveLeaf(DefinitionModel):
    inactive_for: Duration


class SegmentLeaf(DefinitionModel):
    segment: Slug


class LeadTest(DefinitionModel):
    """The contact's lead in a campaign."""

    campaign: Slug
    status: Operators | None = None
    points: NumberOperators | None = None


class LeadLeaf(DefinitionModel):
    lead: LeadTest


class PointsLeaf(DefinitionModel):
    """Automation rules only: the points of the lead at hand."""

    points: NumberOperators


class LeadStatusLeaf(DefinitionModel):
    """Automation rules only: the status of the lead at hand."""

    lead_status: Operators


class LeadAgeLeaf(DefinitionModel):
    """Automation rules only: how long the lead at hand has existed."""

    lead_age: DurationOperators


class AllOf(DefinitionModel):
    all: Annotated[tuple[Condition, ...], AsTuple]


class AnyOf(DefinitionModel):
    any: Annotated[tuple[Condition, ...], AsTuple]


class NotOf(DefinitionModel):
    not_: Condition = Field(alias="not")


SUBJECTS: Mapping[str, type[DefinitionModel]] = {
    "all": AllOf,
    "any": AnyOf,
    "not": NotOf,
    "property": PropertyLeaf,
    "status": StatusLeaf,
    "tags": TagsLeaf,
    "score": ScoreLeaf,
    "created": CreatedLeaf,
    "visit": VisitLeaf,
    "activity": ActivityLeaf,
    "sequence": SequenceLeaf,
    "last_visit": LastVisitLeaf,
    "first_visit": FirstVisitLeaf,
    "last_activity": LastActivityLeaf,
    "inactive_for": InactiveLeaf,
    "segment": SegmentLeaf,
    "lead": LeadLeaf,
    "points": PointsLeaf,
    "lead_status": LeadStatusLeaf,
    "lead_age": LeadAgeLeaf,
}
"""Subject key -> the model of the nodes with this key. A node has exactly one subject key."""


def subject_of(node: Any) -> str | None:
    """Returns the subject key of a condition, as written or as a model; None when it has none or more than one."""
    if isinstance(node, DefinitionModel):
        return next((key for key, model in SUBJECTS.items() if type(node) is model), None)
    if not isinstance(node, Mapping):
        return None
    subjects = [key for key in node if key in SUBJECTS]
    return subjects[0] if len(subjects) == 1 else None


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NotOf, Tag("not")]
    | Annotated[PropertyLeaf, Tag("property")]
    | Annotated[StatusLeaf, Tag("status")]
    | Annotated[TagsLeaf, Tag("tags")]
    | Annotated[ScoreLeaf, Tag("score")]
    | Annotated[CreatedLeaf, Tag("created")]
    | Annotated[VisitLeaf, Tag("visit")]
    | Annotated[ActivityLeaf, Tag("activity")]
    | Annotated[SequenceLeaf, Tag("sequence")]
    | Annotated[LastVisitLeaf, Tag("last_visit")]
    | Annotated[FirstVisitLeaf, Tag("first_visit")]
    | Annotated[LastActivityLeaf, Tag("last_activity")]
    | Annotated[InactiveLeaf, Tag("inactive_for")]
    | Annotated[SegmentLeaf, Tag("segment")]
    | Annotated[LeadLeaf, Tag("lead")]
    | Annotated[PointsLeaf, Tag("points")]
    | Annotated[LeadStatusLeaf, Tag("lead_status")]
    | Annotated[LeadAgeLeaf, Tag("lead_age")],
    Discriminator(subject_of),
]
"""A node of the tree; its subject key selects the model."""
