"""One contact told from the journal, record after record: what depends on their order by definition (SPEC 3, 4, 9).

Nothing of a condition is kept here: memberships are asked at the end, and leads by their own story.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from streams.engine.journal import records
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.events import apply_event
from streams.verify.recompute.leads.lead_history import LeadHistory
from streams.verify.recompute.leads.lead_rules import LeadRules
from streams.verify.recompute.memberships import compute_members
from streams.verify.recompute.model import ContactModel
from streams.verify.recompute.releases import JournalRelease, PartitionTimeline

BEFORE_JOURNAL, AFTER_JOURNAL = -1, 1 << 62
"""Before the first and behind the last place of the journal."""

EventAtOffset = tuple[int, records.JournalEvent]
"""Offset and event."""


@dataclass(frozen=True)
class RecomputeSettings:
    """Settings that decide: how late is too late, and how long and how many ids are remembered (ms)."""

    lateness: int = 86_400_000
    repeat_ms: int = 86_400_000
    repeat_ids: int = 256


class ContactHistory:
    """Tells contacts of one journal partition."""

    def __init__(self, timeline: PartitionTimeline, settings: RecomputeSettings) -> None:
        self._timeline = timeline
        self._settings = settings
        self._rules: dict[int, LeadRules] = {}

    def recompute(self, events: Iterable[EventAtOffset]) -> RecomputedContact:
        """The contact that these events, in their order, are of; there is at least one."""
        own = list(events)
        first, event = own[0]
        timeline = self._timeline
        tick = timeline.tick_before(event.account, first)
        told = RecomputedContact(event.account, event.owner, ContactModel(created=event.at), max(event.at, tick))
        before = [release for release in timeline.releases(event.account) if release.offset < first]
        if before:
            told.release = before[-1]
            told.model.zone, told.model.property_types = before[-1].definitions.time_zone, before[-1].property_types
        after = [(release.offset, release) for release in timeline.releases(event.account) if release.offset > first]
        entries: Iterable[tuple[int, records.JournalEvent | JournalRelease]] = merge(own, after, key=itemgetter(0))
        story = LeadHistory(told, self._rules_of)
        for offset, record in entries:
            tick = timeline.tick_before(told.account, offset)
            if isinstance(record, JournalRelease):
                self._apply_release(told, story, record, tick)
            else:
                self._apply_event(told, story, offset, record, tick)
        told.end = max(told.clock, timeline.tick_before(told.account, AFTER_JOURNAL) - 1)
        story.advance_to(told.end + 1)
        story.refresh_model(told.end)
        return told

    def _rules_of(self, release: JournalRelease | None) -> LeadRules:
        place = release.offset if release else BEFORE_JOURNAL
        if place not in self._rules:
            self._rules[place] = LeadRules(release)
        return self._rules[place]

    def _apply_event(
        self,
        contact: RecomputedContact,
        lead_history: LeadHistory,
        offset: int,
        event: records.JournalEvent,
        tick: int,
    ) -> None:
        clock = max(contact.clock, tick)
        terms = self._settings
        lately = contact.applied[-terms.repeat_ids :] if terms.repeat_ids else []
        if any(known == event.id and at >= clock - terms.repeat_ms for known, at in lately):
            return
        now = max(event.at, clock)
        lead_history.advance_to(now)
        contact.clock = now
        moment = lead_history.open_instant(now)
        refused = apply_event(moment, offset, event, terms.lateness)
        lead_history.close_instant(moment)
        if not refused:
            contact.applied.append((event.id, now))

    def _apply_release(
        self, contact: RecomputedContact, lead_history: LeadHistory, release: JournalRelease, tick: int
    ) -> None:
        """It counts as a record: what is due before it is decided under the former one."""
        now = max(tick if release.at is None else release.at, contact.clock, tick)
        lead_history.advance_to(now)
        lead_history.refresh_model(now if contact.clock == now else now - 1)
        former = contact.release
        self._change_definitions(contact, release, tick)
        contact.model.matching_cache.clear()  # filters speak of dates in the account's zone
        moment = lead_history.open_instant(now)
        lead_history.change_release(moment, former)
        lead_history.close_instant(moment)

    def _change_definitions(self, contact: RecomputedContact, release: JournalRelease, tick: int) -> None:
        """Who is in when a segment is paused or becomes static is who was in before the release's instant."""
        former, world = contact.release, contact.model
        now = max(tick if release.at is None else release.at, contact.clock, tick)
        inside = self._members_before(contact, former, release, now)
        contact.fixed_memberships.listed = {
            segment.id
            for segment in release.definitions.segments
            if not segment.dynamic
            and segment.id
            in (inside if former and segment.id in former.conditions else contact.fixed_memberships.listed)
        }
        contact.fixed_memberships.frozen = {
            segment.id: contact.fixed_memberships.frozen.get(segment.id, segment.id in inside)
            for segment in release.definitions.segments
            if segment.paused
        }
        world.zone, world.property_types = release.definitions.time_zone, release.property_types
        contact.release, contact.clock = release, now

    def _members_before(
        self, contact: RecomputedContact, former: JournalRelease | None, release: JournalRelease, now: int
    ) -> set[str]:
        if former is None or not _needs_members(former, release):
            return set()
        instant = now if contact.clock == now else now - 1
        return compute_members(contact.model, former, instant, contact.fixed_memberships)


def _needs_members(former: JournalRelease, release: JournalRelease) -> bool:
    """Whether a segment is paused by the release, or becomes static."""
    return any(
        segment.paused or (not segment.dynamic and segment.id in former.conditions)
        for segment in release.definitions.segments
    )
