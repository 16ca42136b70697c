"""`leadstream definitions plan`: shows what applying files of definitions would change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.console import ignore_note, progress_bar, write_json, write_line, write_note
from streams.cli.definitions.files import DefinitionFilesArgument
from streams.cli.definitions.releases import open_release_repository
from streams.cli.definitions.salesforce_check import check_against_orgs
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.definitions import AccountDefinitions, load_definitions, require_some_version
from streams.definitions.deployment_plan import MessageCallback, PlanResult, plan_accounts
from streams.engine.releases.release_log import ReleaseLog
from streams.errors import SalesforceRefused, SalesforceUnavailable
from streams.progress import ProgressCallback
from streams.settings import Settings

QuickOption = Annotated[bool, typer.Option("--quick", help="Only the differences: nothing is scanned.")]


def plan(
    *,
    files: DefinitionFilesArgument,
    quick: QuickOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what applying the files would change, who would enter and leave, and what would become of leads.

    Where an org is set, it also says for what of mappings and campaigns `apply` would refuse the files.
    For that all contacts are scanned, and the journal for what is asked of the past; nothing is written.
    """
    require_some_version(files)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        on_message = ignore_note if as_json else write_note
        results, refusals = asyncio.run(
            _plan(settings, files, quick=quick, on_message=on_message, on_progress=advance)
        )
    if as_json:
        write_json([result.to_dict() for result in results])
    else:
        for result in results:
            write_plan(result)
    for refusal in refusals:
        write_note(f"warning: apply would refuse it: {refusal}")


async def _plan(
    settings: Settings,
    files: Sequence[Path],
    *,
    quick: bool,
    on_message: MessageCallback,
    on_progress: ProgressCallback,
) -> tuple[list[PlanResult], list[str]]:
    log = await (await open_release_repository(settings)).read_log()
    accounts = load_definitions(files, log.engine_versions()).require()
    results = await plan_accounts(settings, accounts, quick=quick, on_message=on_message, on_progress=on_progress)
    return results, await _salesforce_refusals(settings, accounts, log) if settings.has_salesforce else []


async def _salesforce_refusals(
    settings: Settings, accounts: Mapping[str, AccountDefinitions], log: ReleaseLog
) -> list[str]:
    """Returns why the org would have definitions refused; that it does not answer is such a reason, too."""
    try:
        report = await check_against_orgs(settings, {name: each.content for name, each in accounts.items()}, log)
    except (SalesforceRefused, SalesforceUnavailable) as error:
        return [str(error)]
    return report.problem_lines()


def write_plan(result: PlanResult) -> None:
    """Writes the differences of one account and, where it was scanned for, the preview."""
    for line in result.diff.lines():
        write_line(line)
    if result.preview_report is not None:
        for line in result.preview_report.lines():
            write_line(f"  {line}")
