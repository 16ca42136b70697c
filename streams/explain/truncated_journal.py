"""Explains a contact whose journal partition lost its beginning, as far as what is left allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.values import instant_text
from streams.engine.journal.records import JournalEvent, JournalRecord, Marker, Proposal, Slice, Tick
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.state.contact import Contact
from streams.engine.version import ENGINE_VERSION
from streams.errors import JournalTruncated
from streams.explain.answer import Explanation, Question, explain_from_journal, explain_from_state
from streams.explain.timeline import ContactTimeline, EngineParameters
from streams.settings import Clock


@dataclass(frozen=True, slots=True)
class TruncatedJournal:
    """`records` are the contact's records that are left up to where `contact` is decided.

    `coverage_start` (ms): whatever is gone was no later; None where nothing that is left tells an instant.
    """

    records: Sequence[JournalRecord]
    coverage_start: int | None
    clock: Clock
    contact: Contact | None
    partition_status: PartitionStatus


def explain_from_truncated(
    question: Question, journal: TruncatedJournal, until: int | None, parameters: EngineParameters
) -> Explanation:
    """From the journal where the contact's whole life is left; else the present, from its row and what is left.

    Raises JournalTruncated for a past instant that cannot be rebuilt, and what `from_journal` and `from_state` raise.
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
    """All that decided the contact, from before its first record on; None where something of it is gone.

    A contact made after the journal's beginning has all its records in it. What was said to all contacts before that
    has to be known, too: the release in force and the time told.
    """
    records, row = journal.records, journal.contact
    if row is None:
        return list(records)  # a contact without a row has no records
    first = next((index for index, entry in enumerate(records) if isinstance(entry, JournalEvent)), None)
    if first is None or journal.coverage_start is None or row.created <= journal.coverage_start:
        return None
    first_event, before = records[first], records[:first]
    if not isinstance(first_event, JournalEvent) or first_event.at != row.created:
        return None
    # On the wall clock time told before the beginning is before the contact's first record, and moves nothing.
    if journal.clock == "events" and not any(isinstance(entry, Tick) for entry in before):
        return None
    if any(isinstance(entry, Marker) for entry in before):
        return list(records)
    marker = _unchanged_release_marker(question.account, journal)
    return None if marker is None else [marker, *records]


def _unchanged_release_marker(account: str, journal: TruncatedJournal) -> Marker | None:
    """The marker, now gone, of the release that decided since before all that is left; None for none or more."""
    status = journal.partition_status
    number = status.releases.get(account)
    changed = any(isinstance(entry, Marker | Proposal | Slice) for entry in journal.records)
    if number is None or changed or account in status.proposed:
        return None
    return Marker(account, number, offset=0, hash="", at=None, semantics=ENGINE_VERSION)


def _remaining_events(
    question: Question, journal: TruncatedJournal, parameters: EngineParameters
) -> tuple[JournalEvent, ...]:
    """The contact's events that are left, each once."""
    timeline = ContactTimeline(question.account, question.contact, parameters)
    timeline.start()
    timeline.replay(journal.records, None)
    return tuple(timeline.applied_events)


def _coverage_text(journal: TruncatedJournal) -> str:
    if journal.coverage_start is None:
        return "nothing of it is left that tells a time"
    return f"the journal speaks from {instant_text(journal.coverage_start)} on"
