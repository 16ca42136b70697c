"""How a slot's in-topic partitions stand: the claims its worker publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.runtime.claims import Claim, Claims
from streams.runtime.faust.thread import Ends
from streams.runtime.feed import Feed
from streams.runtime.partitions import Partition


@dataclass(slots=True)
class Stood:
    """How long a partition's claim, and its stable end, have stood still; ms, counted while it has an owner."""

    claim: int
    stable: int
    stood: int
    stuck: int
    counted: int


class Standing:
    """The claims of one slot's partitions, counted from what the former owner knew."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._stood: dict[Partition, Stood] = {}

    def inherit(self, feed: Feed, name: Partition, claims: Claims) -> None:
        """At take-over: the partition's claim so far holds, and so do its standing times."""
        known = claims.known.get(name)
        if known is not None:
            feed.claim = max(feed.claim, known.claim.claim)
        feed.claim = max(feed.claim, feed.taken_arrival)

    def claim(self, feed: Feed, name: Partition, ends: Mapping[Partition, Ends], claims: Claims, now: int) -> Claim:
        """The partition's claim at this moment; `name` is the partition without prefix. Moves `feed.claim`."""
        end = ends.get(feed.partition)
        if end is not None and end.token != feed.token:
            end = None
        feed.claim = next_claim(feed, end)
        position = feed.reached(end)
        stable = end.stable if end is not None else 0
        high = end.high if end is not None else 0
        readable = feed.stopped is None and (bool(feed.waiting) or feed.in_flight is not None or position < stable)
        stood = self._count(name, feed.claim, stable, claims, now)
        if not readable:
            stood.stood = 0
        if stable >= high:
            stood.stuck = 0
        return Claim(
            claim=feed.claim,
            position=position,
            stable=stable,
            high=high,
            readable=readable,
            stood=stood.stood,
            stuck=stood.stuck,
            stopped=feed.stopped or "",
            worker=self._worker,
        )

    def _count(self, name: Partition, claim: int, stable: int, claims: Claims, now: int) -> Stood:
        stood = self._stood.get(name)
        if stood is None:
            known = claims.known.get(name)
            stood = Stood(claim, stable, 0, 0, now)
            if known is not None:
                stood.stood = known.claim.stood if known.claim.claim == claim else 0
                stood.stuck = known.claim.stuck
                stood.stable = known.claim.stable or stable
            self._stood[name] = stood
            return stood
        passed = max(0, now - stood.counted)
        stood.stood = stood.stood + passed if claim == stood.claim else 0
        # Before the first fetch the stable end is not known: that is no movement.
        stood.stuck = stood.stuck + passed if stable in (stood.stable, 0) else 0
        stood.claim = claim
        stood.stable = stable or stood.stable
        stood.counted = now
        return stood


def next_claim(feed: Feed, end: Ends | None) -> int:
    """The largest of the last claim, the arrival of the last record committed, the smallest arrival among those
    fetched and not committed, and the moment of the fetch that found everything read and committed.
    """
    claim = max(feed.claim, feed.taken_arrival)
    smallest = feed.smallest_arrival()
    if smallest is not None:
        return max(claim, smallest)
    if end is None or end.delivered != feed.next:
        return claim
    if end.position == end.stable == end.high:
        return max(claim, end.sent)
    return claim
