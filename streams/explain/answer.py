"""Builds explanations of a contact in a segment or campaign: now from its row, at an instant from the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.engine.journal.records import JournalEvent, JournalRecord
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.state.contact import Contact
from streams.errors import DataError, UsageError
from streams.explain.campaign import CampaignSubject
from streams.explain.segment import SegmentSubject
from streams.explain.snapshot import TimelineSnapshot, take_snapshot
from streams.explain.timeline import ContactTimeline, EngineParameters
from streams.hints import suggestion
from streams.store.contact_view import settled_instant

Explanation = dict[str, Any]
ExplainSubject = SegmentSubject | CampaignSubject


@dataclass(frozen=True, slots=True)
class Question:
    """A contact and the segment or campaign `subject`; where both have the name, `prefers_campaign` picks one."""

    account: str
    contact: str
    subject: str
    prefers_campaign: bool = False


def explain_from_state(
    question: Question,
    contact: Contact | None,
    partition_status: PartitionStatus,
    parameters: EngineParameters,
    events: tuple[JournalEvent, ...] | None = None,
) -> Explanation:
    """Explains the contact's row; each leaf names those of `events` that are relevant to it.

    Raises UsageError for an unknown subject, DataError without definitions.
    """
    if contact is None:
        return _unknown_contact(question, None)
    subject = _resolve_subject(question, contact.release, parameters)
    timeline = ContactTimeline(question.account, question.contact, parameters)
    timeline.restore(contact, settled_instant(contact, partition_status))
    tracked_values = subject.tracked_values()
    timeline.track(tracked_values)
    return _build_explanation(question, subject, take_snapshot(timeline, tracked_values, events), "state")


def explain_from_journal(
    question: Question, records: Sequence[JournalRecord], until: int | None, parameters: EngineParameters
) -> Explanation:
    """Explains the contact at `until` (ms) from its journal `records`; None is the contact's clock.

    Raises UsageError for an unknown subject, DataError where no definitions were in force then.
    """
    whole_timeline = _replay_timeline(question, records, until, parameters, None)
    if whole_timeline.contact() is None:
        return _unknown_contact(question, until, whole_timeline.first_effective)
    subject = _resolve_subject(question, whole_timeline.release_number(), parameters)
    timeline = _replay_timeline(question, records, until, parameters, subject)
    snapshot = take_snapshot(timeline, subject.tracked_values(), tuple(timeline.applied_events), from_journal=True)
    answer = _build_explanation(question, subject, snapshot, "journal")
    if until is not None and not timeline.has_later_records:
        answer["notes"].append("the journal ends before that instant: this is what time alone makes of it")
    return answer


def _replay_timeline(
    question: Question,
    records: Sequence[JournalRecord],
    until: int | None,
    parameters: EngineParameters,
    subject: ExplainSubject | None,
) -> ContactTimeline:
    tracked_values = subject.tracked_values() if subject is not None else ()
    timeline = ContactTimeline(question.account, question.contact, parameters, tracked_values)
    timeline.start()
    timeline.replay(records, until)
    return timeline


def _resolve_subject(question: Question, release: int, parameters: EngineParameters) -> ExplainSubject:
    if not release:
        raise DataError(f"account {question.account!r} had no definitions in force then")
    definitions = parameters.definitions_lookup(question.account, release)
    subject = _find_subject(question, definitions)
    if subject is None:
        names = [*(each.id for each in definitions.segments), *(each.id for each in definitions.campaigns)]
        hint = suggestion(question.subject, names)
        raise UsageError(f"release {release} has no segment or campaign {question.subject!r}{hint}")
    return subject


def _find_subject(question: Question, definitions: Definitions) -> ExplainSubject | None:
    segment = next((each for each in definitions.segments if each.id == question.subject), None)
    campaign = next((each for each in definitions.campaigns if each.id == question.subject), None)
    if campaign is not None and (question.prefers_campaign or segment is None):
        return CampaignSubject(campaign, definitions)
    return SegmentSubject(segment, definitions) if segment is not None and not question.prefers_campaign else None


def _build_explanation(
    question: Question, subject: ExplainSubject, snapshot: TimelineSnapshot, source: str
) -> Explanation:
    contact = snapshot.view.contact
    notes = []
    if snapshot.horizon is not None:
        notes.append(f"next changes are looked for up to {instant_text(snapshot.horizon)}")
    if contact.flags:
        notes.append("a bound of what is kept of a contact was reached: counts that old events decide may be too low")
    return {
        "account": question.account,
        "contact": question.contact,
        "known": True,
        "status": contact.status,
        "at": instant_text(snapshot.view.now),
        "source": source,
        "release": snapshot.release,
        **subject.explain(snapshot),
        "flags": contact.flags,
        "notes": notes,
    }


def _unknown_contact(question: Question, at: int | None, first_effective: int | None = None) -> Explanation:
    instants = {} if at is None else {"at": instant_text(at)}
    if first_effective is not None:
        instants["first_known"] = instant_text(first_effective)
    return {"account": question.account, "contact": question.contact, "known": False, **instants}
