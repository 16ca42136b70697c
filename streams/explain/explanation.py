"""Explains a contact from its row in a deployment, or from its journal partition."""

from __future__ import annotations

from dataclasses import replace

from schemas.definitions import Definitions
from streams.engine.journal.records import JournalRecord, event_key
from streams.engine.state.contact import Contact, decode_contact
from streams.explain.answer import Explanation, Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.timeline import EngineParameters
from streams.explain.truncated_journal import TruncatedJournal, explain_from_truncated
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.retention import truncated_partitions
from streams.store.store import DeploymentStore, SlotSnapshot, open_store


async def explain_present(settings: Settings, question: Question, on_progress: ProgressCallback) -> Explanation:
    """Returns what holds now, from the contact's row.

    Raises UsageError for an unknown subject, DataError without definitions, TopicsMissing, BrokerUnavailable.
    """
    async with open_store(settings) as store:
        question = replace(question, contact=store.deployment.contact_id(question.contact))
        contact, slot = await _read_contact(store, question, on_progress)
        parameters = await _read_parameters(store)
        explanation = explain_from_state(question, contact, slot.partition_status, parameters)
        return await _with_notes(store, explanation)


async def explain_past(
    settings: Settings, question: Question, until: int | None, on_progress: ProgressCallback
) -> Explanation:
    """Returns what held at `until` (ms; None: now), with events and past changes, from the contact's journal.

    Raises what `explain_present` raises, and JournalTruncated for an instant that needs deleted records.
    """
    async with open_store(settings) as store:
        question = replace(question, contact=store.deployment.contact_id(question.contact))
        number = store.slot_number(event_key(question.account, question.contact))
        truncated = await truncated_partitions(store, question.account)
        if number in truncated:
            contact, slot = await _read_contact(store, question, on_progress)
            records = await _read_records(store, question, on_progress, slot.decided_offset(number))
            journal = TruncatedJournal(
                records, truncated[number], store.deployment.clock, contact, slot.partition_status
            )
            explanation = explain_from_truncated(question, journal, until, await _read_parameters(store))
            return await _with_notes(store, explanation)
        records = await _read_records(store, question, on_progress, None)
        # Read the definitions last: they then hold every release that the journal names.
        explanation = explain_from_journal(question, records, until, await _read_parameters(store))
        return await _with_notes(store, explanation)


async def _with_notes(store: DeploymentStore, explanation: Explanation) -> Explanation:
    """Adds what else an operator should know to the notes."""
    explanation = await _with_gaps(store, explanation)
    return explanation if explanation["known"] else await _with_order_hint(store, explanation)


async def _with_order_hint(store: DeploymentStore, explanation: Explanation) -> Explanation:
    """Adds a note where the unknown contact has the name of a segment or campaign: most likely both are swapped."""
    release = (await store.read_releases()).latest(explanation["account"])
    name = explanation["contact"]
    definitions = Definitions() if release is None else release.definitions
    if name in {*(each.id for each in definitions.segments), *(each.id for each in definitions.campaigns)}:
        note = f"{name} is a segment or campaign: the contact comes first, `explain CONTACT {name}`"
        explanation["notes"] = [*explanation.get("notes", ()), note]
    return explanation


async def _with_gaps(store: DeploymentStore, explanation: Explanation) -> Explanation:
    """Adds a note on what is gone of in-topics: whose events it held, nobody knows."""
    gaps = [f"events of the contact may be among what is gone of {each}" for each in await store.read_gaps()]
    if gaps:
        explanation["notes"] = [*explanation.get("notes", ()), *gaps]
    return explanation


async def _read_contact(
    store: DeploymentStore, question: Question, on_progress: ProgressCallback
) -> tuple[Contact | None, SlotSnapshot]:
    """Returns the contact's row, None where there is none, and the slot that holds it."""
    key = event_key(question.account, question.contact)
    slot = await store.read_slot(store.slot_number(key), key.__eq__, "reading the contact's row", on_progress)
    row = slot.rows.get(key)
    return None if row is None else decode_contact(row), slot


async def _read_records(
    store: DeploymentStore, question: Question, on_progress: ProgressCallback, end: int | None
) -> list[JournalRecord]:
    """Returns the contact's journal records before the offset `end`; None is the present end."""
    number = store.slot_number(event_key(question.account, question.contact))
    collector = ContactRecords(question.account, question.contact)
    async for _offset, _key, value in store.read_journal(
        number, collector.is_relevant, "scanning the journal", on_progress, end=end
    ):
        collector.feed(value)
    return collector.records


async def _read_parameters(store: DeploymentStore) -> EngineParameters:
    releases = await store.read_releases()
    return EngineParameters(releases.definitions, store.settings.engine)
