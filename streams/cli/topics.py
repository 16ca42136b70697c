"""`leadstream topics`: creates the topics of a deployment, and checks them."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.console import progress_bar, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
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
        help="Contact ids trimmed and in lower case; fixed at creation (LEADSTREAM_NORMALIZE_IDS).",
    ),
]
ReplicationOption = Annotated[
    int | None, typer.Option("--replication", help="Replicas of each topic (LEADSTREAM_REPLICATION).")
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
