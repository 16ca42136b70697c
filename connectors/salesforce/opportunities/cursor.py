"""Where a poll stands: what it keeps, and up to when it has asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.merged_leads import MergedLeads
from connectors.salesforce.opportunities.org_opportunity import MergedContacts, OrgOpportunity

WHOLE_EVERY = timedelta(days=1)
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000
"""2000 and 2100: a version before is no time, and one after it somebody has typed."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The state of the poll between two calls; times are the org's."""

    states: Mapping[str, OrgOpportunity]
    """Id -> an opportunity that is ours or ever was."""
    until: datetime | None = None
    """When the last poll began to ask."""
    version: int = 0
    """The last running version that an event got."""
    rules: AttributionRules | None = None
    """By what the states were attributed."""
    whole_at: datetime | None = None
    """When everything of ours was last read."""
    leads_until: datetime | None = None
    """When Leads were last asked for, and contact roles."""
    polls_without_leads: int = 0
    busy_polls: int = 0
    """So many further polls ask for ours alone, because the org changes much."""
    merged: MergedLeads = field(default_factory=lambda: MappingProxyType({}))
    """Leads of ours whose survivors have no key and are not converted yet."""
    merged_contacts: MergedContacts = field(default_factory=lambda: MappingProxyType({}))
    """Contacts of ours that were merged, as the last look that asked for them found."""
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Id -> stamp of the opportunities that the last poll saw and that are not ours."""

    @property
    def is_old(self) -> bool:
        """Whether everything of ours has to be read again."""
        return self.whole_at is not None and self.until is not None and self.until - self.whole_at >= WHOLE_EVERY

    @classmethod
    def empty(cls) -> Cursor:
        """Returns the cursor before the first poll, which reads all that is ours."""
        return cls(MappingProxyType({}))

    @classmethod
    def from_states(cls, states: Mapping[str, OrgOpportunity], version: int) -> Cursor:
        """Returns the cursor after events that left these states, by id; `version` is the highest one.

        That of a poll's last event is the org's time (ms) when the poll began, which saw all changes before. Without
        such a version no poll was written whole, and the next one is the first.
        """
        until = None
        if version >= _EARLIEST_MS:
            until = datetime.fromtimestamp(min(version, _LATEST_MS) / 1000, UTC)
        return cls(MappingProxyType(dict(states)), until, version)
