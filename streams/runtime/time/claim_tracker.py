"""How a slot's in-topic partitions stand: the claims its worker publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import Ends, Feed
from streams.runtime.time.claims import Claim, Claims


@dataclass(slots=True)
class Stood:
    """How long a partition's claim, and its stable end, have stood still; ms, counted while it has an owner.

    `stable` and `high` are the last that is known of its ends; 0 when nothing ever was.
    """

    claim: int
    counted: int
    stable: int = 0
    high: int = 0
    stood: int = 0
    stuck: int = 0


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
        # A former owner's last word may come late: it is a fact all the same, and arrivals must not fall behind it.
        feed.claim = max(next_claim(feed, end), claims.claim(name))
        position = feed.reached(end)
        stood = self._count(feed.claim, self._stood_of(feed, name, claims, now), end, now)
        # Before the first fetch answer there may be anything to read.
        unread = end is None or feed.smallest_arrival() is not None or position < stood.stable
        readable = feed.stopped is None and unread
        if not readable:
            stood.stood = 0
        return Claim(
            claim=feed.claim,
            position=position,
            stable=stood.stable,
            high=stood.high,
            readable=readable,
            stood=stood.stood,
            stuck=stood.stuck,
            stopped=feed.stopped or "",
            worker=self._worker,
        )

    def _stood_of(self, feed: Feed, name: Partition, claims: Claims, now: int) -> Stood:
        """What is counted; at first what the former owner counted."""
        stood = self._stood.get(name)
        if stood is None:
            stood = self._stood[name] = Stood(feed.claim, now)
            known = claims.known.get(name)
            if known is not None:
                former = known.claim
                stood.claim, stood.stood, stood.stuck = former.claim, former.stood, former.stuck
                stood.stable, stood.high = former.stable, former.high
        return stood

    def _count(self, claim: int, stood: Stood, end: Ends | None, now: int) -> Stood:
        passed = max(0, now - stood.counted)
        stood.counted = now
        stood.stood = stood.stood + passed if claim == stood.claim else 0
        stood.claim = claim
        stable = end.stable if end is not None else stood.stable
        stood.stuck = stood.stuck + passed if stable == stood.stable else 0
        if end is not None:
            stood.stable, stood.high = end.stable, end.high
        if stood.stable >= stood.high:
            stood.stuck = 0
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
