"""Decides about one contact: its own record, a tick, a release, a slice (SPEC section 6).

Before a record at t is applied, everything due strictly before t fires, each at its own instant. What is due at t is
settled together with the record.
"""

from __future__ import annotations

import msgspec

from streams.engine.decisions.apply_event import apply_event, cause_kind
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
from streams.engine.decisions.lateness import corrects_past, is_too_late
from streams.engine.decisions.output_builder import OutputBuilder
from streams.engine.decisions.outputs import JournalPosition, OutputCause
from streams.engine.decisions.release_change import switch_release
from streams.engine.decisions.segments import record_time_changes
from streams.engine.decisions.settle import settle
from streams.engine.journal.effects import Output, Refusal
from streams.engine.journal.records import BackfilledState, JournalEvent
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.releases.truths import renew_truths, truths_of
from streams.engine.settings import EngineSettings
from streams.engine.state.contact import Contact
from streams.engine.state.contact_rows import is_row_changed, row_fields
from streams.engine.state.deduplication import CHUNKS_VERSION, is_repeat, remember_id
from streams.engine.version import HAND_OVERS_VERSION


class Decision(msgspec.Struct, frozen=True):
    """The outputs and refusals of one journal record for one contact."""

    outputs: list[Output]
    refusals: list[Refusal]
    value_bytes: int = 0
    """The size of the values of `outputs`."""


_NOTHING = Decision([], [])


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
    """Applies a contact's own record; returns None for a repeat, which changes nothing. Changes `contact` in place.

    `backfill_leaves`: the leaves of a proposed release that are tracked beside those of `release`.
    """
    fields_before = row_fields(contact) if contact is not None and release.has_contact_rows else None
    if contact is None:
        contact = Contact(event.account, event.owner, created=event.at, clock=max(event.at, tick), settled=-1)
        initialize_held_states(contact, release, contact.clock)
    clock = max(contact.clock, tick)
    if is_repeat(contact, event.id, clock, settings.duplicate_window):
        return None
    now = max(event.at, clock)
    if contact.proposal or backfill_leaves.number:
        reset_tracking(contact, release, backfill_leaves)
        advance_tracking(contact, backfill_leaves, now)
    builder = OutputBuilder(position, contact, release.engine_version)
    if contact.due is not None:
        _fire_dues(contact, release, now, builder)
    is_late = event.at < now and corrects_past(event, clock)
    root = _root_cause(event, release, is_late=is_late)
    context = create_context(contact, release, now, root, builder)
    context.is_too_late = event.at < now and is_too_late(event.at, now, settings.lateness)
    context.backfill_leaves = backfill_leaves
    if contact.due == now:
        record_time_changes(context)
    apply_event(context, event)
    settle(context)
    if release.has_contact_rows and (fields_before is None or is_row_changed(fields_before, contact)):
        builder.add_contact_row(now, root)
    if backfill_leaves.number:
        update_tracking(contact, backfill_leaves, now)
    if not builder.refusals or consumes_id(event.type, is_refused=True):
        in_chunks = release.engine_version >= CHUNKS_VERSION
        remember_id(contact, event.id, settings.duplicate_window, in_chunks=in_chunks)
    contact.settled = position.offset
    return contact, Decision(builder.outputs, builder.refusals, builder.value_bytes)


def _root_cause(event: JournalEvent, release: CompiledRelease, *, is_late: bool) -> OutputCause:
    """The cause of what an event does. From engine version 4 on it says who gave a command, where that is told."""
    kind = cause_kind(event.type)
    by = event.fields.get("by", "") if kind == "command" and release.engine_version >= HAND_OVERS_VERSION else ""
    return OutputCause(kind=kind, event=event.id, release=release.number, late=is_late, by=by)


def consumes_id(event_type: str, *, is_refused: bool) -> bool:
    """Returns whether the event's id counts as applied: a refused event may be sent again, except a patch.

    Of a patch only the refused properties were left out.
    """
    return event_type == "contact.changed" or not is_refused


def decide_tick(contact: Contact, at: int, position: JournalPosition, release: CompiledRelease) -> Decision:
    """Closes the instants before `at`: fires everything due strictly before it. Changes `contact` in place."""
    builder = OutputBuilder(position, contact, release.engine_version)
    _fire_dues(contact, release, at, builder)
    contact.clock = max(contact.clock, at)
    contact.settled = position.offset
    return Decision(builder.outputs, builder.refusals, builder.value_bytes)


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
    """Puts the contact under `release`; everything due before fires first, under the former one. Changes it in place.

    Where the engine version changes, what is due at that very instant fires before too: under the newer meaning all
    that is true by then is the start of a rule, which would never fire.

    `at` is None where the release has no instant of its own: then it is the last tick. `backfill_leaves`: the leaves
    of the release that were tracked since its proposal.
    """
    now = max(tick if at is None else at, contact.clock, tick)
    reset_tracking(contact, former, backfill_leaves)
    advance_tracking(contact, backfill_leaves, now)
    contact.proposal = contact.tracked_until = 0
    builder = OutputBuilder(position, contact, release.engine_version)
    is_raised = former.engine_version != release.engine_version
    _fire_dues(contact, former, now + 1 if is_raised else now, builder)
    root = OutputCause(kind="definition", release=release.number)
    is_due = contact.due == now
    # Nothing asks for the truths under the former release but what is due now.
    truths = truths_of(contact, former) if is_due else renew_truths(contact, release)
    context = create_context(contact, former, now, root, builder, truths=truths)
    if is_due:
        record_time_changes(context)
        context.truths = renew_truths(contact, release)
    switch_release(context, former, release)
    settle(context)
    if release.has_contact_rows and not former.has_contact_rows:
        builder.add_contact_row(now, root)
    contact.settled = position.offset
    return Decision(builder.outputs, builder.refusals, builder.value_bytes)


def decide_slice(
    contact: Contact,
    backfilled: BackfilledState,
    release: CompiledRelease,
    backfill_leaves: BackfillLeaves,
    *,
    tick: int,
) -> Decision:
    """Merges a slice's state of the contact's past. It decides nothing until the proposed release is active; so its
    outputs are empty, and to be left so.
    """
    now = max(contact.clock, tick)
    reset_tracking(contact, release, backfill_leaves)
    advance_tracking(contact, backfill_leaves, now)
    update_tracking(contact, backfill_leaves, now)
    merge_backfill(contact, backfill_leaves, backfilled, now)
    enforce_limit(contact, backfill_leaves.counters)
    return _NOTHING


def _fire_dues(contact: Contact, release: CompiledRelease, before: int, builder: OutputBuilder) -> None:
    while contact.due is not None and contact.due < before:
        root = OutputCause(kind="clock", release=release.number)
        settle(create_context(contact, release, contact.due, root, builder))
