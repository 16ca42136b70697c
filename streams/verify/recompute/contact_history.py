"""One contact told from the journal, record after record: what depends on their order by definition (SPEC 3, 4, 9).

Nothing of a condition is kept here: memberships are asked at the end, and leads by their own story.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from streams.engine.journal import records
from streams.verify.recompute.contact import Told
from streams.verify.recompute.events import apply
from streams.verify.recompute.leads.lead_history import Story
from streams.verify.recompute.leads.lead_rules import LeadRules
from streams.verify.recompute.memberships import members
from streams.verify.recompute.model import World
from streams.verify.recompute.releases import InForce, Timeline

NOWHERE, END = -1, 1 << 62
"""Before the first and behind the last place of the journal."""

Placed = tuple[int, records.Event]
"""Offset and event."""


@dataclass(frozen=True)
class Terms:
    """Settings that decide: how late is too late, and how long and how many ids are remembered (ms)."""

    lateness: int = 86_400_000
    repeat_ms: int = 86_400_000
    repeat_ids: int = 256


class Chronicle:
    """Tells contacts of one journal partition."""

    def __init__(self, timeline: Timeline, terms: Terms) -> None:
        self._timeline = timeline
        self._terms = terms
        self._rules: dict[int, LeadRules] = {}

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
        story = Story(told, self._rules_of)
        for offset, record in entries:
            tick = timeline.tick_before(told.account, offset)
            if isinstance(record, InForce):
                self._new_release(told, story, record, tick)
            else:
                self._event(told, story, offset, record, tick)
        told.end = max(told.clock, timeline.tick_before(told.account, END) - 1)
        story.pass_to(told.end + 1)
        story.look(told.end)
        return told

    def _rules_of(self, release: InForce | None) -> LeadRules:
        place = release.offset if release else NOWHERE
        if place not in self._rules:
            self._rules[place] = LeadRules(release)
        return self._rules[place]

    def _event(self, told: Told, story: Story, offset: int, event: records.Event, tick: int) -> None:
        clock = max(told.clock, tick)
        terms = self._terms
        lately = told.applied[-terms.repeat_ids :] if terms.repeat_ids else []
        if any(known == event.id and at >= clock - terms.repeat_ms for known, at in lately):
            return
        now = max(event.at, clock)
        story.pass_to(now)
        told.clock = now
        moment = story.begin(now)
        refused = apply(moment, offset, event, terms.lateness)
        story.end(moment)
        if not refused:
            told.applied.append((event.id, now))

    def _new_release(self, told: Told, story: Story, release: InForce, tick: int) -> None:
        """It counts as a record: what is due before it is decided under the former one."""
        now = max(tick if release.at is None else release.at, told.clock, tick)
        story.pass_to(now)
        story.look(now if told.clock == now else now - 1)
        former = told.release
        self._release(told, release, tick)
        told.world.matching.clear()  # filters speak of dates in the account's zone
        moment = story.begin(now)
        story.change_release(moment, former)
        story.end(moment)

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
        return members(told.world, former, instant, told.kept)


def _asks(former: InForce, release: InForce) -> bool:
    """Whether a segment is paused by the release, or becomes static."""
    return any(
        segment.paused or (not segment.dynamic and segment.id in former.conditions)
        for segment in release.definitions.segments
    )
