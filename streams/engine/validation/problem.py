"""A fault in definitions: where it is, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass

DocumentPath = tuple[str | int, ...]
"""Keys and list indexes from the top of the definitions."""

MAX_NESTING = 120
"""Depth of mappings and lists; more than the deepest condition needs, and far below Python's recursion limit."""
TOO_DEEP = f"mappings and lists are nested more than {MAX_NESTING} deep"
WARNING = "warning"
"""The code of problems that do not prevent `apply`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `code` is `invalid`, `plan` (the plan lacks it) or `warning`."""

    path: DocumentPath
    message: str
    code: str = "invalid"
    needs_text: bool = False
    """Whether text is needed in place of the value, so that the value as it is written shows how to write it."""


def path_text(path: DocumentPath) -> str:
    """Returns a path as people write it: `segments[0].when.all[1].eq`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
