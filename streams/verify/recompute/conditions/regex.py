"""`matches`: a regular expression of RE2's kind is found anywhere in a text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from streams.verify.recompute.conditions.folded_text import Letters, folds_to_several
from streams.verify.recompute.conditions.regex_matcher import Expression, parsed

_CODED = re.compile(r"\\x|\\[0-7]")
"""A letter may be written by its number."""


def found_by(pattern: str, text: str, cased: bool) -> bool:
    """Whether the pattern is found; RE2 itself knows all of folding but letters that fold to several."""
    if cased or not (folds_to_several(pattern) or folds_to_several(text) or _CODED.search(pattern)):
        return _by_re2(pattern, cased).search(text.encode("utf-8", "replace")) is not None
    letters = Letters(text.encode("utf-8", "replace").decode())
    return bool(_expression(pattern)(letters, frozenset(range(len(letters.folded) + 1))))


@lru_cache(maxsize=1_000)
def _expression(pattern: str) -> Expression:
    return parsed(pattern)


@lru_cache(maxsize=1_000)
def _by_re2(pattern: str, cased: bool) -> Any:
    options: Any = re2.Options()
    options.case_sensitive = cased
    options.log_errors = False
    return re2.compile(pattern, options)
