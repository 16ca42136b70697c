"""The decisions about one contact: its own record, a tick, a release (SPEC section 6).

Before a record at t is applied, what is due strictly before t fires, each at its own instant; what is due at t is
settled together with the record.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.decisions.apply_event import COUNTS_IN_THE_PAST, apply_event, kind_of
from streams.engine.decisions.backfill_leaves import NOTHING, Following, join_past, keep_up, look, take_up
from streams.engine.decisions.context import begin
from streams.engine.decisions.counters import shorten
from streams.engine.decisions.held_for import begin_life
from streams.engine.decisions.output_builder import Drafts
from streams.engine.decisions.outputs import Cause, Place
from streams.engine.decisions.release_change import change_release
from streams.engine.decisions.segments import note_what_time_changes
from streams.engine.decisions.settle import settle
from streams.engine.journal.effects import Output, Refusal
from streams.engine.journal.records import Event, Kept
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import Memory, is_repeat, remember

NO_TICK = -(1 << 62)
"""The last tick where there was none."""

LATENESS = 86_400_000
"""How late (ms) an event may be to be counted by `sequence`, `first` and `last`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one contact's part of one journal record comes to."""

    outputs: list[Output]
    refusals: list[Refusal]


def decide_event(
    contact: Contact | None,
    event: Event,
    place: Place,
    release: CompiledRelease,
    *,
    tick: int,
    memory: Memory,
    lateness: int = LATENESS,
    following: Following = NOTHING,
) -> tuple[Contact, Decision] | None:
    """Applies a contact's own record; None for a repeat, which changes nothing. `contact` is changed in place.

    `lateness` (ms): `sequence`, `first` and `last` do not count an event that is later than this, against the clock.
    `following`: the leaves of a proposed release that are followed beside those of `release`.
    """
    if contact is None:
        contact = Contact(event.account, event.contact, created=event.at, clock=max(event.at, tick), settled=-1)
        begin_life(contact, release, contact.clock)
    clock = max(contact.clock, tick)
    if is_repeat(contact, event.id, clock, memory):
        return None
    now = max(event.at, clock)
    take_up(contact, release, following)
    keep_up(contact, following, now)
    drafts = Drafts(place, contact)
    _fire_dues(contact, release, now, drafts)
    late = event.at < clock and event.type in COUNTS_IN_THE_PAST
    root = Cause(kind=kind_of(event.type), event=event.id, release=release.number, late=late)
    turn = begin(contact, release, now, root, drafts)
    turn.too_late = now - event.at > lateness
    turn.following = following
    if contact.due == now:
        note_what_time_changes(turn)
    apply_event(turn, event)
    settle(turn)
    look(contact, following, now)
    if is_spent(event, refused=bool(drafts.refusals)):
        remember(contact, event.id, memory)
    contact.settled = place.offset
    return contact, Decision(drafts.outputs, drafts.refusals)


def is_spent(event: Event, *, refused: bool) -> bool:
    """Whether its id is spent: a refused event may be sent again. Of a refused patch the rest was applied."""
    return event.type == "contact.changed" or not refused


def decide_tick(contact: Contact, at: int, place: Place, release: CompiledRelease) -> Decision:
    """Closes the instants before `at`: fires what is due strictly before it."""
    drafts = Drafts(place, contact)
    _fire_dues(contact, release, at, drafts)
    contact.clock = max(contact.clock, at)
    contact.settled = place.offset
    return Decision(drafts.outputs, drafts.refusals)


def decide_release(
    contact: Contact,
    at: int | None,
    place: Place,
    former: CompiledRelease,
    release: CompiledRelease,
    *,
    tick: int,
    following: Following = NOTHING,
) -> Decision:
    """From here on `release` decides; what was due before goes first, under the former one.

    `at` is None where nobody told it: the last tick, then. `following`: its leaves as followed since it was proposed.
    """
    now = max(tick if at is None else at, contact.clock, tick)
    take_up(contact, former, following)
    keep_up(contact, following, now)
    contact.proposal = contact.followed = 0
    drafts = Drafts(place, contact)
    _fire_dues(contact, former, now, drafts)
    root = Cause(kind="definition", release=release.number)
    turn = begin(contact, former, now, root, drafts)
    if contact.due == now:
        note_what_time_changes(turn)
    change_release(turn, former, release)
    settle(turn)
    contact.settled = place.offset
    return Decision(drafts.outputs, drafts.refusals)


def decide_slice(
    contact: Contact, kept: Kept, release: CompiledRelease, following: Following, *, tick: int
) -> Decision:
    """Takes in what a slice says of the contact's past; what follows from it waits for the proposed release."""
    now = max(contact.clock, tick)
    take_up(contact, release, following)
    keep_up(contact, following, now)
    look(contact, following, now)
    join_past(contact, following, kept, now)
    shorten(contact, following.counters)
    return Decision([], [])


def _fire_dues(contact: Contact, release: CompiledRelease, before: int, drafts: Drafts) -> None:
    while contact.due is not None and contact.due < before:
        root = Cause(kind="clock", release=release.number)
        settle(begin(contact, release, contact.due, root, drafts))
