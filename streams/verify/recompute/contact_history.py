"""One contact recomputed from the journal, record by record: what depends on their order (SPEC sections 3, 4, 9).

No state of conditions is kept here: memberships are computed at the end, and leads in `leads/lead_history.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter

from streams.engine.journal import records
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.contact_row import has_contact_rows, next_row
from streams.verify.recompute.events import apply_event
from streams.verify.recompute.leads.lead_history import LeadHistory
from streams.verify.recompute.leads.lead_rules import LeadRules
from streams.verify.recompute.memberships import compute_members
from streams.verify.recompute.model import ContactModel
from streams.verify.recompute.releases import JournalRelease, PartitionTimeline

BEFORE_JOURNAL, AFTER_JOURNAL = -1, 1 << 62
"""Offsets before the first and after the last record of the journal."""

EventAtOffset = tuple[int, records.JournalEvent]
"""Offset and event."""


@dataclass(frozen=True)
class RecomputeSettings:
    """The settings that change decisions: `lateness` and `repeat_ms` in ms, `repeat_ids` ids."""

    lateness: int = 86_400_000
    repeat_ms: int = 86_400_000
    repeat_ids: int = 256


class ContactHistory:
    """Recomputes contacts of one journal partition."""

    def __init__(self, timeline: PartitionTimeline, settings: RecomputeSettings) -> None:
        self._timeline = timeline
        self._settings = settings
        self._rules: dict[int, LeadRules] = {}

    def recompute(self, events: Iterable[EventAtOffset]) -> RecomputedContact:
        """Returns the contact that results from its events, in the journal's order; there is at least one."""
        own = list(events)
        first, event = own[0]
        timeline = self._timeline
        tick = timeline.tick_before(event.account, first)
        contact = RecomputedContact(event.account, event.owner, ContactModel(created=event.at), max(event.at, tick))
        earlier = [release for release in timeline.releases(event.account) if release.offset < first]
        if earlier:
            _follow_release(contact, earlier[-1])
        later = [(release.offset, release) for release in timeline.releases(event.account) if release.offset > first]
        entries: Iterable[tuple[int, records.JournalEvent | JournalRelease]] = merge(own, later, key=itemgetter(0))
        lead_history = LeadHistory(contact, self._rules_of)
        for offset, record in entries:
            tick = timeline.tick_before(contact.account, offset)
            if isinstance(record, JournalRelease):
                self._apply_release(contact, lead_history, record, tick)
            else:
                self._apply_event(contact, lead_history, offset, record, tick)
            if has_contact_rows(contact.release):
                contact.row = next_row(contact.row, contact.model, contact.clock)
        contact.end = max(contact.clock, timeline.tick_before(contact.account, AFTER_JOURNAL) - 1)
        lead_history.advance_to(contact.end + 1)
        lead_history.refresh_model(contact.end)
        return contact

    def _rules_of(self, release: JournalRelease | None) -> LeadRules:
        offset = release.offset if release else BEFORE_JOURNAL
        if offset not in self._rules:
            self._rules[offset] = LeadRules(release)
        return self._rules[offset]

    def _apply_event(
        self,
        contact: RecomputedContact,
        lead_history: LeadHistory,
        offset: int,
        event: records.JournalEvent,
        tick: int,
    ) -> None:
        clock = max(contact.clock, tick)
        settings = self._settings
        recent_ids = contact.applied[-settings.repeat_ids :] if settings.repeat_ids else []
        if any(event_id == event.id and at >= clock - settings.repeat_ms for event_id, at in recent_ids):
            return
        now = max(event.at, clock)
        lead_history.advance_to(now)
        contact.clock = now
        lead_instant = lead_history.open_instant(now)
        refused = apply_event(lead_instant, offset, event, settings.lateness)
        lead_history.close_instant(lead_instant)
        if not refused:
            contact.applied.append((event.id, now))

    def _apply_release(
        self, contact: RecomputedContact, lead_history: LeadHistory, release: JournalRelease, tick: int
    ) -> None:
        """A release counts as a record: what is due before it is decided under the previous release.

        Under one that raises the engine version, so is what is due at its own instant.
        """
        now = max(tick if release.at is None else release.at, contact.clock, tick)
        previous = contact.release
        lead_history.advance_to(now + 1 if _is_raised(previous, release) else now)
        lead_history.refresh_model(_last_instant_under(previous, release, contact, now))
        self._change_definitions(contact, release, tick)
        contact.model.matching_cache.clear()  # filters may compare dates in the account's zone
        lead_instant = lead_history.open_instant(now, is_release=True)
        lead_history.change_release(lead_instant, previous)
        lead_history.close_instant(lead_instant)

    def _change_definitions(self, contact: RecomputedContact, release: JournalRelease, tick: int) -> None:
        """A segment that is paused or becomes static keeps the members from before the release's instant."""
        previous = contact.release
        now = max(tick if release.at is None else release.at, contact.clock, tick)
        members = self._members_before(contact, previous, release, now)
        contact.fixed_memberships.listed = {
            segment.id
            for segment in release.definitions.segments
            if not segment.dynamic
            and segment.id
            in (members if previous and segment.id in previous.conditions else contact.fixed_memberships.listed)
        }
        contact.fixed_memberships.frozen = {
            segment.id: contact.fixed_memberships.frozen.get(segment.id, segment.id in members)
            for segment in release.definitions.segments
            if segment.paused
        }
        _follow_release(contact, release)
        contact.clock = now

    def _members_before(
        self, contact: RecomputedContact, previous: JournalRelease | None, release: JournalRelease, now: int
    ) -> set[str]:
        if previous is None or not _needs_members(previous, release):
            return set()
        instant = _last_instant_under(previous, release, contact, now)
        return compute_members(contact.model, previous, instant, contact.fixed_memberships)


def _last_instant_under(
    previous: JournalRelease | None, release: JournalRelease, contact: RecomputedContact, now: int
) -> int:
    """The last instant (ms) that the previous release decides when another one follows at `now`."""
    return now if contact.clock == now or _is_raised(previous, release) else now - 1


def _is_raised(previous: JournalRelease | None, release: JournalRelease) -> bool:
    return previous is not None and previous.engine_version != release.engine_version


def _follow_release(contact: RecomputedContact, release: JournalRelease) -> None:
    """Lets a release decide, by its own engine version."""
    model = contact.model
    model.engine_version = release.engine_version
    model.zone, model.property_types = release.definitions.time_zone, release.property_types
    contact.release = release


def _needs_members(previous: JournalRelease, release: JournalRelease) -> bool:
    """Whether a segment is paused by the release, or becomes static."""
    return any(
        segment.paused or (not segment.dynamic and segment.id in previous.conditions)
        for segment in release.definitions.segments
    )
