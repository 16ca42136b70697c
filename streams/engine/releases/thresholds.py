"""Collects the points that conditions compare leads with: a lead is due when decay takes it across one of them."""

from __future__ import annotations

from schemas.conditions import LeadLeaf, NumberOperators, PointsLeaf
from schemas.definitions import Campaign, Definitions
from schemas.values import to_millionths
from streams.engine.releases.conditions import campaign_rules, release_conditions
from streams.engine.version import walk


def own_thresholds(campaign: Campaign) -> set[int]:
    """The points (millionths) that the campaign's own rules compare their lead with."""
    thresholds: set[int] = set()
    for rule in campaign_rules(campaign):
        for node in walk(rule.when):
            if isinstance(node, PointsLeaf):
                thresholds |= operand_millionths(node.points)
    return thresholds


def lead_thresholds(definitions: Definitions, campaign: str) -> set[int]:
    """The points (millionths) that `lead` leaves of any condition compare that campaign's lead with."""
    thresholds: set[int] = set()
    for each in release_conditions(definitions):
        for node in walk(each.condition):
            if isinstance(node, LeadLeaf) and node.lead.campaign == campaign and node.lead.points is not None:
                thresholds |= operand_millionths(node.lead.points)
    return thresholds


def operand_millionths(operators: NumberOperators) -> set[int]:
    """The operands in millionths."""
    single = (operators.eq, operators.ne, operators.gt, operators.gte, operators.lt, operators.lte)
    multiple = (*(operators.in_ or ()), *(operators.not_in or ()), *(operators.between or ()))
    return {to_millionths(number) for number in (*single, *multiple) if number is not None}
