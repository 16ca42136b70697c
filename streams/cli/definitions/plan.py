"""`leadstream definitions plan`: shows what applying files of definitions would change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.console import ignore_note, progress_bar, write_json, write_line, write_note
from streams.cli.definitions.files import DefinitionFilesArgument
from streams.cli.definitions.releases import open_release_repository
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.definitions import load_definitions, require_some_version
from streams.definitions.deployment_plan import MessageCallback, PlanResult, plan_accounts
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

    For that all contacts are scanned, and the journal for what is asked of the past; nothing is written.
    """
    require_some_version(files)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        on_message = ignore_note if as_json else write_note
        results = asyncio.run(_plan(settings, files, quick=quick, on_message=on_message, on_progress=advance))
    if as_json:
        write_json([result.to_dict() for result in results])
        return
    for result in results:
        write_plan(result)


async def _plan(
    settings: Settings,
    files: Sequence[Path],
    *,
    quick: bool,
    on_message: MessageCallback,
    on_progress: ProgressCallback,
) -> list[PlanResult]:
    log = await (await open_release_repository(settings)).read_log()
    accounts = load_definitions(files, log.engine_versions()).require()
    return await plan_accounts(settings, accounts, quick=quick, on_message=on_message, on_progress=on_progress)


def write_plan(result: PlanResult) -> None:
    """Writes the differences of one account and, where it was scanned for, the preview."""
    for line in result.diff.lines():
        write_line(line)
    if result.preview_report is not None:
        for line in result.preview_report.lines():
            write_line(f"  {line}")
