"""`leadstream topics`: creates the topics of a deployment, checks them, and accepts what is gone of in-topics."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from streams.cli.console import plural, progress_bar, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.errors import UsageError
from streams.kafka.partitions import Partition
from streams.kafka.source_gaps import GapRecord, SourceGap
from streams.kafka.topic_admin import TopicsReport, check_topics, create_topics

TopicsClockOption = Annotated[
    str | None, typer.Option("--clock", help="wall or events; fixed at creation (LEADSTREAM_CLOCK).")
]
TopicsPartitionsOption = Annotated[
    int | None,
    typer.Option("--partitions", help="Journal partitions; fixed at creation (LEADSTREAM_PARTITIONS)."),
]
InPartitionsOption = Annotated[
    int | None, typer.Option("--in-partitions", help="Partitions of in-topics (LEADSTREAM_IN_PARTITIONS).")
]
NormalizeIdsOption = Annotated[
    bool | None,
    typer.Option(
        "--normalize-ids/--keep-ids",
        envvar="LEADSTREAM_NORMALIZE_IDS",
        help="Contact ids trimmed and in lower case; fixed at creation.",
    ),
]
ReplicationOption = Annotated[
    int | None, typer.Option("--replication", help="Replicas of each topic (LEADSTREAM_REPLICATION).")
]
SourcesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[TOPIC:PARTITION]...", help="Only these partitions of in-topics.")
]
GapReasonOption = Annotated[str, typer.Option("--reason", help="Why it is gone: stays on record beside the gap.")]
AcceptYesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
GapHistoryOption = Annotated[
    bool, typer.Option("--history", help="Show what was accepted so far, and change nothing.")
]


def create(
    *,
    clock: TopicsClockOption = None,
    partitions: TopicsPartitionsOption = None,
    in_partitions: InPartitionsOption = None,
    replication: ReplicationOption = None,
    normalize_ids: NormalizeIdsOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create the topics that are missing; returns when every partition has a leader."""
    settings = settings_from(
        bootstrap=bootstrap,
        prefix=prefix,
        clock=clock,
        partitions=partitions,
        in_partitions=in_partitions,
        replication=replication,
        normalize_ids=normalize_ids,
    )
    with progress_bar(quiet=as_json) as advance:
        created = asyncio.run(create_topics(settings, advance))
    if as_json:
        write_json({"created": created, "clock": settings.clock, "partitions": settings.partitions})
    else:
        write_line(f"{len(created)} topics created ({settings.partitions} slots, {settings.clock} clock)")


def check(
    *,
    clock: TopicsClockOption = None,
    partitions: TopicsPartitionsOption = None,
    normalize_ids: NormalizeIdsOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every topic: partitions, compaction, retention, timestamps, and what was fixed at creation."""
    settings = settings_from(
        bootstrap=bootstrap, prefix=prefix, clock=clock, partitions=partitions, normalize_ids=normalize_ids
    )
    report = asyncio.run(check_topics(settings))
    _show(report, as_json)
    report.require(settings)


def accept_gap(
    sources: SourcesArgument = None,
    *,
    reason: GapReasonOption = "",
    history: GapHistoryOption = False,
    yes: AcceptYesOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept, on record, that a stretch of an in-topic is gone, so that workers read on.

    Shows what is gone and asks first. Workers that run read on within seconds. `verify` and `explain` tell of it.
    """
    from streams.store.source_gaps import (  # noqa: PLC0415 - `create` and `check` need no reading of checkpoints
        accept_source_gaps,
        find_source_gaps,
        parse_source,
        read_gaps_on_record,
    )

    if as_json and not (yes or history):
        raise UsageError("--json asks no question: add --yes")
    try:
        named = [parse_source(each) for each in sources or ()]
    except ValueError as error:
        raise UsageError(f"{error}; TOPIC:PARTITION names a partition, such as web-visits:0") from error
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    if history:
        records = [each for each in asyncio.run(read_gaps_on_record(settings)) if _is_named(each.gap, named)]
        _write_gap_history(records, as_json)
        return
    gaps = asyncio.run(find_source_gaps(settings))
    unbroken = [str(each) for each in named if each not in {gap.source for gap in gaps}]
    if unbroken:
        raise UsageError(f"nothing is gone of {', '.join(unbroken)} that is not on record already")
    gaps = [msgspec.structs.replace(gap, reason=reason) for gap in gaps if _is_named(gap, named)]
    if not as_json:
        for gap in gaps:
            write_line(str(gap))
    if gaps:
        if not yes:
            typer.confirm("accept that, and let workers read on?", abort=True, err=True)
        asyncio.run(accept_source_gaps(settings, gaps))
    if as_json:
        write_json({"accepted": [msgspec.to_builtins(gap) for gap in gaps]})
    else:
        write_line(
            f"{plural(len(gaps), 'gap')} accepted" if gaps else "nothing is gone that is not on record already"
        )


def _is_named(gap: SourceGap, named: Sequence[Partition]) -> bool:
    return not named or gap.source in named


def _write_gap_history(records: Sequence[GapRecord], as_json: bool) -> None:
    if as_json:
        write_json({"gaps": [each.to_dict() for each in records]})
        return
    for each in records:
        write_line(str(each))


def _show(report: TopicsReport, as_json: bool) -> None:
    if as_json:
        topics = [
            {"topic": finding.topic, "problems": finding.problems, "warnings": finding.warnings}
            for finding in report.findings
        ]
        record = report.deployment
        fixed = (
            None if record is None else {"clock": record.clock, "partitions": record.partitions, **record.decisions}
        )
        write_json({"deployment": fixed, "topics": topics})
        return
    for finding in report.findings:
        for problem in finding.problems:
            write_line(f"problem  {finding.topic} {problem}")
        for warning in finding.warnings:
            write_line(f"warning  {finding.topic} {warning}")
    fit_count = sum(1 for finding in report.findings if not finding.problems)
    write_line(f"{fit_count} of {len(report.findings)} topics are fit")
