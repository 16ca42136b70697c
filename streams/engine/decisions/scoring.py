"""Scoring rules: points for each matching activity, or when a condition becomes true (SPEC section 3)."""

from __future__ import annotations

from streams.engine.decisions.context import Turn
from streams.engine.decisions.leads import add_points
from streams.engine.releases.compiled import CompiledCampaign, CompiledScoring
from streams.engine.state.contact import Lead


def award(turn: Turn) -> bool:
    """Gives what the rules of the campaigns in their period give now; whether any points changed."""
    changed = False
    for campaign in turn.release.campaigns:
        lead = turn.taking(campaign)
        if lead is None:
            continue
        if not campaign.in_period(turn.now):
            _take_bases(turn, campaign, lead)
            continue
        for rule in campaign.scoring:
            if _is_due(turn, campaign, rule, lead) and _within_cap(rule, lead, turn.now):
                changed |= _give(turn, campaign, rule, lead)
    return changed


def _take_bases(turn: Turn, campaign: CompiledCampaign, lead: Lead) -> None:
    """Outside of the period truths stand still, but for rules whose base is to be taken now."""
    for rule in campaign.scoring:
        if rule.happening is None and (campaign.id, rule.key) in turn.rebase:
            turn.is_edge(campaign.id, lead, rule.key, rule.condition.node.holds(turn.scene_of(lead)))


def _is_due(turn: Turn, campaign: CompiledCampaign, rule: CompiledScoring, lead: Lead) -> bool:
    if rule.happening is None:
        truth = rule.condition.node.holds(turn.scene_of(lead))
        return turn.is_edge(campaign.id, lead, rule.key, truth)
    if turn.happening is None or (campaign.id, rule.key) in turn.fired:
        return False
    # A late one counts where its `at` belongs: before the campaign had started it scored nothing.
    return campaign.in_period(turn.happening.at) and rule.happening.matches(turn.happening)


def _within_cap(rule: CompiledScoring, lead: Lead, now: int) -> bool:
    """Whether the rolling window (now - per, now] has room for another award."""
    cap = rule.rule.at_most
    if cap is None:
        return True
    given = [instant for instant in lead.awards.get(rule.id, []) if instant > now - cap.per]
    lead.awards[rule.id] = given
    return len(given) < cap.times


def _give(turn: Turn, campaign: CompiledCampaign, rule: CompiledScoring, lead: Lead) -> bool:
    turn.fired.add((campaign.id, rule.key))
    if rule.rule.at_most is not None:
        lead.awards[rule.id].append(turn.now)
    at = turn.happening.at if rule.happening is not None and turn.happening is not None else turn.now
    return add_points(turn, campaign.id, rule.points, at, turn.cause(turn.root.kind, rule.id))
