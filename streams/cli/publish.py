"""`leadstream publish`: events from files onto their topics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from schemas.values import instant_ms
from streams.cli.common import (
    AsJson,
    Bootstrap,
    Prefix,
    account_name,
    counted,
    human,
    progress,
    settings_from,
    write_json,
    write_line,
)
from streams.cli.csv_options import At, CsvOptions, Delimiter, Map, MappingFile
from streams.errors import DataError, TopicsMissing, UsageError
from streams.kafka.deployment import read_deployment
from streams.publish.access_log import AccessLog
from streams.publish.csv import csv_items
from streams.publish.lines import Item, access_log_items, json_items, over_all, read_lines
from streams.publish.producer import Sender
from streams.publish.publisher import Publisher, Report
from streams.settings import Settings
from streams.store.journal_follower import JournalFollower
from streams.store.releases import Releases


class Format(StrEnum):
    """What the lines of the files are."""

    JSONL = "jsonl"
    ACCESS_LOG = "access-log"
    CSV = "csv"


class As(StrEnum):
    """What the client addresses of an access log are."""

    CONTACT = "contact"
    VISITOR = "visitor"


Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, gzipped or not; - is standard input.")]
FormatOption = Annotated[Format, typer.Option("--format", help="What the lines are.")]
AsOption = Annotated[As, typer.Option("--as", help="What the addresses of an access log are.")]
AccountOption = Annotated[
    str, typer.Option("--account", help="Whose visits or contacts an access log or CSV tells of.")
]
Ordered = Annotated[
    bool, typer.Option("--ordered", help="Keep each contact's order across topics, waiting for the journal.")
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Pass over what is later; on the events clock, tell this time."),
]
Patience = Annotated[float, typer.Option("--patience", help="Seconds to wait for a journal that stands still.")]


@dataclass(frozen=True, slots=True)
class _How:
    """`until` in ms, `patience` in seconds; `account` is whose all lines are, None where each line says it."""

    ordered: bool
    until: int | None
    patience: float
    account: str | None


def register(app: typer.Typer) -> None:
    """Adds the command `publish`."""
    app.command("publish")(publish)


def publish(
    files: Files,
    *,
    format_: FormatOption = Format.JSONL,
    as_: AsOption = As.CONTACT,
    account: AccountOption = "default",
    ordered: Ordered = False,
    until: Until = None,
    patience: Patience = 60.0,
    mapping: MappingFile = None,
    map_: Map = None,
    delimiter: Delimiter = ",",
    at: At = None,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Publish events from files; the exit code is 65 when a line of JSON or a row of CSV could not be published."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    end = _instant(until)
    account = account_name(account)
    of_csv = CsvOptions(mapping, map_, delimiter, at)
    if format_ is not Format.CSV:
        of_csv.refuse()
    rows = of_csv.rows(settings, account) if format_ is Format.CSV else None
    with progress(quiet=as_json) as advance:
        read = over_all(files, partial(advance, "publishing"))
        if rows is not None:
            items = csv_items(files, rows, delimiter, read)
        elif format_ is Format.ACCESS_LOG:
            items = access_log_items(read_lines(files, read), AccessLog(as_.value, account))
        else:
            items = json_items(read_lines(files, read))
        named = None if format_ is Format.JSONL else account
        report = asyncio.run(_publish(settings, items, _How(ordered, end, patience, named)))
    if report.broken_off is None or report.published or report.refused:
        _show(report, as_json)
    if report.broken_off is not None:
        raise report.broken_off
    # A log of the real world has lines that are no visits; other files have none that are meant to be lost.
    if report.refused and format_ is not Format.ACCESS_LOG:
        raise typer.Exit(DataError.exit_code)


async def _publish(settings: Settings, items: Iterator[Item], how: _How) -> Report:
    async with AsyncExitStack() as stack:
        sender = await stack.enter_async_context(Sender(settings))
        deployment = await read_deployment(settings.bootstrap, settings.prefix)
        if deployment is None:
            raise TopicsMissing("these topics were not made by Leadstream; `leadstream topics create` finishes them")
        releases = Releases(settings, deployment.clock)
        journal = await stack.enter_async_context(JournalFollower(settings)) if how.ordered else None
        publisher = Publisher(
            sender,
            tells_time=deployment.clock == "events",
            releases=releases,
            journal=journal,
            patience=how.patience,
        )
        await publisher.publish(items, how.until)
        if publisher.report.broken_off is None:  # else the rest may still come, and would be late
            await publisher.close_time(how.until)
        if publisher.report.published and how.account is not None and await releases.latest(how.account) is None:
            _warn_of(how.account)
        return publisher.report


def _warn_of(account: str) -> None:
    """A name mistyped would make contacts that nobody looks for."""
    human().print(
        f"warning: account {account!r} has no definitions yet; its contacts are in no segment until it has some",
        markup=False,
        soft_wrap=True,
    )


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--until: {error}") from error


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "published": report.published,
                "topics": report.by_topic,
                "clock_lines": report.clock_lines,
                "releases": report.releases,
                "passed_over": report.passed_over,
                "refused": report.refused,
                "refused_lines": [{"where": line.where, "reason": line.reason} for line in report.reasons],
            }
        )
        return
    console = human()
    for line in report.reasons:
        console.print(f"not published: {line.where}: {line.reason}", markup=False, soft_wrap=True)
    more = report.refused - sum(line.lines for line in report.reasons)
    if more:
        console.print(f"not published: {counted(more, 'more line')}")
    parts = [f"{counted(report.published, 'event')} published"]
    if report.passed_over:
        parts.append(f"{counted(report.passed_over, 'later line')} passed over")
    if report.refused:
        parts.append(f"{counted(report.refused, 'line')} not published")
    write_line(", ".join(parts))
