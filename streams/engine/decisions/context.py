"""What a decision remembers while it settles one contact at one instant, and what it remembers of each lead."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from streams.engine.conditions.protocols import Activity, EvaluationContext
from streams.engine.decisions.backfill_leaves import NO_BACKFILL, BackfillLeaves
from streams.engine.decisions.hand_overs.consent import was_forbidden
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.decisions.output_builder import OutputBuilder
from streams.engine.decisions.outputs import OutputCause
from streams.engine.graph.contact_truths import ContactTruths
from streams.engine.graph.inputs import ChangeSet
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.releases.truths import truths_of
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import decay_points, round_points


class LeadContext(msgspec.Struct):
    """What is remembered of the lead in one campaign while its contact is settled. Rules are named by their keys."""

    campaign: str
    is_created: bool = False
    has_left_audience: bool = False
    """Whether the lead was created, or ended by leaving the audience: each at most once per record."""
    fired_rules: set[str] = msgspec.field(default_factory=set)
    """Each rule fires at most once per record."""
    previous_truths: dict[str, bool] | None = None
    """Rule -> truth before the record, None until a rule is looked at; an edge is a truth that was false there."""
    rules_without_baseline: set[str] = msgspec.field(default_factory=set)
    """Rules whose present truth becomes the baseline instead of an edge."""
    points_before_decay: tuple[int, int] | None = None
    """Where time alone is the cause: the points and the instant to go back to, since only records round points."""
    rounding_residue: Decimal | int = 0
    """What rounding took from points that decay, so that a record rounds once."""
    change_cause: OutputCause | None = None
    """The cause of the lead's last change; None while nothing changed."""
    has_new_status: bool = False
    """Whether the record gave it a status, perhaps several in turn."""
    status_before: str | None = None
    """Where it did: the status before the record, None for a lead that there was not."""

    def detect_edge(self, lead: Lead, key: str, truth: bool) -> bool:
        """Records a rule's present truth. Returns whether it became true and the rule may fire now."""
        if self.previous_truths is None:
            self.previous_truths = dict(lead.truths)
        if key in self.rules_without_baseline:
            self.rules_without_baseline.discard(key)
            self.previous_truths[key] = truth
        if truth:
            lead.truths[key] = True
        else:
            lead.truths.pop(key, None)
        return truth and not self.previous_truths.get(key, False) and key not in self.fired_rules

    def record_status_before(self, status: str | None) -> None:
        """Records the status before a step; that before the first one counts."""
        if not self.has_new_status:
            self.has_new_status, self.status_before = True, status

    def restart(self, rules_without_baseline: set[str]) -> None:
        """Forgets truths and residue: the lead begins from here, with the baseline of these rules still to be set."""
        self.previous_truths = {}
        self.rules_without_baseline = rules_without_baseline
        self.points_before_decay = None
        self.rounding_residue = 0


class DecisionContext(msgspec.Struct):
    """What is known and remembered while one contact is settled at `now`."""

    contact: Contact
    release: CompiledRelease
    now: int
    root_cause: OutputCause
    builder: OutputBuilder
    truths: ContactTruths
    evaluation_context: EvaluationContext
    """The contact as conditions outside of a campaign's rules see it."""
    changes: ChangeSet = msgspec.field(default_factory=ChangeSet)
    activity: Activity | None = None
    """The visit or activity that the record is."""
    campaign_token: str = ""
    """The campaign token of the visit that the record is."""
    backfill_leaves: BackfillLeaves = NO_BACKFILL
    """The leaves of a proposed release, tracked beside those of `release`."""
    concerns_all_campaigns: bool = True
    """Whether time, a release or the contact's status may have changed something about any campaign."""
    is_too_late: bool = False
    """Whether the record came later than `lateness`: `sequence`, `first` and `last` do not count it."""
    members_before: dict[str, int | None] = msgspec.field(default_factory=dict)
    """Segment that changed -> since when the contact was a member before the record, None where it was none."""
    time_changes: dict[str, bool] = msgspec.field(default_factory=dict)
    """Segment -> membership, where time alone changes it at the very instant of the record."""
    list_causes: dict[str, OutputCause] = msgspec.field(default_factory=dict)
    """Static segment -> the action that listed or unlisted the contact."""
    lead_contexts: dict[str, LeadContext] = msgspec.field(default_factory=dict)
    """Campaign -> what is remembered of its lead; only of leads that the decision touches."""
    changed_leads: list[LeadContext] = msgspec.field(default_factory=list)
    """The leads that changed, in the order of their first change."""
    contact_status_before: str = ""
    """The contact's status before the record, where `properties_before` is not None."""
    properties_before: dict[str, Any] | None = None
    """The properties before the record, where the release tells of changes of leads that were handed over."""
    was_forbidden: bool | None = None
    """Whether `do_not_sync` held before the record; None where it is not compared."""

    def evaluation_context_for(self, lead: Lead) -> EvaluationContext:
        """The contact as the rules of the lead's campaign see it."""
        return EvaluationContext(self.contact, self.now, lead, lead.points)

    def cause(self, kind: str, rule: str = "") -> OutputCause:
        """A cause that follows from the root cause."""
        root = self.root_cause
        return OutputCause(kind=kind, event=root.event, release=root.release, rule=rule, late=root.late)

    def open_lead(self, campaign: CompiledCampaign) -> Lead | None:
        """The lead in that campaign if it takes points and automation."""
        lead = self.contact.leads.get(campaign.id)
        return lead if lead is not None and lead.status in OPEN_STATUSES else None

    def campaigns_with_leads(self) -> Iterator[CompiledCampaign]:
        """The campaigns that the contact has a lead in, in the order of the release."""
        return self.release.campaign_index.with_leads(self.contact.leads)

    def lead_context(self, campaign: str) -> LeadContext:
        """What is remembered of the lead in that campaign, created when first needed."""
        context = self.lead_contexts.get(campaign)
        if context is None:
            context = self.lead_contexts[campaign] = LeadContext(campaign)
        return context

    def record_lead_change(self, lead_context: LeadContext, cause: OutputCause) -> None:
        """From here on the lead counts as changed, by this cause."""
        if lead_context.change_cause is None:
            self.changed_leads.append(lead_context)
        lead_context.change_cause = cause


def create_context(
    contact: Contact,
    release: CompiledRelease,
    now: int,
    root_cause: OutputCause,
    builder: OutputBuilder,
    *,
    truths: ContactTruths | None = None,
) -> DecisionContext:
    """A context with points decayed to now; `truths` are by default those under the release."""
    if truths is None:
        truths = truths_of(contact, release)
    context = DecisionContext(contact, release, now, root_cause, builder, truths, EvaluationContext(contact, now))
    # A new contact has no truths yet, and at a due instant a campaign may have started.
    context.concerns_all_campaigns = (
        root_cause.kind in ("clock", "definition") or contact.settled < 0 or contact.due == now
    )
    if release.mapping.tells_of_leads:
        # A patch makes new properties.
        context.contact_status_before, context.properties_before = contact.status, contact.properties
        context.was_forbidden = was_forbidden(contact, release, now)
    if release.campaigns:
        _apply_decay(context)
    return context


def _apply_decay(context: DecisionContext) -> None:
    """Rounds the points of leads that decay; where time alone is the cause, `settle` undoes that."""
    for campaign in context.campaigns_with_leads():
        half_life = campaign.definition.half_life
        lead = context.open_lead(campaign)
        if half_life is None or lead is None:
            continue
        lead_context = context.lead_context(campaign.id)
        if context.root_cause.kind == "clock":
            lead_context.points_before_decay = (lead.points, lead.decayed)
        exact = decay_points(lead.points, context.now - lead.decayed, half_life)
        lead.points, lead.decayed = round_points(exact), context.now
        context.changes.leads = True
        lead_context.rounding_residue = exact - lead.points
