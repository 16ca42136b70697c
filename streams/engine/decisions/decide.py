"""The decisions about one contact: its own record, a tick, a release (SPEC section 6).

Before a record at t is applied, what is due strictly before t fires, each at its own instant; what is due at t is
settled together with the record.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.decisions.apply_event import TYPES_COUNTED_LATE, apply_event, cause_kind
from streams.engine.decisions.backfill_leaves import (
    NO_BACKFILL,
    BackfillLeaves,
    advance_tracking,
    merge_backfill,
    reset_tracking,
    update_tracking,
)
from streams.engine.decisions.context import create_context
from streams.engine.decisions.counters import enforce_limit
from streams.engine.decisions.held_for import initialize_held_states
from streams.engine.decisions.output_builder import OutputBuilder
from streams.engine.decisions.outputs import JournalPosition, OutputCause
from streams.engine.decisions.release_change import switch_release
from streams.engine.decisions.segments import record_time_changes
from streams.engine.decisions.settle import settle
from streams.engine.journal.effects import Output, Refusal
from streams.engine.journal.records import BackfilledState, JournalEvent
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import is_repeat, remember_id

NO_TICK = -(1 << 62)
"""The last tick where there was none."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one contact's part of one journal record comes to."""

    outputs: list[Output]
    refusals: list[Refusal]


def decide_event(
    contact: Contact | None,
    event: JournalEvent,
    position: JournalPosition,
    release: CompiledRelease,
    *,
    tick: int,
    settings: EngineSettings,
    backfill_leaves: BackfillLeaves = NO_BACKFILL,
) -> tuple[Contact, Decision] | None:
    """Applies a contact's own record; None for a repeat, which changes nothing. `contact` is changed in place.

    `backfill_leaves`: the leaves of a proposed release that are followed beside those of `release`.
    """
    if contact is None:
        contact = Contact(event.account, event.owner, created=event.at, clock=max(event.at, tick), settled=-1)
        initialize_held_states(contact, release, contact.clock)
    clock = max(contact.clock, tick)
    if is_repeat(contact, event.id, clock, settings.duplicate_window):
        return None
    now = max(event.at, clock)
    reset_tracking(contact, release, backfill_leaves)
    advance_tracking(contact, backfill_leaves, now)
    drafts = OutputBuilder(position, contact)
    _fire_dues(contact, release, now, drafts)
    late = event.at < clock and event.type in TYPES_COUNTED_LATE
    root = OutputCause(kind=cause_kind(event.type), event=event.id, release=release.number, late=late)
    turn = create_context(contact, release, now, root, drafts)
    turn.is_too_late = now - event.at > settings.lateness
    turn.backfill_leaves = backfill_leaves
    if contact.due == now:
        record_time_changes(turn)
    apply_event(turn, event)
    settle(turn)
    update_tracking(contact, backfill_leaves, now)
    if consumes_id(event, is_refused=bool(drafts.refusals)):
        remember_id(contact, event.id, settings.duplicate_window)
    contact.settled = position.offset
    return contact, Decision(drafts.outputs, drafts.refusals)


def consumes_id(event: JournalEvent, *, is_refused: bool) -> bool:
    """Whether its id is spent: a refused event may be sent again. Of a refused patch the rest was applied."""
    return event.type == "contact.changed" or not is_refused


def decide_tick(contact: Contact, at: int, position: JournalPosition, release: CompiledRelease) -> Decision:
    """Closes the instants before `at`: fires what is due strictly before it."""
    drafts = OutputBuilder(position, contact)
    _fire_dues(contact, release, at, drafts)
    contact.clock = max(contact.clock, at)
    contact.settled = position.offset
    return Decision(drafts.outputs, drafts.refusals)


def decide_release(
    contact: Contact,
    at: int | None,
    position: JournalPosition,
    former: CompiledRelease,
    release: CompiledRelease,
    *,
    tick: int,
    backfill_leaves: BackfillLeaves = NO_BACKFILL,
) -> Decision:
    """From here on `release` decides; what was due before goes first, under the former one.

    `at` is None where nobody told it: the last tick, then. `backfill_leaves`: its leaves as followed since it was
    proposed.
    """
    now = max(tick if at is None else at, contact.clock, tick)
    reset_tracking(contact, former, backfill_leaves)
    advance_tracking(contact, backfill_leaves, now)
    contact.proposal = contact.followed = 0
    drafts = OutputBuilder(position, contact)
    _fire_dues(contact, former, now, drafts)
    root = OutputCause(kind="definition", release=release.number)
    turn = create_context(contact, former, now, root, drafts)
    if contact.due == now:
        record_time_changes(turn)
    switch_release(turn, former, release)
    settle(turn)
    contact.settled = position.offset
    return Decision(drafts.outputs, drafts.refusals)


def decide_slice(
    contact: Contact,
    backfilled: BackfilledState,
    release: CompiledRelease,
    backfill_leaves: BackfillLeaves,
    *,
    tick: int,
) -> Decision:
    """Takes in what a slice says of the contact's past; what follows from it waits for the proposed release."""
    now = max(contact.clock, tick)
    reset_tracking(contact, release, backfill_leaves)
    advance_tracking(contact, backfill_leaves, now)
    update_tracking(contact, backfill_leaves, now)
    merge_backfill(contact, backfill_leaves, backfilled, now)
    enforce_limit(contact, backfill_leaves.counters)
    return Decision([], [])


def _fire_dues(contact: Contact, release: CompiledRelease, before: int, builder: OutputBuilder) -> None:
    while contact.due is not None and contact.due < before:
        root = OutputCause(kind="clock", release=release.number)
        settle(create_context(contact, release, contact.due, root, builder))
