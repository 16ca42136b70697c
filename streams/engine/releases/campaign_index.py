"""Finds the campaigns that a record of a contact may concern, in the order of the release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from streams.engine.releases.compiled_campaigns import CompiledCampaign


class CampaignIndex:
    """Built once per release from its campaigns."""

    __slots__ = ("_by_audience", "_campaigns", "_position_by_id", "starting")

    def __init__(self, campaigns: Sequence[CompiledCampaign] = ()) -> None:
        self._campaigns = campaigns
        self._position_by_id = {campaign.id: position for position, campaign in enumerate(campaigns)}
        by_audience: dict[str, list[int]] = defaultdict(list)
        for position, campaign in enumerate(campaigns):
            for segment in campaign.definition.audience:
                by_audience[segment].append(position)
        self._by_audience: Mapping[str, Sequence[int]] = by_audience
        self.starting = tuple(campaign for campaign in campaigns if campaign.start is not None)
        """The campaigns that start at an instant."""

    def with_leads(self, leads: Collection[str]) -> Iterator[CompiledCampaign]:
        """The campaigns of a contact's leads; a lead that is made meanwhile counts if its campaign is yet to come."""
        last, count = -1, -1
        waiting: list[int] = []
        while True:
            if count != len(leads):
                count = len(leads)
                waiting = sorted(self._positions(leads), reverse=True)
            while waiting and waiting[-1] <= last:
                waiting.pop()
            if not waiting:
                return
            last = waiting.pop()
            yield self._campaigns[last]

    def concerned(
        self, leads: Iterable[str], segments: Iterable[str], campaign_token: str
    ) -> Sequence[CompiledCampaign]:
        """The campaigns of these leads, with one of these segments as audience, or with this token."""
        positions = set(self._positions((*leads, campaign_token)))
        for segment in segments:
            positions.update(self._by_audience.get(segment, ()))
        return [self._campaigns[position] for position in sorted(positions)]

    def _positions(self, campaigns: Iterable[str]) -> Iterator[int]:
        position_by_id = self._position_by_id
        return (position_by_id[name] for name in campaigns if name in position_by_id)
