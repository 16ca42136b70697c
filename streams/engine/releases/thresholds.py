"""The points that conditions compare leads with: decay is due where it takes a lead's points across one of them."""

from __future__ import annotations

from schemas.conditions import LeadLeaf, NumberOperators, PointsLeaf
from schemas.definitions import Campaign, Definitions
from streams.engine.releases.conditions import campaign_rules, release_conditions
from streams.engine.state.points import to_millionths
from streams.engine.version import walk


def own_thresholds(campaign: Campaign) -> set[int]:
    """What the campaign's own rules compare the points of the lead at hand with, in millionths."""
    found: set[int] = set()
    for rule in campaign_rules(campaign):
        for node in walk(rule.when):
            if isinstance(node, PointsLeaf):
                found |= operand_millionths(node.points)
    return found


def lead_thresholds(definitions: Definitions, campaign: str) -> set[int]:
    """What any condition compares the points of that campaign's lead with, in millionths."""
    found: set[int] = set()
    for each in release_conditions(definitions):
        for node in walk(each.condition):
            if isinstance(node, LeadLeaf) and node.lead.campaign == campaign and node.lead.points is not None:
                found |= operand_millionths(node.lead.points)
    return found


def operand_millionths(operators: NumberOperators) -> set[int]:
    """The numbers that stand beside the operators, in millionths."""
    single = (operators.eq, operators.ne, operators.gt, operators.gte, operators.lt, operators.lte)
    listed = (*(operators.in_ or ()), *(operators.not_in or ()), *(operators.between or ()))
    return {to_millionths(number) for number in (*single, *listed) if number is not None}
