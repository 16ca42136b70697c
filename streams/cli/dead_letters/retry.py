"""`leadstream dead-letters retry`: sends what was refused back to where it came from, mended or as it is, once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.console import plural, progress_bar, write_json, write_line, write_note
from streams.cli.dead_letters.editor import edit_letter
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
from streams.clock import now_ms
from streams.errors import DataError, UsageError
from streams.store.dead_letters.edit import LetterEdit, parse_assignment, parse_document, parse_path
from streams.store.dead_letters.letter import Letter
from streams.store.dead_letters.reader import open_letters
from streams.store.dead_letters.repair import Hindrance, RetryBuilder
from streams.store.dead_letters.retry import (
    RetryReport,
    examples_in_order,
    forecast_retry,
    open_builder,
    retry_letters,
)
from streams.store.dead_letters.selection import LetterSelection

if TYPE_CHECKING:
    from streams.settings import Settings

LettersArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PARTITION:OFFSET]...", help="These letters, as `dead-letters list` names them."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
EditOption = Annotated[bool, typer.Option("--edit", help="Open one letter's event in $VISUAL or $EDITOR first.")]
EditWithOption = Annotated[
    str | None,
    typer.Option("--edit-with", metavar="FILE", help="Send the event in this file for one letter; - is stdin."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Set a field in every event, `properties.employees=50`."),
]
UnsetOption = Annotated[
    list[str] | None, typer.Option("--unset", metavar="FIELD", help="Remove a field from every event.")
]


def retry(
    letters: LettersArgument = None,
    *,
    code: CodeOption = None,
    topic: SourceTopicOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    account: LetterAccountOption = None,
    contact: LetterContactOption = None,
    edit: EditOption = False,
    edit_with: EditWithOption = None,
    assignments: SetOption = None,
    removals: UnsetOption = None,
    yes: YesOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send refused events again, each once: those named, or all that fit the filters; it counts and asks.

    An event goes back to its in-topic under a new id; of a patch that was partly applied only the refused part. What
    would be refused again is counted and not sent. Ends with 1 when a letter that was named cannot be sent.
    """
    selection = build_selection(
        codes=code,
        topics=topic,
        since=since,
        until=until,
        account=account,
        contact=contact,
        coordinates=letters or (),
    )
    change = _parse_change(letters or (), edit, edit_with, assignments or (), removals or ())
    if as_json and not yes:
        raise UsageError("--json asks no question: add --yes")
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    if edit:
        change = _edit(settings, selection)
    report = _retry(settings, selection, change, yes=yes or edit, as_json=as_json)
    if letters and report.sent + report.repeats < len(selection.coordinates):
        raise typer.Exit(1)


def _parse_change(
    letters: Sequence[str], edit: bool, edit_with: str | None, assignments: Sequence[str], removals: Sequence[str]
) -> LetterEdit:
    has_fields = bool(assignments or removals)
    if edit + (edit_with is not None) + has_fields > 1:
        raise UsageError("use one of --edit, --edit-with, and --set with --unset")
    if (edit or edit_with is not None) and len(letters) != 1:
        raise UsageError("--edit and --edit-with mend one letter: name it, PARTITION:OFFSET; --set mends many alike")
    if edit_with is not None:
        return LetterEdit(document=parse_document(_read_file(edit_with), edit_with))
    return LetterEdit(None, [parse_assignment(each) for each in assignments], [parse_path(each) for each in removals])


def _read_file(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from error


def _edit(settings: Settings, selection: LetterSelection) -> LetterEdit:
    [place] = selection.coordinates

    async def read() -> tuple[Letter, RetryBuilder, bool]:
        builder = await open_builder(settings)
        async with open_letters(settings) as letters:
            letter = await letters.require(place)
            return letter, builder, letters.marks.mark_of(letter) is not None

    letter, builder, is_retried = asyncio.run(read())
    if is_retried:
        raise UsageError(f"{place} was sent again already; `leadstream dead-letters show {place}` tells as what")

    def check(edit: LetterEdit) -> str | None:
        outcome = builder.build(letter, edit, now_ms())
        if not isinstance(outcome, Hindrance):
            return None
        if outcome.kind == "never":
            raise UsageError(f"{place} cannot be sent again: {outcome.reason}")
        return outcome.reason

    check(LetterEdit())  # what can never be sent is not edited either
    return edit_letter(letter, check)


def _retry(
    settings: Settings, selection: LetterSelection, change: LetterEdit, *, yes: bool, as_json: bool
) -> RetryReport:
    selection = asyncio.run(with_contact_ids(settings, selection))
    with progress_bar(quiet=as_json) as advance:
        forecast = asyncio.run(forecast_retry(settings, selection, change, advance))
    missing = len(selection.coordinates) - forecast.sent - forecast.repeats - forecast.hindrances.total()
    if missing > 0 and not (selection.codes or selection.topics):
        raise UsageError("a letter that was named is not there (any more); `leadstream dead-letters list` shows them")
    if not as_json:
        _write_forecast(forecast)
    report = forecast
    if forecast.sent:
        if not yes:
            typer.confirm(f"send {plural(forecast.sent, 'event')} again?", abort=True, err=True)
        with progress_bar(quiet=as_json) as advance:
            report = asyncio.run(retry_letters(settings, selection, change, advance, ends=forecast.ends))
    if as_json:
        write_json(_to_dict(report))
    elif forecast.sent:
        write_line(f"{plural(report.sent, 'event')} sent again")
    return report


def _write_forecast(report: RetryReport) -> None:
    codes = ", ".join(f"{code} {count}" for code, count in report.by_code.most_common())
    topics = ", ".join(f"{count} to {topic}" for topic, count in report.by_topic.most_common())
    write_note(f"{plural(report.sent, 'letter')} to send again" + (f": {codes}; {topics}" if report.sent else ""))
    if report.repeats:
        write_note(f"{plural(report.repeats, 'letter')} sent again before: never twice")
    for kind, code, count, examples in examples_in_order(report):
        what = "cannot be sent" if kind == "never" else "would be refused again as it is"
        place, reason = examples[0]
        write_note(f"{plural(count, 'letter')} of {code}: {what}, for example {place}: {printable(reason)}")


def _to_dict(report: RetryReport) -> dict[str, Any]:
    return {
        "sent": report.sent,
        "sent_before": report.repeats,
        "by_code": dict(report.by_code.most_common()),
        "by_topic": dict(report.by_topic.most_common()),
        "ids": report.ids,
        "not_sent": [
            {
                "kind": kind,
                "code": code,
                "count": count,
                "examples": [{"letter": str(place), "reason": reason} for place, reason in examples],
            }
            for kind, code, count, examples in examples_in_order(report)
        ],
    }
