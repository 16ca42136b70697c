"""Why a contact is in a segment, or where its lead stands: now from its row, at a past instant from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.engine.journal.records import Event, Record
from streams.engine.partition.broadcast import Standing
from streams.engine.state.contact import Contact
from streams.engine.validation.problem import nearest
from streams.errors import DataError, UsageError
from streams.explain.campaign import CampaignSubject
from streams.explain.segment import SegmentSubject
from streams.explain.snapshot import Moment, moment_of
from streams.explain.timeline import Rules, Timeline
from streams.store.contact_view import present_of

Answer = dict[str, Any]
Subject = SegmentSubject | CampaignSubject


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about, and what: a segment, or a campaign, which `campaign` prefers where both have the name."""

    account: str
    contact: str
    subject: str
    campaign: bool = False


def from_state(
    question: Question,
    row: Contact | None,
    standing: Standing,
    rules: Rules,
    told: tuple[Event, ...] | None = None,
) -> Answer:
    """As the contact's row has it now, with those of the events `told` that speak to each leaf.

    Raises UsageError for an unknown subject, DataError without definitions.
    """
    if row is None:
        return _unknown(question, None)
    subject = _subject(question, row.release, rules)
    timeline = Timeline(question.account, question.contact, rules)
    timeline.take_up(row, present_of(row, standing))
    watched = subject.watched()
    timeline.watch(watched)
    return _answer(question, subject, moment_of(timeline, watched, told), "state")


def from_journal(question: Question, entries: Sequence[Record], until: int | None, rules: Rules) -> Answer:
    """As the journal's records up to `until` (ms) make it; up to the contact's clock where that is None.

    Raises UsageError for an unknown subject, DataError where no definitions were in force.
    """
    known = _lived(question, entries, until, rules, None)
    if known.contact() is None:
        return _unknown(question, until, known.first_known)
    subject = _subject(question, known.release(), rules)
    timeline = _lived(question, entries, until, rules, subject)
    moment = moment_of(timeline, subject.watched(), tuple(timeline.told), from_journal=True)
    answer = _answer(question, subject, moment, "journal")
    if until is not None and not timeline.reached:
        answer["notes"].append("the journal ends before that instant: this is what time alone makes of it")
    return answer


def _lived(
    question: Question, entries: Sequence[Record], until: int | None, rules: Rules, subject: Subject | None
) -> Timeline:
    watched = subject.watched() if subject is not None else ()
    timeline = Timeline(question.account, question.contact, rules, watched)
    timeline.begin()
    timeline.live(entries, until)
    return timeline


def _subject(question: Question, release: int, rules: Rules) -> Subject:
    if not release:
        raise DataError(f"account {question.account!r} had no definitions in force then")
    definitions = rules.lookup(question.account, release)
    subject = _found(question, definitions)
    if subject is None:
        names = [*(each.id for each in definitions.segments), *(each.id for each in definitions.campaigns)]
        hint = nearest(question.subject, names)
        raise UsageError(f"release {release} has no segment or campaign {question.subject!r}{hint}")
    return subject


def _found(question: Question, definitions: Definitions) -> Subject | None:
    segment = next((each for each in definitions.segments if each.id == question.subject), None)
    campaign = next((each for each in definitions.campaigns if each.id == question.subject), None)
    if campaign is not None and (question.campaign or segment is None):
        return CampaignSubject(campaign, definitions)
    return SegmentSubject(segment, definitions) if segment is not None and not question.campaign else None


def _answer(question: Question, subject: Subject, moment: Moment, source: str) -> Answer:
    contact = moment.sight.contact
    notes = []
    if moment.looked_until is not None:
        notes.append(f"next changes are looked for up to {instant_text(moment.looked_until)}")
    if contact.flags:
        notes.append("a bound of what is kept of a contact was reached: counts that old events decide may be too low")
    return {
        "account": question.account,
        "contact": question.contact,
        "known": True,
        "status": contact.status,
        "at": instant_text(moment.sight.now),
        "source": source,
        "release": moment.release,
        **subject.explained(moment),
        "flags": contact.flags,
        "notes": notes,
    }


def _unknown(question: Question, at: int | None, first_known: int | None = None) -> Answer:
    then = {} if at is None else {"at": instant_text(at)}
    later = {} if first_known is None else {"first_known": instant_text(first_known)}
    return {"account": question.account, "contact": question.contact, "known": False, **then, **later}
