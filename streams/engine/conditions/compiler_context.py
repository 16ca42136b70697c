"""The context in which leaves are compiled; it collects what the compiled condition depends on."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from schemas.definitions import PropertyType
from schemas.time_zones import find_zone
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.held_for import PropertyHeldState
from streams.engine.conditions.protocols import ActivityCounter, CompileScope


class CompilerContext:
    """The account's zone and property types, and the dependencies that leaves register while they are compiled.

    Raises ConditionRefused when the account's time zone does not exist.
    """

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
        """Returns the declared type of a property; None where it has none and its JSON value decides."""
        return self.scope.property_types.get(name)

    def zone_rule(self, in_zone: str) -> ZoneRule:
        """Returns the zone rule of a leaf; a leaf in the contact's zone also depends on the property `time_zone`."""
        uses_contact_zone = in_zone == "contact"
        if uses_contact_zone:
            self.properties.add("time_zone")
        return ZoneRule(self.zone, uses_contact_zone=uses_contact_zone)
