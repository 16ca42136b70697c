"""A contact whose journal partition lost its beginning: what can still be told of it, and what cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.values import instant_text
from streams.engine.journal.records import Event, Marker, Proposal, Record, Slice, Tick
from streams.engine.partition.broadcast import Standing
from streams.engine.state.contact import Contact
from streams.engine.version import SEMANTICS
from streams.errors import PastGone
from streams.explain.answer import Answer, Question, from_journal, from_state
from streams.explain.timeline import Rules, Timeline
from streams.settings import Clock


@dataclass(frozen=True, slots=True)
class Remains:
    """`entries` are the contact's records that are left up to where `row` is decided.

    `speaks_from` (ms): whatever is gone was no later; None where nothing that is left tells an instant.
    """

    entries: Sequence[Record]
    speaks_from: int | None
    clock: Clock
    row: Contact | None
    standing: Standing


def from_remains(question: Question, remains: Remains, until: int | None, rules: Rules) -> Answer:
    """From the journal where the contact's whole life is left; else the present, from its row and what is left.

    Raises PastGone for a past instant that cannot be rebuilt, and what `from_journal` and `from_state` raise.
    """
    life = whole_life(question, remains)
    if life is not None:
        return from_journal(question, life, until, rules)
    if until is not None:
        raise PastGone(
            f"what {question.contact} was at {instant_text(until)} rests on records that fell to the journal's"
            f" retention: {_since(remains)}; without --at it is told from the contact's row"
        )
    told = _told(question, remains, rules)
    answer = from_state(question, remains.row, remains.standing, rules, told)
    return {**answer, "gone": f"{_since(remains)}: older events, last changes and the history are gone"}


def whole_life(question: Question, remains: Remains) -> list[Record] | None:
    """All that decided the contact, from before its first record on; None where something of it is gone.

    A contact made after the journal's beginning has all its records in it. What was said to all contacts before that
    has to be known, too: the release in force and the time told.
    """
    entries, row = remains.entries, remains.row
    if row is None:
        return list(entries)  # nobody ever heard of it
    first = next((place for place, entry in enumerate(entries) if isinstance(entry, Event)), None)
    if first is None or remains.speaks_from is None or row.created <= remains.speaks_from:
        return None
    began, before = entries[first], entries[:first]
    if not isinstance(began, Event) or began.at != row.created:
        return None
    # On the wall clock time told before the beginning is before the contact's first record, and moves nothing.
    if remains.clock == "events" and not any(isinstance(entry, Tick) for entry in before):
        return None
    if any(isinstance(entry, Marker) for entry in before):
        return list(entries)
    marker = _in_force_all_along(question.account, remains)
    return None if marker is None else [marker, *entries]


def _in_force_all_along(account: str, remains: Remains) -> Marker | None:
    """The marker, now gone, of the release that decided since before all that is left; None for none or more."""
    standing = remains.standing
    number = standing.releases.get(account)
    changed = any(isinstance(entry, Marker | Proposal | Slice) for entry in remains.entries)
    if number is None or changed or account in standing.proposed:
        return None
    return Marker(account, number, offset=0, hash="", at=None, semantics=SEMANTICS)


def _told(question: Question, remains: Remains, rules: Rules) -> tuple[Event, ...]:
    """The contact's events that are left, each once."""
    timeline = Timeline(question.account, question.contact, rules)
    timeline.begin()
    timeline.live(remains.entries, None)
    return tuple(timeline.told)


def _since(remains: Remains) -> str:
    if remains.speaks_from is None:
        return "nothing of it is left that tells a time"
    return f"the journal speaks from {instant_text(remains.speaks_from)} on"
