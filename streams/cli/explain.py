"""`leadstream explain`: why a contact is in a segment, or where its lead stands, leaf by leaf."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import msgspec
import typer

from schemas.values import instant_ms
from streams.cli.common import (
    BootstrapOption,
    JsonOption,
    PrefixOption,
    ProgressCallback,
    progress_bar,
    settings_from,
    write_json,
    write_line,
)
from streams.engine.journal.records import JournalRecord, event_key
from streams.engine.state.contact import Contact
from streams.errors import UsageError
from streams.explain.answer import Explanation, Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.text import explanation_lines
from streams.explain.timeline import EngineParameters
from streams.explain.truncated_journal import TruncatedJournal, explain_from_truncated
from streams.settings import Settings
from streams.store.retention import truncated_partitions
from streams.store.store import DeploymentStore, SlotSnapshot, open_store

ContactArgument = Annotated[str, typer.Argument(metavar="CONTACT", help="A contact id.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="SEGMENT|CAMPAIGN", help="A segment or a campaign.")]
ExplainAccountOption = Annotated[str, typer.Option("--account", help="Whose contact it is.")]
AsCampaignOption = Annotated[
    bool, typer.Option("--campaign", help="The campaign, where a segment has that name, too.")
]
ExplainAtOption = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As it was then: scans the contact's journal partition.")
]
ExplainJournalOption = Annotated[
    bool, typer.Option("--journal", help="As it is now, with the events and past changes: scans the same.")
]


def register(app: typer.Typer) -> None:
    """Adds the command `explain`."""
    app.command("explain")(explain)


def explain(
    contact: ContactArgument,
    subject: SubjectArgument,
    *,
    account: ExplainAccountOption = "default",
    campaign: AsCampaignOption = False,
    at: ExplainAtOption = None,
    journal: ExplainJournalOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why a contact is in a segment or not, or where its lead stands: every leaf, its value, its times."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    question = Question(account, contact, subject, campaign)
    until = _parse_at(at)
    with progress_bar(quiet=as_json) as advance:
        if journal or until is not None:
            answer = asyncio.run(_explain_from_journal(settings, question, until, advance))
        else:
            answer = asyncio.run(_explain_from_state(settings, question, advance))
    if as_json:
        write_json(answer)
        return
    for line in explanation_lines(answer):
        write_line(line)


async def _explain_from_state(settings: Settings, question: Question, on_progress: ProgressCallback) -> Explanation:
    async with open_store(settings) as store:
        row, slot = await _read_contact(store, question, on_progress)
        return explain_from_state(question, row, slot.partition_status, await _engine_parameters(settings, store))


async def _explain_from_journal(
    settings: Settings, question: Question, until: int | None, on_progress: ProgressCallback
) -> Explanation:
    async with open_store(settings) as store:
        number = store.slot_number(event_key(question.account, question.contact))
        gone = await truncated_partitions(store, question.account)
        if number in gone:
            row, slot = await _read_contact(store, question, on_progress)
            entries = await _read_records(store, question, on_progress, slot.decided_offset(number))
            remains = TruncatedJournal(entries, gone[number], store.deployment.clock, row, slot.partition_status)
            return explain_from_truncated(question, remains, until, await _engine_parameters(settings, store))
        entries = await _read_records(store, question, on_progress, None)
        # The definitions are read last: whatever release the journal names stands there by then.
        return explain_from_journal(question, entries, until, await _engine_parameters(settings, store))


async def _read_contact(
    store: DeploymentStore, question: Question, on_progress: ProgressCallback
) -> tuple[Contact | None, SlotSnapshot]:
    """The contact's row, and the slot that it stands in."""
    key = event_key(question.account, question.contact)
    slot = await store.read_slot(
        store.slot_number(key), key.__eq__, partial(on_progress, "reading the contact's row")
    )
    found = slot.rows.get(key)
    return None if found is None else msgspec.json.decode(found, type=Contact), slot


async def _read_records(
    store: DeploymentStore, question: Question, on_progress: ProgressCallback, end: int | None
) -> list[JournalRecord]:
    """What the journal holds of the contact, up to the offset `end` or the end now."""
    key = event_key(question.account, question.contact)
    past = ContactRecords(question.account, question.contact)
    scanning = partial(on_progress, "scanning the journal")
    async for _offset, _key, value in store.read_journal(store.slot_number(key), past.is_relevant, scanning, end):
        past.feed(value)
    return past.records


async def _engine_parameters(settings: Settings, store: DeploymentStore) -> EngineParameters:
    releases = await store.read_releases()
    return EngineParameters(releases.definitions, settings.engine)


def _parse_at(text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error
