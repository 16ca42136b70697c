"""What a condition is checked within: the account's plan, its properties, and what else is defined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.definitions import STANDARD_PROPERTIES, AccountPlan, PropertyType
from streams.engine.validation.problem import suggestion

ConditionUse = Literal["segment", "scoring", "automation"]
"""Where a condition stands; the lead at hand is known in automation rules only."""


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """The surroundings of one account's conditions."""

    plan: AccountPlan
    property_types: Mapping[str, PropertyType]
    """Declared and standard properties."""
    segments: Mapping[str, bool]
    """Segment -> whether it is dynamic."""
    campaigns: frozenset[str]
    time_zone: str = "UTC"

    def segment_fault(self, name: str) -> str | None:
        """Why a reference to a segment leads nowhere; None when it is there."""
        if name in self.segments:
            return None
        return f"no segment is called {name}{suggestion(name, self.segments)}"

    def campaign_fault(self, name: str) -> str | None:
        """Why a reference to a campaign leads nowhere; None when it is there."""
        if name in self.campaigns:
            return None
        return f"no campaign is called {name}{suggestion(name, self.campaigns)}"

    def is_custom(self, name: str) -> bool:
        """Whether a property is not one of those that are always there."""
        return name not in STANDARD_PROPERTIES
