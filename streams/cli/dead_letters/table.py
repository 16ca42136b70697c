"""`leadstream dead-letters list`: the letters that are kept, and how many there are of each code."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import instant_text
from streams.cli.console import plural, progress_bar, write_columns, write_json, write_note
from streams.cli.dead_letters.filters import (
    CodeOption,
    LetterAccountOption,
    LetterContactOption,
    SinceOption,
    SourceTopicOption,
    UntilOption,
    build_selection,
    printable,
    with_contact_ids,
)
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.cli.outputs.pages import DEFAULT_LIMIT
from streams.store.dead_letters.letter import Letter
from streams.store.dead_letters.marks import RetryMark
from streams.store.dead_letters.reader import open_letters
from streams.store.dead_letters.selection import LetterSelection

if TYPE_CHECKING:
    from streams.progress import ProgressCallback
    from streams.settings import Settings

RetriedOption = Annotated[
    bool | None, typer.Option("--retried/--not-retried", help="Only those that were sent again, or were not.")
]
NewestOption = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="How many of the newest to show.")]


@dataclass(slots=True)
class _Letters:
    newest: deque[tuple[Letter, RetryMark | None]]
    by_code: Counter[str] = field(default_factory=Counter)
    retried_count: int = 0


def list_letters(
    *,
    code: CodeOption = None,
    topic: SourceTopicOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    account: LetterAccountOption = None,
    contact: LetterContactOption = None,
    is_retried: RetriedOption = None,
    limit: NewestOption = DEFAULT_LIMIT,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was refused, the newest last: when, why, whose and from where; with counts by code.

    Scans the topic `dead-letters`, from --since on where it is given. The counts are of all letters that fit.
    """
    selection = build_selection(
        codes=code,
        topics=topic,
        since=since,
        until=until,
        account=account,
        contact=contact,
        is_retried=is_retried,
    )
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        letters = asyncio.run(_read(settings, selection, limit, advance))
    counts = dict(letters.by_code.most_common())
    if as_json:
        rows = [{**letter.to_dict(), "retried": mark_fields(mark)} for letter, mark in letters.newest]
        write_json(
            {"count": letters.by_code.total(), "retried": letters.retried_count, "by_code": counts, "letters": rows}
        )
        return
    write_columns([_columns(letter, mark) for letter, mark in letters.newest])
    total = letters.by_code.total()
    codes = ", ".join(f"{name} {count}" for name, count in counts.items())
    retried = f"; {letters.retried_count} of them sent again" if letters.retried_count else ""
    shown = f"the newest {len(letters.newest)} of " if len(letters.newest) < total else ""
    write_note(f"{shown}{plural(total, 'dead letter')}" + (f" ({codes}){retried}" if total else ""))


def mark_fields(mark: RetryMark | None) -> dict[str, object] | None:
    """A mark as JSON values; None for a letter that was not sent again."""
    return None if mark is None else {"at": mark.at, "id": mark.id, "edited": mark.is_edited}


async def _read(
    settings: Settings, selection: LetterSelection, limit: int, on_progress: ProgressCallback
) -> _Letters:
    found = _Letters(deque(maxlen=limit))
    selection = await with_contact_ids(settings, selection)
    async with open_letters(settings) as letters:
        async for letter in letters.read(selection, "reading dead letters", on_progress):
            mark = letters.marks.mark_of(letter)
            found.newest.append((letter, mark))
            found.by_code[letter.code] += 1
            found.retried_count += mark is not None
    return found


def _columns(letter: Letter, mark: RetryMark | None) -> list[str]:
    source = "-" if letter.source is None else f"{letter.source[0]}:{letter.source[1]}:{letter.source[2]}"
    whose = letter.contact or "-"
    if letter.account not in (None, DEFAULT_ACCOUNT):
        whose = f"{letter.account}/{whose}"
    message = printable(letter.message)
    return [
        str(letter.coordinates),
        instant_text(letter.timestamp),
        letter.code,
        printable(whose)[:40],
        source,
        message if len(message) <= 100 else message[:97] + "...",
        "" if mark is None else f"[sent again {mark.at}]",
    ]
