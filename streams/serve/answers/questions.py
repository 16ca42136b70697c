"""What searches and plans take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import Slug
from schemas.views.base import ViewModel
from streams.serve.answers.plans import PlanDetails

MAX_CONDITION = 100_000
MAX_DRAFT = 8_000_000
MAX_SAMPLE = 100


class SearchQuestion(BaseModel):
    """A condition, words, or both."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: Slug = DEFAULT_ACCOUNT
    condition: Annotated[
        str | None, Field(min_length=1, max_length=MAX_CONDITION, examples=["{property: country, eq: DE}"])
    ] = None
    """In YAML or JSON, as in definitions."""
    text: Annotated[str | None, Field(min_length=1, max_length=1_000, examples=["acme*"])] = None
    """Words in text properties; `*` and `?` inside."""
    sample: Annotated[int, Field(ge=0, le=MAX_SAMPLE)] = 10
    """How many of those found to show."""
    partial: bool = False
    """Only the contacts of one partition, for a quick estimate."""


class SearchAnswer(ViewModel):
    """How many there are, and some of them."""

    account: Slug
    release: int
    """The release under which the condition was evaluated."""
    scanned: int
    journal_scanned: bool
    """Whether the condition asks for activity that is not counted yet, so that the journal was read."""
    count: int
    """Hits among the contacts that were scanned."""
    estimate: int
    """Hits among all contacts: `count`, or an estimate from it where the search was partial."""
    partial: bool
    """Whether only a part of the contacts was scanned."""
    by_status: dict[str, int]
    sample: list[dict[str, Any]]
    warnings: list[str]


class DraftDefinitions(BaseModel):
    """Definitions that are not applied."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(min_length=1, max_length=MAX_DRAFT, examples=["segments:\n- {id: vip}\n"])]
    """YAML or JSON; it names its account where that is not `default`."""
    quick: bool = False
    """Only the differences: nothing is scanned."""


class PlannedAccount(ViewModel):
    """What applying a draft would change for one account."""

    account: Slug
    based_on: int
    """The release that the draft was compared with; 0 where there is none."""
    lines: list[str]
    """For people, as `leadstream definitions plan` writes them."""
    plan: PlanDetails
    """For programs, as `leadstream definitions plan --json` writes it."""


class DraftPlan(ViewModel):
    """What applying a draft would change; nothing was written."""

    accounts: list[PlannedAccount]
