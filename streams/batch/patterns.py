"""`matches`: a regular expression of RE2's kind is found anywhere in a text."""

from __future__ import annotations

from typing import Any

import re2


def found_by(pattern: str, text: str, cased: bool) -> bool:
    """Whether the pattern is found; without regard to case also between a text and a pattern that are folded."""
    if _search(pattern, text, cased):
        return True
    return not cased and _search("".join(map(_folded, pattern)), text.casefold(), cased)


def _folded(letter: str) -> str:
    """Letters beyond ASCII only: the others say `\\S` and `\\s`, and RE2 folds them itself."""
    folded = letter.casefold()
    if letter.isascii() or folded == letter:
        return letter
    return folded if len(folded) == 1 else f"(?:{folded})"


def _search(pattern: str, text: str, cased: bool) -> bool:
    options: Any = re2.Options()
    options.case_sensitive = cased
    options.log_errors = False
    try:
        return re2.compile(pattern, options).search(text.encode("utf-8", "replace")) is not None
    except re2.error:  # a pattern that folding breaks; as written it was taken when it was defined
        return False
