"""Operators on text; they ignore case (full Unicode case folding) unless they are case-sensitive.

Every operator here returns a predicate of a JSON value; a value that is not text counts as missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import re2

from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.regex import case_folding
from streams.engine.conditions.regex.patterns import rewrite_for_expanded_text, rewrite_for_plain_text

_LEAST_MEMORY, _MOST_MEMORY = 8 << 20, 256 << 20
_MEMORY_PER_CHARACTER = 600
"""Bytes that RE2 may use per character of a pattern; with less, matching stays linear but is much slower."""

CaseFold = Callable[[str], str]


def fold_for(*, case_sensitive: bool) -> CaseFold:
    """Returns the function that both sides of a comparison go through first."""
    return str if case_sensitive else str.casefold


def equals(operand: str, fold: CaseFold) -> Predicate:
    """Tests for the same text."""
    operand = fold(operand)
    return lambda value: isinstance(value, str) and fold(value) == operand


def among(operands: Sequence[str], fold: CaseFold) -> Predicate:
    """Tests for one of these texts."""
    texts = frozenset(fold(operand) for operand in operands)
    return lambda value: isinstance(value, str) and fold(value) in texts


def contains(operand: str, fold: CaseFold) -> Predicate:
    """Tests for a text that contains the operand."""
    operand = fold(operand)
    return lambda value: isinstance(value, str) and operand in fold(value)


def starts_with(operand: str, fold: CaseFold) -> Predicate:
    """Tests for a text that begins with the operand."""
    operand = fold(operand)
    return lambda value: isinstance(value, str) and fold(value).startswith(operand)


def ends_with(operand: str, fold: CaseFold) -> Predicate:
    """Tests for a text that ends with the operand."""
    operand = fold(operand)
    return lambda value: isinstance(value, str) and fold(value).endswith(operand)


def matches(pattern: str, *, case_sensitive: bool) -> Predicate:
    """Tests for a text in which the RE2 pattern matches anywhere.

    Raises ConditionRefused when RE2 does not accept the pattern.
    """
    unchanged = _compile_regex(pattern, pattern, case_sensitive=case_sensitive)
    if case_sensitive:
        return _search_predicate(unchanged)
    plain = _compile_regex(rewrite_for_plain_text(pattern), pattern, case_sensitive=False)
    expanded = _compile_regex(rewrite_for_expanded_text(pattern), pattern, case_sensitive=False)
    matches_plain, matches_expanded = _search_predicate(plain), _search_predicate(expanded)
    return lambda value: (
        isinstance(value, str)
        and (
            matches_expanded(case_folding.expand_foldings(value))
            if case_folding.has_multi_fold_letters(value)
            else matches_plain(value)
        )
    )


def _compile_regex(regex: str, pattern: str, *, case_sensitive: bool) -> Any:
    """Compiles `regex`; `pattern` is what the user wrote, for the message of the refusal."""
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    options.max_mem = min(max(_LEAST_MEMORY, _MEMORY_PER_CHARACTER * len(regex)), _MOST_MEMORY)
    try:
        return re2.compile(regex, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ConditionRefused(
            f"{pattern!r} is no pattern that can be searched in linear time (RE2): {reason}"
        ) from None


def _search_predicate(regex: Any) -> Predicate:
    """Searches UTF-8, which RE2 works on; half of a surrogate pair, which JSON can carry, becomes a `?`."""
    search = regex.search
    return lambda value: isinstance(value, str) and search(value.encode("utf-8", "replace")) is not None
