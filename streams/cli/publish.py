"""`leadstream publish`: publishes events from files on their topics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from streams.cli.console import plural, progress_bar, write_json, write_line, write_note
from streams.cli.csv_options import (
    CsvAtOption,
    CsvOptions,
    DateFormatOption,
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    IgnoreOption,
    ListSeparatorOption,
    LoadOption,
    MapOption,
    MappingFileOption,
    NormalizeCsvIdsOption,
    NullOption,
    ZoneOption,
)
from streams.cli.log_options import ClientFieldOption, LogFieldOption, LogFormatOption, LogOptions
from streams.cli.options import (
    BootstrapOption,
    JsonOption,
    PrefixOption,
    parse_account,
    parse_time_option,
    settings_from,
)
from streams.errors import DataError
from streams.kafka.deployment import require_deployment
from streams.publish.event_warnings import EventWarnings
from streams.publish.lines import (
    DefinitionsLine,
    ParsedLine,
    normalize_keys,
    parse_access_log,
    parse_json_lines,
    read_lines,
    total_progress,
)
from streams.publish.producer import EventProducer
from streams.publish.publisher import Publisher, PublishReport
from streams.settings import Clock, Settings
from streams.store.journal_follower import JournalFollower

if TYPE_CHECKING:
    from streams.publish.dry_run import DryRun
    from streams.store.releases import ReleaseRepository


class Format(StrEnum):
    """The format of the files."""

    JSONL = "jsonl"
    ACCESS_LOG = "access-log"
    CSV = "csv"


class AddressOwner(StrEnum):
    """What a client address of an access log stands for."""

    CONTACT = "contact"
    VISITOR = "visitor"


PublishFilesArgument = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Files, gzipped or not; - is standard input.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="What the lines are.")]
AddressOwnerOption = Annotated[AddressOwner, typer.Option("--as", help="What the addresses of an access log are.")]
PublishAccountOption = Annotated[
    str, typer.Option("--account", help="Whose visits or contacts an access log or CSV tells of.")
]
OrderedOption = Annotated[
    bool, typer.Option("--ordered", help="Keep each contact's order across topics, waiting for the journal.")
]
PublishUntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Pass over what is later; on the events clock, tell this time."),
]
PublishPatienceOption = Annotated[
    float, typer.Option("--patience", help="Seconds to wait for a journal that stands still.")
]

DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Send nothing; show the first events, and what would be refused.")
]


class _Warnings(Protocol):
    """What is probably wrong in what is published; it changes nothing of that."""

    def describe(self) -> Iterator[str]:
        """Yields what to show a person."""

    def to_list(self) -> list[dict[str, Any]]:
        """Returns the same for a machine."""


@dataclass(frozen=True, slots=True)
class _PublishOptions:
    """`until` is in ms, `patience` in seconds; `account` is None where each line names its own."""

    ordered: bool
    until: int | None
    patience: float
    account: str | None


def publish(
    files: PublishFilesArgument,
    *,
    format_: FormatOption = Format.JSONL,
    as_: AddressOwnerOption = AddressOwner.CONTACT,
    account: PublishAccountOption = "default",
    ordered: OrderedOption = False,
    until: PublishUntilOption = None,
    patience: PublishPatienceOption = 60.0,
    mapping: MappingFileOption = None,
    map_: MapOption = None,
    ignore: IgnoreOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    decimal: DecimalOption = None,
    date_format: DateFormatOption = None,
    zone: ZoneOption = None,
    list_separator: ListSeparatorOption = None,
    null: NullOption = None,
    normalize_ids: NormalizeCsvIdsOption = False,
    load: LoadOption = None,
    at: CsvAtOption = None,
    log_format: LogFormatOption = None,
    client_field: ClientFieldOption = None,
    log_field: LogFieldOption = None,
    dry_run: DryRunOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish events from files; the exit code is 65 if a JSON line, a CSV row or a whole log is not published."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    end = parse_time_option("--until", until)
    account = parse_account(account)
    csv_options = CsvOptions(
        mapping_file=mapping,
        column_pairs=map_,
        unread_columns=ignore,
        delimiter=delimiter,
        encoding=encoding,
        decimal=decimal,
        date_formats=date_format,
        zone=zone,
        list_separator=list_separator,
        null_words=null,
        normalize_ids=normalize_ids,
        load=load,
        at=at,
    )
    if format_ is not Format.CSV:
        csv_options.require_unused()
    log_options = LogOptions(log_format, client_field, log_field)
    if format_ is not Format.ACCESS_LOG:
        log_options.require_unused()
    csv_events = csv_options.event_builder(settings, account) if format_ is Format.CSV else None
    event_warnings = EventWarnings()
    warnings: _Warnings = event_warnings if csv_events is None else csv_events.null_cells
    with progress_bar(quiet=as_json) as advance:
        on_bytes_read = total_progress(files, "publishing", advance)
        if csv_events is not None:
            from streams.publish.csv.events import parse_csv_files  # noqa: PLC0415 - slow to import

            items = parse_csv_files(files, csv_events, on_bytes_read)
        elif format_ is Format.ACCESS_LOG:
            items = parse_access_log(read_lines(files, on_bytes_read), log_options.parser(as_.value, account))
        else:
            items = event_warnings.watch(parse_json_lines(read_lines(files, on_bytes_read)))
        account_of_all = None if format_ is Format.JSONL else account
        load_id = csv_events.load if csv_events is not None else None
        if dry_run:
            from streams.publish.dry_run import try_lines  # noqa: PLC0415 - slow to import, as a worker's checks are

            run = try_lines(items, end)
            report = run.report
        else:
            try:
                report = asyncio.run(
                    _publish(settings, items, _PublishOptions(ordered, end, patience, account_of_all))
                )
            except BaseException:  # whatever ended it, an interrupt too: the load may be continued
                _note_load(load_id)
                raise
    if dry_run:
        _write_dry_run(run, warnings, as_json)
    elif report.read_error is None or report.event_count or report.refused_count:
        _write_report(report, warnings, as_json, load_id)
    if report.event_count and not dry_run and (report.refused_count or report.read_error is not None):
        _note_load(load_id)
    if report.read_error is not None:
        raise report.read_error
    # A real access log has lines that are no visits, but not only such; in the other formats no line may be lost.
    if report.refused_count and (
        format_ is not Format.ACCESS_LOG or not (report.event_count or report.skipped_count)
    ):
        raise typer.Exit(DataError.exit_code)


class _Releases:
    """The releases of the deployment; what reads them is imported when they are asked for, which few files do."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    @cached_property
    def _repository(self) -> ReleaseRepository:
        from streams.store.releases import ReleaseRepository  # noqa: PLC0415 - see the class

        return ReleaseRepository(self._settings, self._clock)

    async def apply_line(self, line: DefinitionsLine) -> int:
        """Writes the release of a line and returns its number. Raises DefinitionsRefused."""
        from streams.publish.release_lines import ReleaseLineWriter  # noqa: PLC0415 - see the class

        return await ReleaseLineWriter(self._repository).apply_line(line)

    async def has_any(self, account: str) -> bool:
        """Whether the account has definitions."""
        return await self._repository.latest(account) is not None


async def _publish(settings: Settings, items: Iterator[ParsedLine], options: _PublishOptions) -> PublishReport:
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(EventProducer(settings))
        deployment = await require_deployment(settings)
        if deployment.normalize_ids:
            items = normalize_keys(items)
        releases = _Releases(settings, deployment.clock)
        journal = await stack.enter_async_context(JournalFollower(settings)) if options.ordered else None
        publisher = Publisher(
            producer,
            advances_clock=deployment.clock == "events",
            releases=releases,
            journal=journal,
            patience=options.patience,
        )
        await publisher.publish(items, options.until)
        # After an error the rest of the file may still be published: an advanced clock would make it late.
        if publisher.report.read_error is None:
            await publisher.advance_clock_to_end(options.until)
        if (
            publisher.report.event_count
            and options.account is not None
            and not await releases.has_any(options.account)
        ):
            _warn_without_definitions(options.account)
        return publisher.report


def _warn_without_definitions(account: str) -> None:
    """Warns of an account without definitions: a mistyped name would make contacts that nobody looks for."""
    write_note(
        f"warning: account {account!r} has no definitions yet; its contacts are in no segment until it has some"
    )


def _note_load(load_id: str | None) -> None:
    if load_id is not None:
        write_note(f"load {load_id}: with --load {load_id} the same files continue it, and no row counts twice")


def _write_dry_run(run: DryRun, warnings: _Warnings, as_json: bool) -> None:
    report = run.report
    if as_json:
        write_json(
            {
                "dry_run": True,
                "would_publish": report.event_count,
                "topics": report.counts_by_topic,
                "passed_over": report.skipped_count,
                **_refused_fields(report),
                "warnings": warnings.to_list(),
                "first_events": run.first_events,
            }
        )
        return
    for event in run.first_events:
        write_line(json.dumps(event, ensure_ascii=False))
    for text in report.refusals.describe():
        write_note(f"would be refused: {text}")
    for text in warnings.describe():
        write_note(text)
    _write_summary(report, f"nothing sent; {plural(report.event_count, 'event')} would be published", "refused")


def _refused_fields(report: PublishReport) -> dict[str, Any]:
    return {
        "refused": report.refused_count,
        "refused_lines": [{"where": line.location, "reason": line.reason} for line in report.refused_lines],
        "refused_reasons": [
            {"lines": reason.line_count, "such_as": reason.lines[0].reason} for reason in report.refusals.reasons
        ],
    }


def _write_report(report: PublishReport, warnings: _Warnings, as_json: bool, load_id: str | None) -> None:
    if as_json:
        write_json(
            {
                **({} if load_id is None else {"load": load_id}),
                "published": report.event_count,
                "topics": report.counts_by_topic,
                "clock_lines": report.clock_line_count,
                "releases": report.release_count,
                "passed_over": report.skipped_count,
                **_refused_fields(report),
                "warnings": warnings.to_list(),
            }
        )
        return
    for text in report.refusals.describe():
        write_note(f"not published: {text}")
    for text in warnings.describe():
        write_note(text)
    _write_summary(report, f"{plural(report.event_count, 'event')} published", "not published")


def _write_summary(report: PublishReport, published: str, refused: str) -> None:
    """Writes how many lines became what; `published` and `refused` say it of those two."""
    parts = [published]
    if report.skipped_count:
        parts.append(f"{plural(report.skipped_count, 'later line')} passed over")
    if report.refused_count:
        parts.append(f"{plural(report.refused_count, 'line')} {refused}")
    write_line(", ".join(parts))
