"""Parts of messages that say what was meant, for the engine and for commands; light, since most commands load it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_SUGGESTIONS = 12


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
