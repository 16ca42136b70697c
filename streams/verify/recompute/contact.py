"""A contact recomputed from the journal up to some offset."""

from __future__ import annotations

from dataclasses import dataclass, field

from streams.verify.recompute.contact_row import RecomputedContactRow
from streams.verify.recompute.leads.lead_state import LeadState, RecomputedHandOver, RecomputedNotice
from streams.verify.recompute.model import ContactModel, FixedMemberships
from streams.verify.recompute.releases import JournalRelease


@dataclass
class RecomputedContact:
    """A contact after its last record."""

    account: str
    id: str
    model: ContactModel
    clock: int
    release: JournalRelease | None = None
    fixed_memberships: FixedMemberships = field(default_factory=FixedMemberships)
    applied: list[tuple[str, int]] = field(default_factory=list)
    leads: dict[str, LeadState] = field(default_factory=dict)
    """Campaign -> lead."""
    notices: list[RecomputedNotice] = field(default_factory=list)
    """Everything that the topic `notifications` must hold of the contact, in its order."""
    hand_overs: list[RecomputedHandOver] = field(default_factory=list)
    """Everything that the topic `qualified-leads` must hold of the contact, in its order."""
    row: RecomputedContactRow | None = None
    """Its row of `contacts`; None while no release of its account has asked for one."""
    end: int = 0
    """The last instant (ms) that is computed: the contact's clock, or the last instant its last tick closed."""
