"""`leadstream dead-letters show`: one letter as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from schemas.values import instant_text
from streams.cli.console import write_json, write_line
from streams.cli.dead_letters.filters import printable
from streams.cli.dead_letters.table import mark_fields
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.clock import now_ms
from streams.engine.journal.refusal_codes import REFUSAL_CODES
from streams.store.dead_letters.advice import advice_for
from streams.store.dead_letters.edit import NO_EDIT
from streams.store.dead_letters.letter import Letter, LetterCoordinates, event_owner, owner_field
from streams.store.dead_letters.marks import RetryMark
from streams.store.dead_letters.reader import open_letters
from streams.store.dead_letters.repair import Hindrance
from streams.store.dead_letters.retry import open_builder

if TYPE_CHECKING:
    from streams.settings import Settings

CoordinatesArgument = Annotated[
    str, typer.Argument(metavar="PARTITION:OFFSET", help="The letter, as `dead-letters list` names it.")
]


def show(
    coordinates: CoordinatesArgument,
    *,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter: what was refused, why, where it came from, and what can be done about it."""
    place = LetterCoordinates.parse(coordinates)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    letter, mark, hindrance = asyncio.run(_read(settings, place))
    if as_json:
        write_json(
            {
                **letter.to_dict(),
                "meaning": REFUSAL_CODES.get(letter.code),
                "advice": advice_for(letter.code),
                "retried": mark_fields(mark),
                "hindrance": None if hindrance is None else {"kind": hindrance.kind, "reason": hindrance.reason},
            }
        )
        return
    for line in _lines(letter, mark, hindrance):
        write_line(line)


async def _read(settings: Settings, place: LetterCoordinates) -> tuple[Letter, RetryMark | None, Hindrance | None]:
    builder = await open_builder(settings)
    async with open_letters(settings) as letters:
        letter = await letters.require(place)
        outcome = builder.build(letter, NO_EDIT, now_ms())
        return letter, letters.marks.mark_of(letter), outcome if isinstance(outcome, Hindrance) else None


def _lines(letter: Letter, mark: RetryMark | None, hindrance: Hindrance | None) -> Iterator[str]:
    yield f"dead letter  {letter.coordinates}, written {instant_text(letter.timestamp)}"
    yield f"refused      {letter.code}: {printable(letter.message)}"
    if letter.code in REFUSAL_CODES:
        yield f"which means  {REFUSAL_CODES[letter.code]}"
    if letter.source is not None:
        topic, partition, offset = letter.source
        stage = (
            "accepted into the journal, and refused when it was decided" if letter.is_of_decision else "as received"
        )
        yield f"came from    {topic}:{partition} offset {offset}; {stage}"
    yield f"whose        account {letter.account or 'unknown'}, {_owner_text(letter)}"
    if mark is not None:
        yield f"sent again   {mark.at} as {mark.id}{', edited' if mark.is_edited else ''}"
    elif hindrance is None:
        yield f"what to do   {advice_for(letter.code)}"
    elif hindrance.kind == "never":
        yield f"what to do   nothing: it cannot be sent again, {hindrance.reason}"
    else:
        yield f"what to do   {advice_for(letter.code)}"
        yield f"             sent as it is, it would be refused again: {printable(hindrance.reason)}"
    for name, value in letter.headers:
        yield f"header       {printable(name)}: {printable((value or b'').decode(errors='replace'))}"
    yield ""
    yield from _body_lines(letter)


def _body_lines(letter: Letter) -> Iterator[str]:
    """The event as indented JSON; what is none as text."""
    text = (letter.value or b"").decode(errors="replace")
    if letter.event is not None:
        text = msgspec.json.format(msgspec.json.encode(letter.event), indent=2).decode()
    return map(printable, text.splitlines())


def _owner_text(letter: Letter) -> str:
    event = letter.event or {}
    if owner_field(event) == "opportunity":
        return f"opportunity {printable(event_owner(event) or 'unknown')}"
    return f"contact {printable(letter.contact or 'unknown')}"
