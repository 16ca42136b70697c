"""A fault in definitions: where it is, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

DocumentPath = tuple[str | int, ...]
"""Keys and list indexes from the top of the definitions."""

MAX_NESTING = 120
"""Depth of mappings and lists; more than the deepest condition needs, and far below Python's recursion limit."""
TOO_DEEP = f"mappings and lists are nested more than {MAX_NESTING} deep"
MAX_SUGGESTIONS = 12
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


def suggestion(word: object, candidates: Iterable[str]) -> str:
    """Returns ` - did you mean X?` for a similar candidate, else ` - one of: ...`, else nothing."""
    words = list(candidates)
    folded = {candidate.casefold(): candidate for candidate in words}
    close = get_close_matches(str(word).casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        return f" - did you mean {folded[close[0]]}?"
    if not words:
        return ""
    return f" - one of: {', '.join(words[:MAX_SUGGESTIONS])}" + (", ..." if len(words) > MAX_SUGGESTIONS else "")


def describe_value(value: object) -> str:
    """Returns a short description of a value for messages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
