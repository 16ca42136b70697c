"""Explains a contact whose journal partition lost its beginning, as far as the remaining records allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.engine_versions import OLDEST_VERSION
from schemas.values import instant_text
from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Proposal, Slice, Tick
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.state.contact import Contact
from streams.errors import JournalTruncated
from streams.explain.answer import Explanation, Question, explain_from_journal, explain_from_state
from streams.explain.timeline import ContactTimeline, EngineParameters
from streams.settings import Clock


@dataclass(frozen=True, slots=True)
class TruncatedJournal:
    """`records` are the contact's remaining records, up to the offset that `contact`, its row, is decided to.

    `coverage_start` (ms): no deleted event was later; None where no remaining record has an instant.
    """

    records: Sequence[JournalRecord]
    coverage_start: int | None
    clock: Clock
    contact: Contact | None
    partition_status: PartitionStatus


def explain_from_truncated(
    question: Question, journal: TruncatedJournal, until: int | None, parameters: EngineParameters
) -> Explanation:
    """Explains from the journal where all records of the contact remain; else the present, from its row.

    Raises JournalTruncated for an instant that needs deleted records, and what `explain_from_journal` and
    `explain_from_state` raise.
    """
    records = complete_records(question, journal)
    if records is not None:
        return explain_from_journal(question, records, until, parameters)
    if until is not None:
        raise JournalTruncated(
            f"what {question.contact} was at {instant_text(until)} rests on records that fell to the journal's"
            f" retention: {_coverage_text(journal)}; without --at it is told from the contact's row"
        )
    events = _remaining_events(question, journal, parameters)
    answer = explain_from_state(question, journal.contact, journal.partition_status, parameters, events)
    return {**answer, "gone": f"{_coverage_text(journal)}: older events, last changes and the history are gone"}


def complete_records(question: Question, journal: TruncatedJournal) -> list[JournalRecord] | None:
    """Returns all records that decided the contact; None where some of them are deleted.

    A contact created after the journal's beginning has all its events in it. The release and the tick in force before
    its first event have to be known, too.
    """
    records, row = journal.records, journal.contact
    if row is None:
        return list(records)  # a contact without a row has no records
    first_index = next((index for index, each in enumerate(records) if isinstance(each, JournalEvent)), None)
    if first_index is None or journal.coverage_start is None or row.created <= journal.coverage_start:
        return None
    first_event, before = records[first_index], records[:first_index]
    if not isinstance(first_event, JournalEvent) or first_event.at != row.created:
        return None
    # On the wall clock, deleted ticks are before the contact's first event and do not move its clock.
    if journal.clock == "events" and not any(isinstance(each, Tick) for each in before):
        return None
    if any(isinstance(each, Marker) for each in before):
        return list(records)
    marker = _unchanged_release_marker(question.account, journal)
    return None if marker is None else [marker, *records]


def _unchanged_release_marker(account: str, journal: TruncatedJournal) -> Marker | None:
    """Returns the deleted marker of the one release that decided all remaining records; None where it is not one."""
    status = journal.partition_status
    number = status.releases.get(account)
    has_changed = any(isinstance(each, Marker | Proposal | Slice) for each in journal.records)
    if number is None or has_changed or account in status.proposed:
        return None
    return Marker(account, number, offset=0, hash="", at=None, semantics=OLDEST_VERSION)


def _remaining_events(
    question: Question, journal: TruncatedJournal, parameters: EngineParameters
) -> tuple[JournalEvent, ...]:
    """Returns the contact's remaining events without repeats."""
    timeline = ContactTimeline(question.account, question.contact, parameters)
    timeline.start()
    timeline.replay(journal.records, None)
    return tuple(timeline.applied_events)


def _coverage_text(journal: TruncatedJournal) -> str:
    if journal.coverage_start is None:
        return "nothing of it is left that tells a time"
    return f"the journal speaks from {instant_text(journal.coverage_start)} on"
