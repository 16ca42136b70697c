"""`leadstream settings`: shows every setting of this process, where it comes from and what it takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.table import Table

from streams.cli.console import new_console, write_json, write_line, write_note
from streams.cli.options import JsonOption
from streams.environment import SettingRow, setting_rows, unknown_variables, value_text
from streams.errors import ConfigurationError

_PIPE_COLUMNS = 240
_TABLE_COLUMNS = 150


def show_settings(as_json: JsonOption = False) -> None:
    """Show every setting: value, where it comes from, default, bounds and meaning; secrets are hidden.

    Ends with 78 when a value cannot be used.
    """
    rows = setting_rows()
    warnings = list(unknown_variables())
    if as_json:
        settings = [{"variable": row.variable, **asdict(row)} for row in rows]
        write_json({"settings": settings, "unknown": warnings})
    else:
        _write_rows(rows)
    for warning in warnings:
        write_note(f"leadstream: {warning}")
    problems = [row.problem for row in rows if row.problem is not None]
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
    console.print(table)


def _bounds(row: SettingRow) -> str:
    return " ".join(text for text in (row.bounds, row.unit) if text)
