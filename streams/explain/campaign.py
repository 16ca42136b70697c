"""Explains the state of a contact's lead in a campaign, and what led to it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.definitions import AutomationRule, Campaign, Definitions, ScoringRule
from schemas.values import instant_text, points_from_millionths
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled_campaigns import AutomationAction, CompiledCampaign
from streams.engine.releases.conditions import build_compile_scope
from streams.engine.state.contact import Lead
from streams.explain.changes import recent_changes
from streams.explain.crm_answer import crm_reasons, decision_text
from streams.explain.snapshot import TimelineSnapshot
from streams.explain.tree import (
    ConditionLeaf,
    ConditionTree,
    TrackedValue,
    build_tree,
    tree_nodes,
)
from streams.store.contact_view import ContactView

_ENDED_BY = {
    "person": "a person or a rule removed it from the campaign",
    "cascade": "the contact was deleted",
    "leave": "the contact left the campaign's audience",
}


@dataclass(frozen=True, eq=False)
class TrackedLeadStatus:
    """Tracks the status of the lead; None where there is no lead."""

    campaign: str
    initial_values: ClassVar[tuple[Hashable, ...]] = (None,)

    def current_value(self, view: ContactView) -> str | None:
        lead = view.contact.leads.get(self.campaign)
        return None if lead is None else lead.status

    def due(self, view: ContactView) -> int | None:  # noqa: ARG002 - the protocol passes it to every tracked value
        return None


@dataclass(frozen=True, eq=False)
class RuleTree:
    """A scoring or automation rule with its tree; `is_per_event`: it scores each matching event and has no truth."""

    rule: ScoringRule | AutomationRule
    tree: ConditionTree
    is_per_event: bool


class CampaignSubject:
    """Explains the lead of a contact in a campaign."""

    def __init__(self, campaign: Campaign, definitions: Definitions) -> None:
        self.id = campaign.id
        scope = build_compile_scope(definitions)
        self._campaign = campaign
        self._compiled: CompiledCampaign = compile_release(definitions, 1).campaigns_by_id[campaign.id]
        self._actions: dict[str, tuple[AutomationAction, ...]] = {
            rule.id: rule.actions for rule in self._compiled.automation
        }
        self._tracked_status = TrackedLeadStatus(campaign.id)
        self._scoring = [
            self._build_rule(rule, build_tree(rule.when, scope, campaign.id)) for rule in campaign.scoring
        ]
        self._automation = [
            self._build_rule(rule, build_tree(rule.when, scope, campaign.id)) for rule in campaign.automation
        ]

    def tracked_values(self) -> list[TrackedValue]:
        """Returns the lead's status and every node of every rule that can become true."""
        rules = [rule for rule in (*self._scoring, *self._automation) if not rule.is_per_event]
        return [self._tracked_status, *(node for rule in rules for node in tree_nodes(rule.tree))]

    def explain(self, snapshot: TimelineSnapshot) -> dict[str, Any]:
        """Returns the explanation as JSON; `reasons` are texts for people."""
        view = snapshot.view
        lead = view.contact.leads.get(self.id)
        answer: dict[str, Any] = {"campaign": self.id, "lead": None if lead is None else self._describe_lead(lead)}
        if self._compiled.points_between is not None:
            answer["points_between"] = [points_from_millionths(bound) for bound in self._compiled.points_between]
        answer |= snapshot.change_times(self._tracked_status)
        answer["reasons"] = self._reasons(view, lead)
        answer["audience"] = {name: name in view.contact.members for name in self._campaign.audience}
        answer["scoring"] = [self._describe_scoring(rule, lead, snapshot) for rule in self._scoring]
        answer["automation"] = [self._describe_automation(rule, snapshot) for rule in self._automation]
        if snapshot.from_journal:
            answer["history"] = history = recent_changes(snapshot.outputs, "campaign", self.id)
            if lead is not None:
                last = next((each for each in history[::-1] if "to" in each), None)
                answer["lead"]["cause"] = None if last is None else last["cause"]
                decision = None if last is None else decision_text(last)
                answer["reasons"] += [decision] if decision is not None else []
        if lead is not None:
            answer["reasons"] += crm_reasons(lead.crm)
        return answer

    def _build_rule(self, rule: ScoringRule | AutomationRule, tree: ConditionTree) -> RuleTree:
        is_filter = isinstance(tree, ConditionLeaf) and tree.compiled.is_filter_only
        return RuleTree(rule, tree, is_filter and isinstance(rule, ScoringRule))

    def _describe_lead(self, lead: Lead) -> dict[str, Any]:
        description: dict[str, Any] = {
            "status": lead.status,
            "points": points_from_millionths(lead.points),
            "made": instant_text(lead.created),
            "changed": instant_text(lead.changed),
        }
        if lead.status == "deleted":
            description["ended_by"] = lead.ended_by
        if lead.crm:
            description["crm"] = lead.crm
        return description

    def _describe_scoring(self, rule: RuleTree, lead: Lead | None, snapshot: TimelineSnapshot) -> dict[str, Any]:
        scoring = rule.rule
        assert isinstance(scoring, ScoringRule)
        description: dict[str, Any] = {"id": scoring.id, "points": scoring.points}
        if scoring.at_most is not None:
            awards = lead.awards.get(scoring.id, []) if lead is not None else []
            in_window = [at for at in awards if at > snapshot.view.now - scoring.at_most.per]
            description["awards"] = [instant_text(at) for at in in_window]
            description["at_most"] = scoring.at_most.times
        return description | self._describe_condition(rule, snapshot)

    def _describe_automation(self, rule: RuleTree, snapshot: TimelineSnapshot) -> dict[str, Any]:
        automation = rule.rule
        assert isinstance(automation, AutomationRule)
        stated = automation.then.model_dump(mode="json", exclude_none=True)
        then = {action: stated[action] for action in self._actions[automation.id]}  # in the order they are done
        return {"id": automation.id, "then": then, **self._describe_condition(rule, snapshot)}

    def _describe_condition(self, rule: RuleTree, snapshot: TimelineSnapshot) -> dict[str, Any]:
        """Describes the rule's condition; a rule that scores each event has no truth, only events."""
        if not rule.is_per_event or not isinstance(rule.tree, ConditionLeaf):
            return {"condition": snapshot.to_dict(rule.tree)}
        return {"each": rule.tree.definition, **snapshot.leaf_events(rule.tree)}

    def _reasons(self, view: ContactView, lead: Lead | None) -> list[str]:
        contact, campaign = view.contact, self._campaign
        reasons = []
        if not self._compiled.is_in_period(view.now):
            is_over = self._compiled.end is not None and view.now >= self._compiled.end
            reasons.append(
                f"the campaign {'is over' if is_over else 'has not started'}: no new leads, no points, no rules"
            )
        if campaign.paused:
            reasons.append("the campaign is paused: no new leads, and no automation")
        if contact.status != "active":
            reasons.append(f"the contact's status is {contact.status}: only active contacts become leads")
        if lead is None:
            is_in_audience = any(name in contact.members for name in campaign.audience)
            where = "in the audience" if is_in_audience else "in none of the audience segments"
            reasons.append(f"there is no lead; the contact is {where}")
        elif lead.status == "deleted":
            reasons.append(f"the lead is deleted: {_ENDED_BY.get(lead.ended_by, 'not known by what')}")
        elif lead.status not in OPEN_STATUSES:
            at = instant_text(lead.changed)
            reasons.append(f"the lead is {lead.status} since {at}: it takes no points and no automation")
        return reasons
