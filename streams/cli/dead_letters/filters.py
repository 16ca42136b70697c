"""The options that say which dead letters are meant, and letters as text for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.options import parse_account, parse_time_option
from streams.engine.journal.refusal_codes import REFUSAL_CODES
from streams.errors import UsageError
from streams.hints import suggestion
from streams.kafka.deployment import require_deployment
from streams.store.dead_letters.letter import LetterCoordinates
from streams.store.dead_letters.selection import SOURCE_TOPICS, LetterSelection

if TYPE_CHECKING:
    from streams.settings import Settings

CodeOption = Annotated[list[str] | None, typer.Option("--code", help="Only with this code; may be repeated.")]
SourceTopicOption = Annotated[
    list[str] | None, typer.Option("--topic", help="Only from this in-topic; may be repeated.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only those written at this instant or later.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only those written before.")]
LetterAccountOption = Annotated[str | None, typer.Option("--account", help="Only events of this account.")]
LetterContactOption = Annotated[str | None, typer.Option("--contact", help="Only events of this contact.")]


def build_selection(
    *,
    codes: Sequence[str] | None,
    topics: Sequence[str] | None,
    since: str | None,
    until: str | None,
    account: str | None,
    contact: str | None,
    coordinates: Iterable[str] = (),
    is_retried: bool | None = None,
) -> LetterSelection:
    """What the options ask for. Raises UsageError for a code, a topic, a time or a letter that cannot be."""
    _require_names("--code", codes, [*REFUSAL_CODES, "unknown"])
    _require_names("--topic", topics, SOURCE_TOPICS)
    return LetterSelection(
        codes=frozenset(codes or ()),
        topics=frozenset(topics or ()),
        since=parse_time_option("--since", since),
        until=parse_time_option("--until", until),
        account=None if account is None else parse_account(account),
        contact=contact,
        coordinates=frozenset(map(LetterCoordinates.parse, coordinates)),
        is_retried=is_retried,
    )


async def with_contact_ids(settings: Settings, selection: LetterSelection) -> LetterSelection:
    """The selection, which finds a contact however its id is written, where the deployment normalizes ids."""
    return selection if selection.contact is None else selection.in_deployment(await require_deployment(settings))


def printable(text: str) -> str:
    """The text on one line, without what a terminal would obey."""
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def _require_names(option: str, names: Sequence[str] | None, known: Collection[str]) -> None:
    for name in names or ():
        if name not in known:
            raise UsageError(f"{option}: there is no {option.removeprefix('--')} {name!r}{suggestion(name, known)}")
