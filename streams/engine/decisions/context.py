"""One contact settled at one instant for one reason: a record, a release, or time alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from streams.engine.conditions.protocols import Happening, Scene
from streams.engine.decisions.backfill_leaves import NOTHING, Following
from streams.engine.decisions.lead_table import TAKES
from streams.engine.decisions.output_builder import Drafts
from streams.engine.decisions.outputs import Cause
from streams.engine.releases.compiled import CompiledCampaign, CompiledRelease
from streams.engine.releases.inputs import Changes
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import decayed, rounded

CampaignAndKey = tuple[str, str]


@dataclass(slots=True)
class Turn:
    """What is known and remembered while one contact is settled at `now`."""

    contact: Contact
    release: CompiledRelease
    now: int
    root: Cause
    drafts: Drafts
    changes: Changes
    happening: Happening | None = None
    """The visit or activity that the record is."""
    token: str = ""
    """The campaign token of the visit that the record is."""
    following: Following = NOTHING
    """The leaves of a proposed release, followed beside those in force."""
    too_late: bool = False
    """Whether the record came later than `lateness`: `sequence`, `first` and `last` pass over it."""
    was: dict[str, int] = field(default_factory=dict)
    """Memberships before."""
    by_time: dict[str, bool] = field(default_factory=dict)
    """Segment -> membership, where time alone changes it at the very instant of the record."""
    listings: dict[str, Cause] = field(default_factory=dict)
    """Static segment -> the action that listed or unlisted the contact."""
    fired: set[CampaignAndKey] = field(default_factory=set)
    """Rules that fired: each at most once per record."""
    made: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """Campaigns whose lead was made, or left: each at most once per record."""
    bases: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Campaign -> rule key -> truth before; an edge is a truth that was false there."""
    rebase: set[CampaignAndKey] = field(default_factory=set)
    """Rules whose present truth becomes the base instead of an edge."""
    touched: dict[str, Cause] = field(default_factory=dict)
    """Campaigns whose lead changed, with the last cause."""
    undecayed: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where time alone is the reason: points and instant to go back to, since only records fold."""
    residues: dict[str, Decimal] = field(default_factory=dict)
    """What rounding took from decaying points, so that a record rounds once."""

    @property
    def scene(self) -> Scene:
        """The contact as conditions see it outside of a campaign's rules."""
        return Scene(self.contact, self.now)

    def scene_of(self, lead: Lead) -> Scene:
        """The contact with the lead at hand."""
        return Scene(self.contact, self.now, lead, lead.points)

    def cause(self, kind: str, rule: str = "") -> Cause:
        """What follows from the reason of this turn."""
        root = self.root
        return Cause(kind=kind, event=root.event, release=root.release, rule=rule, late=root.late)

    def taking(self, campaign: CompiledCampaign) -> Lead | None:
        """The lead in that campaign if it takes points and automation."""
        lead = self.contact.leads.get(campaign.id)
        return lead if lead is not None and lead.status in TAKES else None

    def is_edge(self, campaign: str, lead: Lead, key: str, truth: bool) -> bool:
        """Notes a rule's present truth, and says whether it became true and may fire now."""
        base = self.bases.get(campaign)
        if base is None:
            base = self.bases[campaign] = dict(lead.truths)
        if (campaign, key) in self.rebase:
            self.rebase.discard((campaign, key))
            base[key] = truth
        if truth:
            lead.truths[key] = True
        else:
            lead.truths.pop(key, None)
        return truth and not base.get(key, False) and (campaign, key) not in self.fired


def begin(contact: Contact, release: CompiledRelease, now: int, root: Cause, drafts: Drafts) -> Turn:
    """A turn with memberships remembered and points decayed to now."""
    everything = root.kind in ("clock", "definition") or contact.settled < 0
    turn = Turn(contact, release, now, root, drafts, Changes(everything), was=dict(contact.members))
    _decay(turn)
    return turn


def _decay(turn: Turn) -> None:
    """Rounds the points of leads that decay; where time alone is the reason, for the length of the turn only."""
    for campaign in turn.release.campaigns:
        half_life = campaign.definition.half_life
        lead = turn.taking(campaign)
        if half_life is None or lead is None:
            continue
        if turn.root.kind == "clock":
            turn.undecayed[campaign.id] = (lead.points, lead.decayed)
        exact = decayed(lead.points, turn.now - lead.decayed, half_life)
        lead.points, lead.decayed = rounded(exact), turn.now
        turn.changes.leads = True
        turn.residues[campaign.id] = exact - lead.points
