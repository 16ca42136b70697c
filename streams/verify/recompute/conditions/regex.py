"""`matches`: whether a regular expression of RE2 matches anywhere in a text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

import re2

from streams.verify.recompute.conditions.folded_text import FoldedText, has_multi_letter_foldings
from streams.verify.recompute.conditions.pattern_literals import normalize_literals
from streams.verify.recompute.conditions.regex_matcher import Expression, parse_pattern
from streams.verify.recompute.conditions.text_rules import TextRules

_NUMERIC_ESCAPE = re.compile(r"\\x|\\[0-7]")
"""An escape that names a letter by its number."""


_NORMALIZED = TextRules()


def matches_pattern(pattern: str, text: str, case_sensitive: bool, rules: TextRules = _NORMALIZED) -> bool:
    """Whether the pattern matches. RE2 handles case folding itself, except letters that fold to several letters."""
    rules = replace(rules, case_sensitive=case_sensitive)
    pattern, text = _normalize_cached(pattern, rules), rules.normalize(text)
    if case_sensitive or not (
        has_multi_letter_foldings(pattern, rules)
        or has_multi_letter_foldings(text, rules)
        or _NUMERIC_ESCAPE.search(pattern)
    ):
        return _compile_cached(pattern, case_sensitive).search(text.encode("utf-8", "replace")) is not None
    letters = FoldedText(text.encode("utf-8", "replace").decode(), rules)
    return bool(_parse_cached(pattern, rules)(letters, frozenset(range(len(letters.content) + 1))))


@lru_cache(maxsize=1_000)
def _normalize_cached(pattern: str, rules: TextRules) -> str:
    return normalize_literals(pattern, rules)


@lru_cache(maxsize=1_000)
def _parse_cached(pattern: str, rules: TextRules) -> Expression:
    return parse_pattern(pattern, rules)


@lru_cache(maxsize=1_000)
def _compile_cached(pattern: str, case_sensitive: bool) -> Any:
    options: Any = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    return re2.compile(pattern, options)
