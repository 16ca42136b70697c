"""`leadstream salesforce preview`: what the newest hand-overs of contacts would write, without writing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.definitions import Salesforce
from schemas.events.base import DEFAULT_ACCOUNT
from schemas.topics import QUALIFIED_LEADS
from streams.cli.console import progress_bar, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_account, settings_from
from streams.cli.salesforce.org import SalesforceUrlOption
from streams.errors import DataError, UsageError
from streams.progress import ProgressCallback

if TYPE_CHECKING:
    from connectors.salesforce.handover.handover_records import CampaignTarget, LeadHandOver
    from connectors.salesforce.preview import HandOverPreview
    from schemas.definitions import Definitions
    from streams.settings import Settings

PreviewContactsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[CONTACT]...", help="Whose newest hand-over is shown.")
]
PreviewAccountOption = Annotated[str, typer.Option("--account", help="Whose contacts they are.")]
PreviewFileOption = Annotated[
    Path | None,
    typer.Option("--file", help="Hand-overs, one JSON object a line, as `tail qualified-leads --json` writes them."),
]
PreviewDefinitionsOption = Annotated[
    list[Path] | None, typer.Option("--definitions", help="Definitions to go by, in place of those applied.")
]


def preview(
    contacts: PreviewContactsArgument = None,
    *,
    account: PreviewAccountOption = DEFAULT_ACCOUNT,
    file: PreviewFileOption = None,
    definitions: PreviewDefinitionsOption = None,
    url: SalesforceUrlOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what hand-overs would write to Salesforce now, field by field; nothing is written.

    For contacts it is their newest hand-over, for which the topic of hand-overs is scanned. Rules: `create` only when
    the Lead is made, `empty` only where the org's field is empty, `always` when our value changed, `own` are the
    fields of Leadstream itself.
    """
    if bool(contacts) == (file is not None):
        raise UsageError("name contacts, or a file of hand-overs with --file")
    parse_account(account)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix, salesforce_url=url)
    previews = asyncio.run(
        _preview(settings, _read_file(file) if file else (account, contacts or []), definitions or [], quiet=as_json)
    )
    if as_json:
        write_json([each.to_dict() for each in previews])
        return
    for each in previews:
        for line in each.lines():
            write_line(line)


def _read_file(file: Path) -> list[LeadHandOver]:
    import msgspec  # noqa: PLC0415 - as below

    from connectors.salesforce.handover.handover_records import parse_handover  # noqa: PLC0415 - loads the clients

    handovers = []
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            handovers.append(parse_handover(line))
        except msgspec.DecodeError as error:
            raise DataError(f"{file}:{number} is no hand-over: {error}") from error
    return handovers


async def _preview(
    settings: Settings,
    source: list[LeadHandOver] | tuple[str, Sequence[str]],
    files: Sequence[Path],
    *,
    quiet: bool,
) -> list[HandOverPreview]:
    """`source` are hand-overs, or an account and the contacts whose newest ones are read."""
    latest = await _definitions(settings, files, has_broker=isinstance(source, tuple) or not files)
    if isinstance(source, tuple):
        with progress_bar(quiet) as advance:
            handovers = await _newest_handovers(settings, *source, advance)
    else:
        handovers = source
    return await asyncio.to_thread(_preview_in_orgs, settings, handovers, latest)


async def _definitions(
    settings: Settings, files: Sequence[Path], *, has_broker: bool
) -> Callable[[str], Definitions | None]:
    """By which definitions accounts are handed over: those of the files, else the latest releases."""
    from streams.kafka.deployment import require_deployment  # noqa: PLC0415 - `--help` needs no client of Kafka
    from streams.store.releases import ReleaseRepository  # noqa: PLC0415

    log = None
    if has_broker:
        deployment = await require_deployment(settings)
        log = await ReleaseRepository(settings, deployment.clock).read_log()
    given: Mapping[str, Definitions] = {}
    if files:
        from streams.definitions import load_definitions  # noqa: PLC0415 - reading files is slow to import

        versions = None if log is None else log.engine_versions()
        given = {name: each.content for name, each in load_definitions(files, versions).require().items()}

    def latest(account: str) -> Definitions | None:
        if account in given:
            return given[account]
        release = None if log is None else log.latest(account)
        return None if release is None else release.definitions

    return latest


async def _newest_handovers(
    settings: Settings, account: str, contacts: Sequence[str], advance: ProgressCallback
) -> list[LeadHandOver]:
    import msgspec  # noqa: PLC0415

    from connectors.salesforce.handover.handover_records import parse_handover  # noqa: PLC0415
    from streams.kafka.clients import fetch_partitions  # noqa: PLC0415
    from streams.kafka.deployment import require_deployment  # noqa: PLC0415
    from streams.kafka.reader import fetch_end_offsets, open_consumer, read_batches_to_end  # noqa: PLC0415

    deployment = await require_deployment(settings)
    wanted = [deployment.contact_id(contact) for contact in contacts]
    newest: dict[str, LeadHandOver] = {}
    async with open_consumer(settings.bootstrap, "leadstream-salesforce-preview") as consumer:
        topic = settings.prefix + QUALIFIED_LEADS.name
        partitions = (await fetch_partitions(settings.bootstrap, [topic]))[topic]
        ends = await fetch_end_offsets(consumer, partitions)
        count, done = sum(ends.values()), 0
        async for batch in read_batches_to_end(consumer, partitions, ends=ends):
            for record in batch:
                if record.value is None:
                    continue
                try:
                    handover = parse_handover(record.value)
                except msgspec.DecodeError:
                    continue  # the worker writes a dead letter for it
                is_wanted = handover.account == account and handover.contact in wanted
                if is_wanted and (handover.is_forbidden or not handover.tells_consent_alone):
                    newest[handover.contact] = handover
            done += len(batch)
            advance("hand-overs", min(done, count), count)
    if absent := [contact for contact in wanted if contact not in newest]:
        raise UsageError(
            f"account {account} has no hand-over of {', '.join(absent)} any more, or none yet: a contact is handed "
            "over when a lead of it qualifies"
        )
    return [newest[contact] for contact in wanted]


def _preview_in_orgs(
    settings: Settings, handovers: Sequence[LeadHandOver], latest: Callable[[str], Definitions | None]
) -> list[HandOverPreview]:
    from connectors.salesforce.handover.campaign_target import (  # noqa: PLC0415 - loads the clients
        named_target,
        recorded_target,
    )
    from connectors.salesforce.handover.delivery import Delivery  # noqa: PLC0415
    from connectors.salesforce.org.directory import OrgDirectory  # noqa: PLC0415
    from connectors.salesforce.preview import preview_handovers  # noqa: PLC0415

    def mapping(account: str) -> Salesforce:
        definitions = latest(account)
        return (definitions.salesforce if definitions is not None else None) or Salesforce()

    def time_zone(account: str) -> str:
        definitions = latest(account)
        return definitions.time_zone if definitions is not None else "UTC"

    def target(handover: LeadHandOver) -> CampaignTarget | None:
        definitions = latest(handover.account)
        return recorded_target(handover) if definitions is None else named_target(definitions, handover)

    directory = OrgDirectory.from_settings(settings)
    deliveries: dict[str, Delivery] = {}
    previews = []
    for handover in handovers:
        org_name, org = directory.org_name(handover.account), directory.client_of(handover.account)
        if org_name not in deliveries:
            deliveries[org_name] = Delivery(org, mapping, time_zone=time_zone, target=target)
        label = directory.label(org_name) if len(directory.clients) > 1 else ""
        found = preview_handovers(deliveries[org_name], mapping, org.connection, [handover])
        previews += [replace(each, org=label) for each in found]
    return previews
