"""The context of validation: the account's plan, its properties, and what else it defines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.definitions import STANDARD_PROPERTIES, AccountPlan, PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.hints import suggestion

ConditionUse = Literal["segment", "scoring", "automation"]
"""Where a condition is used; only automation rules have a lead to evaluate it on."""


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What the conditions of one account may refer to."""

    plan: AccountPlan
    property_types: Mapping[str, PropertyType]
    """Declared and standard properties -> type."""
    segments: Mapping[str, bool]
    """Segment -> whether it is dynamic."""
    campaigns: frozenset[str]
    time_zone: str = "UTC"
    engine_version: EngineVersion = NEWEST_VERSION

    def segment_fault(self, name: str) -> str | None:
        """Returns what is wrong with a reference to a segment; None when the segment exists."""
        if name in self.segments:
            return None
        return f"no segment is called {name}{suggestion(name, self.segments)}"

    def campaign_fault(self, name: str) -> str | None:
        """Returns what is wrong with a reference to a campaign; None when the campaign exists."""
        if name in self.campaigns:
            return None
        return f"no campaign is called {name}{suggestion(name, self.campaigns)}"

    def is_custom(self, name: str) -> bool:
        """Whether a property is not a standard one."""
        return name not in STANDARD_PROPERTIES
