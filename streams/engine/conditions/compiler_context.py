"""What leaves are compiled within, and what they tell about themselves on the way."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from schemas.definitions import PropertyType
from schemas.time_zones import find_zone
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.held_for import PropertyHeldState
from streams.engine.conditions.protocols import ActivityCounter, CompileScope


class CompilerContext:
    """Collects what the compiled condition looks at."""

    def __init__(self, scope: CompileScope) -> None:
        zone = find_zone(scope.time_zone)
        if zone is None:
            raise ConditionRefused(f"{scope.time_zone!r} is no time zone; write one such as Europe/Berlin")
        self.zone: ZoneInfo = zone
        self.scope = scope
        self.counters: dict[str, ActivityCounter] = {}
        self.held_states: dict[str, PropertyHeldState] = {}
        self.properties: set[str] = set()
        self.segments: set[str] = set()
        self.campaigns: set[str] = set()
        self.uses_lead = False

    def property_type(self, name: str) -> PropertyType | None:
        """The declared type of a property; None where its JSON value says."""
        return self.scope.property_types.get(name)

    def zone_rule(self, in_zone: str) -> ZoneRule:
        """Whose zone a leaf means; a leaf in the contact's zone looks at that property, too."""
        of_contact = in_zone == "contact"
        if of_contact:
            self.properties.add("time_zone")
        return ZoneRule(self.zone, uses_contact_zone=of_contact)
