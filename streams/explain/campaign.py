"""Where a contact's lead in a campaign stands, and how it got there."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from schemas.definitions import AutomationRule, Campaign, Definitions, ScoringRule
from schemas.values import instant_text
from streams.engine.decisions.lead_table import TAKES
from streams.engine.releases.compiled import CompiledCampaign, compile_release
from streams.engine.state.contact import Lead
from streams.engine.state.points import points_number
from streams.explain.changes import history_of
from streams.explain.snapshot import Moment
from streams.explain.tree import Leaf, Tree, Watched, nodes_of, surroundings_of, tree_of
from streams.store.contact_view import Sight

_ENDED_BY = {
    "person": "a person or a rule removed it from the campaign",
    "cascade": "the contact was deleted",
    "leave": "the contact left the campaign's audience",
}


@dataclass(frozen=True, eq=False)
class LeadStatus:
    """The status of the lead; None where there is none."""

    campaign: str
    before: ClassVar[tuple[Hashable, ...]] = (None,)

    def look(self, sight: Sight) -> str | None:
        lead = sight.contact.leads.get(self.campaign)
        return None if lead is None else lead.status

    def due(self, sight: Sight) -> int | None:  # noqa: ARG002 - all that is watched is asked
        return None


@dataclass(frozen=True, eq=False)
class Rule:
    """A scoring or automation rule with its tree; `each` gives points for each matching event, and is never true."""

    rule: ScoringRule | AutomationRule
    tree: Tree
    each: bool


class CampaignSubject:
    """A campaign to be explained."""

    def __init__(self, campaign: Campaign, definitions: Definitions) -> None:
        self.id = campaign.id
        around = surroundings_of(definitions)
        self._campaign = campaign
        self._compiled: CompiledCampaign = compile_release(definitions, 1).campaign[campaign.id]
        self._status = LeadStatus(campaign.id)
        self._scoring = [self._rule(rule, tree_of(rule.when, around, campaign.id)) for rule in campaign.scoring]
        self._automation = [self._rule(rule, tree_of(rule.when, around, campaign.id)) for rule in campaign.automation]

    def watched(self) -> list[Watched]:
        """The lead's status and every node of every rule that can become true."""
        rules = [rule for rule in (*self._scoring, *self._automation) if not rule.each]
        return [self._status, *(node for rule in rules for node in nodes_of(rule.tree))]

    def explained(self, moment: Moment) -> dict[str, Any]:
        """For a machine; `reasons` are for people, too."""
        sight = moment.sight
        lead = sight.contact.leads.get(self.id)
        found: dict[str, Any] = {"campaign": self.id, "lead": None if lead is None else self._lead(lead)}
        found |= moment.times(self._status)
        found["reasons"] = self._reasons(sight, lead)
        found["audience"] = {name: name in sight.contact.members for name in self._campaign.audience}
        found["scoring"] = [self._scored(rule, lead, moment) for rule in self._scoring]
        found["automation"] = [self._automated(rule, moment) for rule in self._automation]
        if moment.from_journal:
            found["history"] = history = history_of(moment.outputs, "campaign", self.id)
            if lead is not None:
                found["lead"]["cause"] = next((each["cause"] for each in history[::-1] if "to" in each), None)
        return found

    def _rule(self, rule: ScoringRule | AutomationRule, tree: Tree) -> Rule:
        each = isinstance(rule, ScoringRule) and isinstance(tree, Leaf) and tree.compiled.happening
        return Rule(rule, tree, each)

    def _lead(self, lead: Lead) -> dict[str, Any]:
        described: dict[str, Any] = {
            "status": lead.status,
            "points": points_number(lead.points),
            "made": instant_text(lead.made),
            "changed": instant_text(lead.changed),
        }
        if lead.status == "deleted":
            described["ended_by"] = lead.ended_by
        if lead.crm:
            described["crm"] = lead.crm
        return described

    def _scored(self, rule: Rule, lead: Lead | None, moment: Moment) -> dict[str, Any]:
        scoring = rule.rule
        assert isinstance(scoring, ScoringRule)
        described: dict[str, Any] = {"id": scoring.id, "points": scoring.points}
        if scoring.at_most is not None:
            given = lead.awards.get(scoring.id, []) if lead is not None else []
            inside = [at for at in given if at > moment.sight.now - scoring.at_most.per]
            described["awards"] = [instant_text(at) for at in inside]
            described["at_most"] = scoring.at_most.times
        return described | self._condition(rule, moment)

    def _automated(self, rule: Rule, moment: Moment) -> dict[str, Any]:
        automation = rule.rule
        assert isinstance(automation, AutomationRule)
        then = automation.then.model_dump(mode="json", exclude_none=True)
        return {"id": automation.id, "then": then, **self._condition(rule, moment)}

    def _condition(self, rule: Rule, moment: Moment) -> dict[str, Any]:
        """A rule that scores each matching event has no truth of its own, only events that matched."""
        if not rule.each or not isinstance(rule.tree, Leaf):
            return {"condition": moment.described(rule.tree)}
        return {"each": rule.tree.written, **moment.events(rule.tree)}

    def _reasons(self, sight: Sight, lead: Lead | None) -> list[str]:
        contact, campaign = sight.contact, self._campaign
        reasons = []
        if not self._compiled.in_period(sight.now):
            over = self._compiled.ends is not None and sight.now >= self._compiled.ends
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
        elif lead.status not in TAKES:
            at = instant_text(lead.changed)
            reasons.append(f"the lead is {lead.status} since {at}: it takes no points and no automation")
        return reasons
