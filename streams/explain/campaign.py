"""Explains the state of a contact's lead in a campaign, and what led to it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.definitions import AutomationRule, Campaign, Definitions, ScoringRule
from schemas.values import instant_text, points_from_millionths
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.releases.compile import compile_release
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.releases.conditions import build_compile_scope
from streams.engine.state.contact import Lead
from streams.explain.changes import recent_changes
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
    """The status of the lead; None where there is none."""

    campaign: str
    initial_values: ClassVar[tuple[Hashable, ...]] = (None,)

    def current_value(self, view: ContactView) -> str | None:
        lead = view.contact.leads.get(self.campaign)
        return None if lead is None else lead.status

    def due(self, view: ContactView) -> int | None:  # noqa: ARG002 - all that is watched is asked
        return None


@dataclass(frozen=True, eq=False)
class RuleTree:
    """A scoring or automation rule with its tree; `is_per_event` gives points for each matching event, and is never
    true.
    """

    rule: ScoringRule | AutomationRule
    tree: ConditionTree
    is_per_event: bool


class CampaignSubject:
    """A campaign to be explained."""

    def __init__(self, campaign: Campaign, definitions: Definitions) -> None:
        self.id = campaign.id
        scope = build_compile_scope(definitions)
        self._campaign = campaign
        self._compiled: CompiledCampaign = compile_release(definitions, 1).campaigns_by_id[campaign.id]
        self._tracked_status = TrackedLeadStatus(campaign.id)
        self._scoring = [
            self._build_rule(rule, build_tree(rule.when, scope, campaign.id)) for rule in campaign.scoring
        ]
        self._automation = [
            self._build_rule(rule, build_tree(rule.when, scope, campaign.id)) for rule in campaign.automation
        ]

    def tracked_values(self) -> list[TrackedValue]:
        """The lead's status and every node of every rule that can become true."""
        rules = [rule for rule in (*self._scoring, *self._automation) if not rule.is_per_event]
        return [self._tracked_status, *(node for rule in rules for node in tree_nodes(rule.tree))]

    def explain(self, snapshot: TimelineSnapshot) -> dict[str, Any]:
        """For a machine; `reasons` are for people, too."""
        sight = snapshot.view
        lead = sight.contact.leads.get(self.id)
        found: dict[str, Any] = {"campaign": self.id, "lead": None if lead is None else self._describe_lead(lead)}
        found |= snapshot.change_times(self._tracked_status)
        found["reasons"] = self._reasons(sight, lead)
        found["audience"] = {name: name in sight.contact.members for name in self._campaign.audience}
        found["scoring"] = [self._describe_scoring(rule, lead, snapshot) for rule in self._scoring]
        found["automation"] = [self._describe_automation(rule, snapshot) for rule in self._automation]
        if snapshot.from_journal:
            found["history"] = history = recent_changes(snapshot.outputs, "campaign", self.id)
            if lead is not None:
                found["lead"]["cause"] = next((each["cause"] for each in history[::-1] if "to" in each), None)
        return found

    def _build_rule(self, rule: ScoringRule | AutomationRule, tree: ConditionTree) -> RuleTree:
        each = isinstance(rule, ScoringRule) and isinstance(tree, ConditionLeaf) and tree.compiled.is_filter_only
        return RuleTree(rule, tree, each)

    def _describe_lead(self, lead: Lead) -> dict[str, Any]:
        described: dict[str, Any] = {
            "status": lead.status,
            "points": points_from_millionths(lead.points),
            "made": instant_text(lead.created),
            "changed": instant_text(lead.changed),
        }
        if lead.status == "deleted":
            described["ended_by"] = lead.ended_by
        if lead.crm:
            described["crm"] = lead.crm
        return described

    def _describe_scoring(self, rule: RuleTree, lead: Lead | None, snapshot: TimelineSnapshot) -> dict[str, Any]:
        scoring = rule.rule
        assert isinstance(scoring, ScoringRule)
        described: dict[str, Any] = {"id": scoring.id, "points": scoring.points}
        if scoring.at_most is not None:
            given = lead.awards.get(scoring.id, []) if lead is not None else []
            inside = [at for at in given if at > snapshot.view.now - scoring.at_most.per]
            described["awards"] = [instant_text(at) for at in inside]
            described["at_most"] = scoring.at_most.times
        return described | self._describe_condition(rule, snapshot)

    def _describe_automation(self, rule: RuleTree, snapshot: TimelineSnapshot) -> dict[str, Any]:
        automation = rule.rule
        assert isinstance(automation, AutomationRule)
        then = automation.then.model_dump(mode="json", exclude_none=True)
        return {"id": automation.id, "then": then, **self._describe_condition(rule, snapshot)}

    def _describe_condition(self, rule: RuleTree, snapshot: TimelineSnapshot) -> dict[str, Any]:
        """A rule that scores each matching event has no truth of its own, only events that matched."""
        if not rule.is_per_event or not isinstance(rule.tree, ConditionLeaf):
            return {"condition": snapshot.to_dict(rule.tree)}
        return {"each": rule.tree.definition, **snapshot.leaf_events(rule.tree)}

    def _reasons(self, view: ContactView, lead: Lead | None) -> list[str]:
        contact, campaign = view.contact, self._campaign
        reasons = []
        if not self._compiled.is_in_period(view.now):
            over = self._compiled.end is not None and view.now >= self._compiled.end
            reasons.append(
                f"the campaign {'is over' if over else 'has not started'}: no new leads, no points, no rules"
            )
        if campaign.paused:
            reasons.append("the campaign is paused: no new leads, and no automation")
        if contact.status != "active":
            reasons.append(f"the contact's status is {contact.status}: only active contacts become leads")
        if lead is None:
            inside = any(name in contact.members for name in campaign.audience)
            where = "in the audience" if inside else "in none of the audience segments"
            reasons.append(f"there is no lead; the contact is {where}")
        elif lead.status == "deleted":
            reasons.append(f"the lead is deleted: {_ENDED_BY.get(lead.ended_by, 'not known by what')}")
        elif lead.status not in OPEN_STATUSES:
            at = instant_text(lead.changed)
            reasons.append(f"the lead is {lead.status} since {at}: it takes no points and no automation")
        return reasons
