"""The list as a table: what `--list` prints and docs/mutations.md shows."""

from __future__ import annotations

from collections.abc import Iterable

from tests.programs.mutations.catalogue import NumberedMutation

HEAD = "| no. | section | rule | where |\n|---|---|---|---|\n"


def markdown_table(mutations: Iterable[NumberedMutation]) -> str:
    """Markdown, one line a mutation."""
    return HEAD + "".join(
        _line(number, mutation.section, mutation.rule, mutation.where) for number, mutation in mutations
    )


def _line(number: int, section: int, rule: str, where: str) -> str:
    return f"| {number} | {section} | {rule.replace('|', chr(92) + '|')} | `{where}` |\n"
