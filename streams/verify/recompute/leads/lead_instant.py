"""One instant at which a contact is settled, for one reason: a record, a release, or time alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.leads.decay import add_exactly, decay_points, round_points
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadRules
from streams.verify.recompute.leads.lead_state import LeadState, RecomputedLeadRow, RuleKey
from streams.verify.recompute.memberships import ConditionEvaluator
from streams.verify.recompute.model import HistoryActivity, ModelLead, PlainCondition


@dataclass
class LeadInstant:
    """What is known while the instant is settled, and what has become of leads in it."""

    contact: RecomputedContact
    rules: LeadRules
    now: int
    evaluate: ConditionEvaluator
    activity: HistoryActivity | None = None
    """The visit or activity that the record is."""
    token: str = ""
    """The campaign that the visit names."""
    fired_rules: set[tuple[str, RuleKey]] = field(default_factory=set)
    """Rules that fired: each at most once."""
    new_leads: set[str] = field(default_factory=set)
    audience_exits: set[str] = field(default_factory=set)
    """Campaigns whose lead was made, or judged to have left: each at most once."""
    previous_truths: dict[str, dict[RuleKey, bool]] = field(default_factory=dict)
    """Campaign -> what its rules came to before this instant."""
    rules_without_baseline: set[tuple[str, RuleKey]] = field(default_factory=set)
    """Rules of which the present truth is the one before."""
    changed_leads: set[str] = field(default_factory=set)
    """Campaigns whose lead is written anew."""

    @property
    def leads(self) -> dict[str, LeadState]:
        """Campaign -> lead."""
        return self.contact.leads

    def open_lead(self, campaign: str) -> LeadState | None:
        """The campaign's lead if it takes points and automation."""
        life = self.leads.get(campaign)
        return life if life is not None and life.is_open else None

    def refresh_model(self, current_campaign: str = "") -> None:
        """Shows the leads as they stand now to conditions; `current_campaign` is the campaign whose lead is at
        hand.
        """
        self.contact.model.current_campaign = current_campaign
        self.contact.model.leads = {
            campaign: ModelLead(life.created, life.status, life.points_at(self.now, self.rules.half_life(campaign)))
            for campaign, life in self.leads.items()
        }

    def becomes_true(self, campaign: LeadCampaign, lead: LeadState, key: RuleKey, when: PlainCondition) -> bool:
        """Whether a rule's condition is true and was not before this instant; each may fire once."""
        self.refresh_model(campaign.id)
        truth = self.evaluate(when, self.now)
        before = self.previous_truths.setdefault(campaign.id, dict(lead.truths))
        if (campaign.id, key) in self.rules_without_baseline:
            self.rules_without_baseline.discard((campaign.id, key))
            before[key] = truth
        lead.truths[key] = truth
        return truth and not before.get(key, False) and (campaign.id, key) not in self.fired_rules

    def create_lead(self, campaign: str) -> str | None:
        """A new lead, or one made anew that keeps what the CRM said; or why there can be none."""
        found = self.rules.campaigns_by_id[campaign]
        if self.contact.model.status != "active":
            return "contact_not_active"
        if not found.is_running(self.now):
            return "campaign_not_running"
        if campaign in self.new_leads:
            return "made_already"
        former = self.leads.get(campaign)
        status = "qualified" if found.definition.auto_qualify else "active"
        crm, row = (former.crm, former.row) if former else ({}, None)
        self.leads[campaign] = LeadState(self.now, self.now, self.now, status, crm=crm, row=row)
        self.previous_truths[campaign] = {}
        self.rules_without_baseline = {entry for entry in self.rules_without_baseline if entry[0] != campaign}
        self.new_leads.add(campaign)
        self.changed_leads.add(campaign)
        return None

    def set_status(self, campaign: str, status: str, ended_by: str = "") -> bool:
        """Takes a lead to a status; whether it had another one."""
        life = self.leads[campaign]
        if life.status == status:
            return False
        life.decay_to(self.now, self.rules.half_life(campaign))
        before, took = life.status, life.is_open
        life.status, life.changed = status, self.now
        life.ended_by = ended_by if status == "deleted" else ""
        if not life.is_open:
            life.points = round_points(life.points)
        elif not took:
            self._reopen_lead(campaign, life, from_deleted=before == "deleted")
        self.changed_leads.add(campaign)
        return True

    def add_points(self, campaign: str, amount: Decimal, at: int) -> bool:
        """Adds millionths, decayed from their own instant; whether the points are others then."""
        life, half_life = self.leads[campaign], self.rules.half_life(campaign)
        folded = decay_points(life.points, self.now - life.decayed_to, half_life)
        after = add_exactly(folded, decay_points(amount, self.now - at, half_life))
        is_other = round_points(after) != round_points(folded)
        if is_other or life.decayed_to == self.now:
            life.points = after
        if is_other:
            life.decayed_to = self.now
            self.changed_leads.add(campaign)
        return is_other

    def finish(self) -> None:
        """Rounds what was reckoned exactly, and writes the rows of the leads that something became of."""
        for campaign, life in self.leads.items():
            if life.decayed_to == self.now:
                life.points = round_points(life.points)
            if campaign in self.changed_leads:
                points = life.points_at(self.now, self.rules.half_life(campaign))
                life.row = RecomputedLeadRow(
                    self.now, life.status, points, life.created, life.changed, dict(life.crm)
                )

    def _reopen_lead(self, campaign: str, lead: LeadState, *, from_deleted: bool) -> None:
        """A lead that takes points again: what is true at present counts as true before."""
        lead.decayed_to = self.now
        if from_deleted:
            lead.points, lead.created, lead.awards = Decimal(0), self.now, {}
        lead.truths = {}
        self.previous_truths[campaign] = {}
        if campaign in self.rules.campaigns_by_id:
            self.rules_without_baseline |= {
                (campaign, key) for key in self.rules.campaigns_by_id[campaign].conditions()
            }
