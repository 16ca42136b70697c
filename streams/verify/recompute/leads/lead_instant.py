"""One instant at which a contact is settled, for one reason: a record, a release, or time alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.leads.decay import add_exactly, decay_points, round_points
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadRules
from streams.verify.recompute.leads.lead_state import (
    LeadState,
    RecomputedHandOver,
    RecomputedLeadRow,
    RecomputedNotice,
    RuleKey,
)
from streams.verify.recompute.memberships import ConditionEvaluator
from streams.verify.recompute.model import HistoryActivity, ModelLead, PlainCondition

_NEWEST_RECORD_SINCE = 4
"""The engine version from which on the newest answer names the record, not the contact's first lead."""


def _newest_answer(crm: dict[str, Any]) -> tuple[list[int], int]:
    """The number and the retry of the newest answer that named the lead's record, perhaps one to an update."""
    update = crm.get("update", {})
    answers = [crm, update] if update.get("result") == "crm.linked" else [crm]
    return max((list(each.get("number", [])), each.get("retry", 0)) for each in answers)


@dataclass
class LeadInstant:
    """The state of one instant while it is settled: the contact, the rules, and what changed of its leads."""

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
    """Campaigns whose lead was created (`new_leads`), or whose audience the contact left; each at most once."""
    previous_truths: dict[str, dict[RuleKey, bool]] = field(default_factory=dict)
    """Campaign -> what its rules came to before this instant."""
    rules_without_baseline: set[tuple[str, RuleKey]] = field(default_factory=set)
    """Rules whose present truth also counts as the truth before this instant."""
    changed_leads: set[str] = field(default_factory=set)
    """Campaigns whose lead gets a new row."""
    contact_before: tuple[str, dict[str, Any]] | None = None
    """The contact's status and properties before the record; None where no record may change them."""
    was_forbidden: bool | None = None
    """Whether `do_not_sync` held before what happens; None where it is not compared."""
    statuses_before: dict[str, str | None] = field(default_factory=dict)
    """Campaign whose lead got a status -> its status before; None for a lead that there was not."""
    hand_overs: list[RecomputedHandOver] = field(default_factory=list)
    """The leads that became qualified, step by step."""

    @property
    def leads(self) -> dict[str, LeadState]:
        """Campaign -> lead."""
        return self.contact.leads

    def open_lead(self, campaign: str) -> LeadState | None:
        """The campaign's lead if it takes points and automation."""
        lead = self.leads.get(campaign)
        return lead if lead is not None and lead.is_open else None

    def refresh_model(self, current_campaign: str = "") -> None:
        """Copies the leads as of now into the model, for conditions; `current_campaign` is the campaign in work."""
        self.contact.model.current_campaign = current_campaign
        self.contact.model.leads = {
            campaign: ModelLead(lead.created, lead.status, lead.points_at(self.now, self.rules.half_life(campaign)))
            for campaign, lead in self.leads.items()
        }

    def becomes_true(self, campaign: LeadCampaign, lead: LeadState, key: RuleKey, when: PlainCondition) -> bool:
        """Whether a rule's condition is true and was not before this instant; each may fire once."""
        self.refresh_model(campaign.id)
        truth = self.evaluate(when, self.now)
        former_truths = self.previous_truths.setdefault(campaign.id, dict(lead.truths))
        if (campaign.id, key) in self.rules_without_baseline:
            self.rules_without_baseline.discard((campaign.id, key))
            former_truths[key] = truth
        lead.truths[key] = truth
        return truth and not former_truths.get(key, False) and (campaign.id, key) not in self.fired_rules

    def create_lead(self, campaign: str) -> str | None:
        """Creates a lead, or a new one that keeps the CRM's results; returns why it cannot, or None."""
        campaign_rules = self.rules.campaigns_by_id[campaign]
        if self.contact.model.status != "active":
            return "contact_not_active"
        if not campaign_rules.is_running(self.now):
            return "campaign_not_running"
        if campaign in self.new_leads:
            return "made_already"
        previous = self.leads.get(campaign)
        status = "qualified" if campaign_rules.definition.auto_qualify else "active"
        crm, row = (previous.crm, previous.row) if previous else ({}, None)
        self.leads[campaign] = LeadState(self.now, self.now, self.now, status, crm=crm, row=row)
        self.previous_truths[campaign] = {}
        self.rules_without_baseline = {entry for entry in self.rules_without_baseline if entry[0] != campaign}
        self.new_leads.add(campaign)
        self._record_status(campaign, previous.status if previous else None)
        return None

    def set_status(self, campaign: str, status: str, ended_by: str = "") -> bool:
        """Sets a lead's status; returns whether it changed."""
        lead = self.leads[campaign]
        if lead.status == status:
            return False
        lead.decay_to(self.now, self.rules.half_life(campaign))
        previous_status, took = lead.status, lead.is_open
        lead.status, lead.changed = status, self.now
        lead.ended_by = ended_by if status == "deleted" else ""
        if not lead.is_open:
            lead.points = round_points(lead.points)
        elif not took:
            self._reopen_lead(campaign, lead, from_deleted=previous_status == "deleted")
        self._record_status(campaign, previous_status)
        return True

    def add_points(self, campaign: str, amount: Decimal, at: int) -> bool:
        """Adds millionths, decayed from the instant `at` (ms); returns whether the rounded points changed."""
        late_amount = decay_points(amount, self.now - at, self.rules.half_life(campaign))
        return self._change_points(campaign, lambda points: add_exactly(points, late_amount))

    def set_points(self, campaign: str, points: Decimal) -> bool:
        """Sets the points to a number of millionths; returns whether the rounded points changed."""
        return self._change_points(campaign, lambda _: points, is_set=True)

    def clamp_points(self, campaign: str) -> bool:
        """Cuts the points to the campaign's bounds; returns whether the rounded points changed."""
        return self._change_points(campaign, lambda points: points)

    def notify(self, campaign: str, rule_id: str, name: str) -> None:
        """Records that a notice is due; it shows the lead as it is now."""
        lead = self.leads[campaign]
        points = lead.points_at(self.now, self.rules.half_life(campaign))
        notice = RecomputedNotice(self.now, campaign, rule_id, name, lead.status, points, lead.created)
        self.contact.notices.append(notice)

    def describe_lead(self, campaign: str) -> RecomputedHandOver:
        """The lead and the contact as a hand-over at this step shows them."""
        lead, model = self.leads[campaign], self.contact.model
        return RecomputedHandOver(
            at=self.now,
            campaign=campaign,
            status=lead.status,
            points=lead.points_at(self.now, self.rules.half_life(campaign)),
            created=lead.created,
            record=self._crm_record(),
            snapshot={
                "status": model.status,
                "properties": model.properties,
                "score": model.score,
                "scores": dict(model.scores),
            },
        )

    def _record_status(self, campaign: str, previous_status: str | None) -> None:
        """Records a step of the lead's status; one to `qualified` is a hand-over."""
        self.changed_leads.add(campaign)
        self.statuses_before.setdefault(campaign, previous_status)
        if self.leads[campaign].status == "qualified" and campaign in self.rules.campaigns_by_id:
            self.hand_overs.append(self.describe_lead(campaign))

    def _crm_record(self) -> str | None:
        """The record that the last answered hand-over names; before version 4 that of the first lead with one."""
        results = [lead.crm for lead in self.leads.values() if lead.crm.get("record")]
        if self.rules.engine_version >= _NEWEST_RECORD_SINCE:
            # A sort is stable: without a number the first lead counts, as among equal ones.
            results.sort(key=_newest_answer, reverse=True)
        return str(results[0]["record"]) if results else None

    def _change_points(self, campaign: str, change: Callable[[Decimal], Decimal], *, is_set: bool = False) -> bool:
        """Changes the points as decayed to now, within the campaign's bounds; whether the rounded ones changed.

        Points that are set (`is_set`) or cut are exact from now on, also where the rounded ones stay the same.
        """
        lead, half_life = self.leads[campaign], self.rules.half_life(campaign)
        folded = decay_points(lead.points, self.now - lead.decayed_to, half_life)
        changed = change(folded)
        after = self.rules.within_bounds(campaign, changed)
        is_other = round_points(after) != round_points(folded)
        if is_other or is_set or after != changed or lead.decayed_to == self.now:
            lead.points, lead.decayed_to = after, self.now
        if is_other:
            self.changed_leads.add(campaign)
        return is_other

    def finish(self) -> None:
        """Rounds the exact points, and writes the rows of the leads that changed."""
        for campaign, lead in self.leads.items():
            if lead.decayed_to == self.now:
                lead.points = round_points(lead.points)
            if campaign in self.changed_leads:
                points = lead.points_at(self.now, self.rules.half_life(campaign))
                lead.row = RecomputedLeadRow(
                    self.now, lead.status, points, lead.created, lead.changed, dict(lead.crm)
                )

    def _reopen_lead(self, campaign: str, lead: LeadState, *, from_deleted: bool) -> None:
        """Lets a lead take points again; what is true now counts as true before.

        Bounds that a release brought while the lead took no points hold of it from here on.
        """
        lead.decayed_to, lead.points = self.now, self.rules.within_bounds(campaign, lead.points)
        if from_deleted:
            lead.points, lead.created, lead.awards = Decimal(0), self.now, {}
        lead.truths = {}
        self.previous_truths[campaign] = {}
        if campaign in self.rules.campaigns_by_id:
            self.rules_without_baseline |= {
                (campaign, key) for key in self.rules.campaigns_by_id[campaign].conditions()
            }
