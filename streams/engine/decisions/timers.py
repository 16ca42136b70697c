"""The next instant at which time alone may change something of a contact."""

from __future__ import annotations

from collections.abc import Iterator

from streams.engine.decisions import held_for
from streams.engine.decisions.audiences import in_audience
from streams.engine.decisions.context import Turn
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.state.contact import Lead
from streams.engine.state.points import first_across


def next_due(turn: Turn) -> int | None:
    """The earliest one after the turn's instant; None when nothing is due any more."""
    candidates = (due for due in _candidates(turn) if due is not None and due > turn.now)
    return min(candidates, default=None)


def _candidates(turn: Turn) -> Iterator[int | None]:
    yield from held_for.dues(turn)
    yield from _of_segments(turn)
    for campaign in turn.release.campaigns:
        if campaign.starts is not None and _waits_for(turn, campaign):
            yield campaign.starts
        lead = turn.taking(campaign)
        if lead is not None:
            yield from _of_lead(turn, campaign, lead)


def _of_segments(turn: Turn) -> Iterator[int | None]:
    scene, status = turn.scene, turn.contact.status
    for place in turn.release.index.moving:
        segment = turn.release.segments[place]
        if segment.condition is not None and not segment.paused and status in segment.statuses:
            yield segment.condition.node.due(scene)


def _waits_for(turn: Turn, campaign: CompiledCampaign) -> bool:
    """Whether the campaign's start concerns the contact: it becomes a lead then, or is one."""
    return campaign.id in turn.contact.leads or in_audience(turn.contact, campaign)


def _of_lead(turn: Turn, campaign: CompiledCampaign, lead: Lead) -> Iterator[int | None]:
    half_life = campaign.definition.half_life
    if half_life is not None:
        points, since = turn.undecayed.get(campaign.id, (lead.points, lead.decayed))
        yield first_across(points, since, turn.now, half_life, campaign.thresholds)
    if not campaign.in_period(turn.now):
        return
    scene = turn.scene_of(lead)
    for scoring in campaign.scoring:
        if scoring.moves and scoring.happening is None:
            yield scoring.condition.node.due(scene)
    if not campaign.definition.paused:
        for rule in campaign.automation:
            if rule.moves:
                yield rule.condition.node.due(scene)
