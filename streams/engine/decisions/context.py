"""One contact settled at one instant for one reason: a record, a release, or time alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from streams.engine.conditions.protocols import Activity, EvaluationContext
from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.output_builder import OutputBuilder
from streams.engine.decisions.outputs import OutputCause
from streams.engine.releases.compiled import CompiledCampaign, CompiledRelease
from streams.engine.releases.inputs import ChangeSet
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import decay_points, round_points

CampaignRule = tuple[str, str]


@dataclass(slots=True)
class DecisionContext:
    """What is known and remembered while one contact is settled at `now`."""

    contact: Contact
    release: CompiledRelease
    now: int
    root_cause: OutputCause
    builder: OutputBuilder
    changes: ChangeSet
    activity: Activity | None = None
    """The visit or activity that the record is."""
    campaign_token: str = ""
    """The campaign token of the visit that the record is."""
    backfill_leaves: BackfillLeaves = NO_BACKFILL
    """The leaves of a proposed release, followed beside those in force."""
    is_too_late: bool = False
    """Whether the record came later than `lateness`: `sequence`, `first` and `last` pass over it."""
    members_before: dict[str, int] = field(default_factory=dict)
    """Memberships before."""
    time_changes: dict[str, bool] = field(default_factory=dict)
    """Segment -> membership, where time alone changes it at the very instant of the record."""
    list_causes: dict[str, OutputCause] = field(default_factory=dict)
    """Static segment -> the action that listed or unlisted the contact."""
    fired_rules: set[CampaignRule] = field(default_factory=set)
    """Rules that fired: each at most once per record."""
    new_leads: set[str] = field(default_factory=set)
    audience_exits: set[str] = field(default_factory=set)
    """Campaigns whose lead was made, or left: each at most once per record."""
    previous_truths: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Campaign -> rule key -> truth before; an edge is a truth that was false there."""
    rules_without_baseline: set[CampaignRule] = field(default_factory=set)
    """Rules whose present truth becomes the base instead of an edge."""
    changed_leads: dict[str, OutputCause] = field(default_factory=dict)
    """Campaigns whose lead changed, with the last cause."""
    points_before_decay: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where time alone is the reason: points and instant to go back to, since only records fold."""
    rounding_residues: dict[str, Decimal] = field(default_factory=dict)
    """What rounding took from decaying points, so that a record rounds once."""

    @property
    def evaluation_context(self) -> EvaluationContext:
        """The contact as conditions see it outside of a campaign's rules."""
        return EvaluationContext(self.contact, self.now)

    def evaluation_context_for(self, lead: Lead) -> EvaluationContext:
        """The contact with the lead at hand."""
        return EvaluationContext(self.contact, self.now, lead, lead.points)

    def cause(self, kind: str, rule: str = "") -> OutputCause:
        """What follows from the reason of this turn."""
        root = self.root_cause
        return OutputCause(kind=kind, event=root.event, release=root.release, rule=rule, late=root.late)

    def open_lead(self, campaign: CompiledCampaign) -> Lead | None:
        """The lead in that campaign if it takes points and automation."""
        lead = self.contact.leads.get(campaign.id)
        return lead if lead is not None and lead.status in OPEN_STATUSES else None

    def detect_edge(self, campaign: str, lead: Lead, key: str, truth: bool) -> bool:
        """Notes a rule's present truth, and says whether it became true and may fire now."""
        base = self.previous_truths.get(campaign)
        if base is None:
            base = self.previous_truths[campaign] = dict(lead.truths)
        if (campaign, key) in self.rules_without_baseline:
            self.rules_without_baseline.discard((campaign, key))
            base[key] = truth
        if truth:
            lead.truths[key] = True
        else:
            lead.truths.pop(key, None)
        return truth and not base.get(key, False) and (campaign, key) not in self.fired_rules


def create_context(
    contact: Contact, release: CompiledRelease, now: int, root_cause: OutputCause, builder: OutputBuilder
) -> DecisionContext:
    """A turn with memberships remembered and points decayed to now."""
    everything = root_cause.kind in ("clock", "definition") or contact.settled < 0
    turn = DecisionContext(
        contact, release, now, root_cause, builder, ChangeSet(everything), members_before=dict(contact.members)
    )
    _apply_decay(turn)
    return turn


def _apply_decay(context: DecisionContext) -> None:
    """Rounds the points of leads that decay; where time alone is the reason, for the length of the turn only."""
    for campaign in context.release.campaigns:
        half_life = campaign.definition.half_life
        lead = context.open_lead(campaign)
        if half_life is None or lead is None:
            continue
        if context.root_cause.kind == "clock":
            context.points_before_decay[campaign.id] = (lead.points, lead.decayed)
        exact = decay_points(lead.points, context.now - lead.decayed, half_life)
        lead.points, lead.decayed = round_points(exact), context.now
        context.changes.leads = True
        context.rounding_residues[campaign.id] = exact - lead.points
