"""The mutations as a table, for `--list` and docs/mutations.md."""

from __future__ import annotations

from collections.abc import Iterable

from tests.programs.mutations.catalogue import NumberedMutation

HEAD = "| no. | section | rule | where |\n|---|---|---|---|\n"


def markdown_table(mutations: Iterable[NumberedMutation]) -> str:
    """Returns a Markdown table with one line for each mutation."""
    return HEAD + "".join(
        _line(number, mutation.section, mutation.rule, mutation.where) for number, mutation in mutations
    )


def _line(number: int, section: int, rule: str, where: str) -> str:
    return f"| {number} | {section} | {rule.replace('|', chr(92) + '|')} | `{where}` |\n"
