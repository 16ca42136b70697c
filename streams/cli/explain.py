"""`leadstream explain`: why a contact is in a segment, or where its lead stands, leaf by leaf."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import msgspec
import typer

from schemas.values import instant_ms
from streams.cli.common import Advance, AsJson, Bootstrap, Prefix, progress, settings_from, write_json, write_line
from streams.engine.journal.records import Record, event_key
from streams.engine.state.contact import Contact
from streams.engine.state.deduplication import Memory
from streams.errors import UsageError
from streams.explain.answer import Answer, Question, from_journal, from_state
from streams.explain.contact_records import Past
from streams.explain.text import lines_of
from streams.explain.timeline import Rules
from streams.explain.truncated_journal import Remains, from_remains
from streams.settings import Settings
from streams.store.retention import beginnings_gone
from streams.store.store import Slot, Store, opened

ContactArgument = Annotated[str, typer.Argument(metavar="CONTACT", help="A contact id.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="SEGMENT|CAMPAIGN", help="A segment or a campaign.")]
AccountOption = Annotated[str, typer.Option("--account", help="Whose contact it is.")]
AsCampaign = Annotated[bool, typer.Option("--campaign", help="The campaign, where a segment has that name, too.")]
At = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="As it was then: scans the contact's journal partition.")
]
FromJournal = Annotated[
    bool, typer.Option("--journal", help="As it is now, with the events and past changes: scans the same.")
]


def register(app: typer.Typer) -> None:
    """Adds the command `explain`."""
    app.command("explain")(explain)


def explain(
    contact: ContactArgument,
    subject: SubjectArgument,
    *,
    account: AccountOption = "default",
    campaign: AsCampaign = False,
    at: At = None,
    journal: FromJournal = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a contact is in a segment or not, or where its lead stands: every leaf, its value, its times."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    question = Question(account, contact, subject, campaign)
    until = _instant(at)
    with progress(quiet=as_json) as advance:
        if journal or until is not None:
            answer = asyncio.run(_from_journal(settings, question, until, advance))
        else:
            answer = asyncio.run(_from_state(settings, question, advance))
    if as_json:
        write_json(answer)
        return
    for line in lines_of(answer):
        write_line(line)


async def _from_state(settings: Settings, question: Question, advance: Advance) -> Answer:
    async with opened(settings) as store:
        row, slot = await _row(store, question, advance)
        return from_state(question, row, slot.standing, await _rules(settings, store))


async def _from_journal(settings: Settings, question: Question, until: int | None, advance: Advance) -> Answer:
    async with opened(settings) as store:
        number = store.slot_of(event_key(question.account, question.contact))
        gone = await beginnings_gone(store, question.account)
        if number in gone:
            row, slot = await _row(store, question, advance)
            entries = await _entries(store, question, advance, slot.decided(number))
            remains = Remains(entries, gone[number], store.deployment.clock, row, slot.standing)
            return from_remains(question, remains, until, await _rules(settings, store))
        entries = await _entries(store, question, advance, None)
        # The definitions are read last: whatever release the journal names stands there by then.
        return from_journal(question, entries, until, await _rules(settings, store))


async def _row(store: Store, question: Question, advance: Advance) -> tuple[Contact | None, Slot]:
    """The contact's row, and the slot that it stands in."""
    key = event_key(question.account, question.contact)
    slot = await store.slot(store.slot_of(key), key.__eq__, partial(advance, "reading the contact's row"))
    found = slot.rows.get(key)
    return None if found is None else msgspec.json.decode(found, type=Contact), slot


async def _entries(store: Store, question: Question, advance: Advance, end: int | None) -> list[Record]:
    """What the journal holds of the contact, up to the offset `end` or the end now."""
    key = event_key(question.account, question.contact)
    past = Past(question.account, question.contact)
    scanning = partial(advance, "scanning the journal")
    async for _offset, _key, value in store.journal(store.slot_of(key), past.wants, scanning, end):
        past.take(value)
    return past.entries


async def _rules(settings: Settings, store: Store) -> Rules:
    releases = await store.releases()
    memory = Memory(settings.repeat_ms, settings.repeat_ids)
    return Rules(lambda account, number: releases.get(account, number).content, memory, settings.lateness_ms)


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error
