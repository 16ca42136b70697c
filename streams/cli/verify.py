"""`leadstream verify`: compares what the workers wrote with a batch recomputation from the journal."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.console import progress_bar, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.store.outputs.definitions import require_release
from streams.verify.verification import ContactSelection, verify

VerifyAccountOption = Annotated[str | None, typer.Option("--account", help="Only the contacts of this account.")]
VerifySampleOption = Annotated[
    int | None, typer.Option("--sample", min=1, help="At most so many contacts, always the same.")
]


def verify_command(
    *,
    account: VerifyAccountOption = None,
    sample: VerifySampleOption = None,
    as_json: JsonOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Recompute memberships, leads, contacts and revenue from the journal, on their own, and compare them.

    Scans the whole journal up to what the workers had decided at the start. Ends with 0 when streaming equals batch,
    with 1 and the differences when not, with 78 where retention took the journal's beginning away.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    if account is not None:
        asyncio.run(require_release(settings, account))
    if not as_json:
        write_note("scanning the whole journal up to what is decided now")
    with progress_bar() as advance:
        report = asyncio.run(verify(settings, ContactSelection(account, sample), advance))
    if as_json:
        write_json(report.to_dict())
    else:
        for line in report.lines():
            write_line(line)
    if not report.is_equal:
        raise typer.Exit(1)
