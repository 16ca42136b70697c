"""One contact told from the journal, record after record: what depends on their order by definition (SPEC 3, 4, 9).

Conditions are not followed here: they are asked at the end, of the whole history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import Any

from schemas.definitions import STANDARD_PROPERTIES
from streams.batch.memberships import members
from streams.batch.properties import patched
from streams.batch.timeline import InForce, Timeline
from streams.batch.told import Told
from streams.batch.world import Event as Happening
from streams.batch.world import World
from streams.engine import records

MILLION = 1_000_000
MOST_SCORES = 100
"""Named scores of a contact, see docs/state-bounds.md."""

Placed = tuple[int, records.Event]
"""Offset and event."""


@dataclass(frozen=True)
class Terms:
    """Settings that decide: how late is too late, and how long and how many ids are remembered (ms)."""

    lateness: int = 86_400_000
    repeat_ms: int = 86_400_000
    repeat_ids: int = 256


class Chronicle:
    """Tells contacts of one journal partition.

    `refused` are the sources of events that became dead letters when they were decided: their ids may come again.
    `aside` names segments that depend on leads, per account; they are not asked here.
    """

    def __init__(
        self,
        timeline: Timeline,
        terms: Terms,
        refused: Collection[Any] = (),
        aside: dict[str, set[str]] | None = None,
    ) -> None:
        self._timeline = timeline
        self._terms = terms
        self._refused = refused
        self._aside = aside or {}

    def tell(self, events: Iterable[Placed]) -> Told:
        """The contact that these events, in their order, are of; there is at least one."""
        own = list(events)
        first, event = own[0]
        timeline = self._timeline
        tick = timeline.tick_before(event.account, first)
        told = Told(event.account, event.contact, World(created=event.at), max(event.at, tick))
        before = [release for release in timeline.releases(event.account) if release.offset < first]
        if before:
            told.release = before[-1]
            told.world.zone, told.world.types = before[-1].definitions.time_zone, before[-1].types
        after = [(release.offset, release) for release in timeline.releases(event.account) if release.offset > first]
        entries: Iterable[tuple[int, records.Event | InForce]] = merge(own, after, key=itemgetter(0))
        for offset, record in entries:
            tick = timeline.tick_before(told.account, offset)
            if isinstance(record, InForce):
                self._release(told, record, tick)
            else:
                self._event(told, offset, record, tick)
        return told

    def _event(self, told: Told, offset: int, event: records.Event, tick: int) -> None:
        clock = max(told.clock, tick)
        terms = self._terms
        lately = told.applied[-terms.repeat_ids :] if terms.repeat_ids else []
        if any(known == event.id and at >= clock - terms.repeat_ms for known, at in lately):
            return
        now = max(event.at, clock)
        told.clock = now
        _apply(told, offset, event, now, terms.lateness)
        if event.type == "contact.changed" or event.source not in self._refused:
            told.applied.append((event.id, now))

    def _release(self, told: Told, release: InForce, tick: int) -> None:
        """Who is in when a segment is paused or becomes static is who was in before the release's instant."""
        former, world = told.release, told.world
        now = max(tick if release.at is None else release.at, told.clock, tick)
        inside = self._inside_before(told, former, release, now)
        told.kept.listed = {
            segment.id
            for segment in release.definitions.segments
            if not segment.dynamic
            and segment.id in (inside if former and segment.id in former.conditions else told.kept.listed)
        }
        told.kept.frozen = {
            segment.id: told.kept.frozen.get(segment.id, segment.id in inside)
            for segment in release.definitions.segments
            if segment.paused
        }
        world.zone, world.types = release.definitions.time_zone, release.types
        told.release, told.clock = release, now

    def _inside_before(self, told: Told, former: InForce | None, release: InForce, now: int) -> set[str]:
        if former is None or not _asks(former, release):
            return set()
        instant = now if told.clock == now else now - 1
        aside = self._aside.get(told.account, set())
        return members(told.world, former, instant, told.kept, aside=aside)


def _asks(former: InForce, release: InForce) -> bool:
    """Whether a segment is paused by the release, or becomes static."""
    return any(
        segment.paused or (not segment.dynamic and segment.id in former.conditions)
        for segment in release.definitions.segments
    )


def _apply(told: Told, offset: int, event: records.Event, now: int, lateness: int) -> None:
    fields, world = event.fields, told.world
    if event.type in ("web.visited", "activity.recorded"):
        is_visit = event.type == "web.visited"
        too_late = now - event.at > lateness
        world.history.append(Happening(event.at, fields, fields.get("name", "visit"), is_visit, too_late, offset))
        if is_visit and fields.get("campaign"):
            told.commands.append((offset, event.type, fields["campaign"]))
    elif event.type in ("contact.changed", "contact.deleted"):
        _patch(told, offset, fields, now)
    elif event.type == "score.adjusted" and "campaign" not in fields:
        _score(world, fields)
    elif event.type in ("segment.member_added", "segment.member_removed"):
        _list(told, fields["segment"], event.type == "segment.member_added")
    elif event.type.startswith("lead."):
        told.commands.append((offset, event.type, fields["campaign"]))


def _patch(told: Told, offset: int, fields: dict[str, Any], now: int) -> None:
    world = told.world
    types = world.types or dict(STANDARD_PROPERTIES)
    world.properties = patched(world.properties, fields.get("properties", {}), types)
    world.patches.append((now, world.properties))
    status = fields.get("status", world.status)
    if status != world.status:
        told.unfit_since = offset
    world.status = status
    if status == "deleted":
        told.kept.frozen = dict.fromkeys(told.kept.frozen, False)


def _score(world: World, fields: dict[str, Any]) -> None:
    """Scores are kept as whole millionths until they are asked."""
    name = fields.get("score")
    if name is None:
        world.score = _sum(world.score, fields["points"])
    elif name in world.scores or len(world.scores) < MOST_SCORES:
        world.scores[name] = _sum(world.scores.get(name, 0), fields["points"])


def _sum(score: float, millionths: int) -> float:
    return points(round(score * MILLION) + millionths)


def points(millionths: int) -> float:
    """Points as they are written: a whole number where they are whole."""
    whole, rest = divmod(millionths, MILLION)
    return whole if rest == 0 else millionths / MILLION


def _list(told: Told, segment: str, wanted: bool) -> None:
    found = told.release.segment(segment) if told.release else None
    if found is None or found.dynamic:
        return  # a dead letter
    told.kept.listed.add(segment) if wanted else told.kept.listed.discard(segment)
