"""`leadstream settings`: shows every setting of this process, where it comes from and what it takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table

from streams.cli.console import new_console, write_json, write_line, write_note
from streams.cli.options import JsonOption
from streams.environment import SettingRow, load_settings, setting_rows, unknown_variables, value_text
from streams.errors import ConfigurationError

_PIPE_COLUMNS = 1_000
"""More than any setting takes: in a pipe each is one line."""
_TABLE_COLUMNS = 150


def show_settings(as_json: JsonOption = False) -> None:
    """Show every setting: value, where it comes from, default, bounds and meaning; secrets are hidden.

    Ends with 78 when a value cannot be used, or the login of Salesforce lacks a part.
    """
    rows = setting_rows()
    warnings = list(unknown_variables())
    problems = [row.problem for row in rows if row.problem is not None]
    orgs, org_problems = ([], []) if problems else _read_orgs()
    problems += org_problems
    if as_json:
        settings = [{"variable": row.variable, **asdict(row)} for row in rows]
        write_json({"settings": settings, "unknown": warnings} | ({"salesforce_orgs": orgs} if orgs else {}))
    else:
        _write_rows(rows)
        for org in orgs:
            write_line(
                f"of LEADSTREAM_SALESFORCE_ORGS: {', '.join(f'{key} {_words(value)}' for key, value in org.items())}"
            )
    for warning in warnings:
        write_note(f"leadstream: {warning}")
    for problem in problems[1:]:
        write_note(f"leadstream: {problem}")
    if problems:
        raise ConfigurationError(problems[0])


def _write_rows(rows: Sequence[SettingRow]) -> None:
    """A table where it fits, and in a pipe; else two lines for each setting."""
    console = new_console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False, markup=False)
    if console.width < _TABLE_COLUMNS:
        for row in rows:
            write_line(f"{row.variable} = {value_text(row.value)} ({row.source})")
            write_line("    " + "; ".join(text for text in (row.meaning, _bounds(row)) if text))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("setting", "value", "source", "default", "takes", "meaning"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            row.variable, value_text(row.value), row.source, value_text(row.default), _bounds(row), row.meaning
        )
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        write_line(line.rstrip())


def _read_orgs() -> tuple[list[dict[str, Any]], list[str]]:
    """What the file of orgs says, and what is wrong with it or with the login; secrets are left out."""
    settings = load_settings()
    if not settings.has_salesforce:
        return [], []
    from connectors.salesforce.org.connection import Connection  # noqa: PLC0415 - most deployments have no Salesforce
    from connectors.salesforce.org.orgs_file import load_orgs  # noqa: PLC0415

    try:
        if Connection.is_configured(settings):
            Connection.from_settings(settings)
        return [entry.to_dict() for entry in load_orgs(settings)], []
    except ConfigurationError as error:
        return [], str(error).splitlines()


def _words(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _bounds(row: SettingRow) -> str:
    return " ".join(text for text in (row.bounds, row.unit) if text)
