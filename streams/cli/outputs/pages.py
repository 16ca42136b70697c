"""A page of a long list: which rows are shown, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

import typer

from streams.cli.console import plural, write_note

_Row = TypeVar("_Row")

LimitOption = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="How many to show.")]
SkipOption = Annotated[int, typer.Option("--skip", min=0, metavar="N", help="How many to pass over before.")]

DEFAULT_LIMIT = 50


def page(rows: Sequence[_Row], limit: int, skip: int) -> Sequence[_Row]:
    """The rows that are shown."""
    return rows[skip : skip + limit]


def write_count(count: int, noun: str, limit: int, skip: int, details: str = "") -> None:
    """Says on standard error how many there are, and how to see the next page."""
    end = min(skip + limit, count)
    told = f" ({details})" if details else ""
    if end - min(skip, count) == count:
        write_note(f"{plural(count, noun)}{told}")
        return
    shown = f"{skip + 1} to {end}" if end > skip else "none"
    more = f"; --skip {end} shows the next" if skip < end < count else ""
    write_note(f"{shown} of {plural(count, noun)}{told}{more}")
