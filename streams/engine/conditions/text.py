"""Operators on text: without regard to case (full Unicode case folding) unless they are case-sensitive.

Every function makes a predicate of a value; anything but text is missing to it.
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
"""Bytes that RE2 may use for each character of a pattern; with less it is linear still, but much slower."""

CaseFold = Callable[[str], str]


def fold_for(*, case_sensitive: bool) -> CaseFold:
    """What both sides of a comparison go through first."""
    return str if case_sensitive else str.casefold


def equals(operand: str, fold: CaseFold) -> Predicate:
    """The same text."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and fold(value) == wanted


def among(operands: Sequence[str], fold: CaseFold) -> Predicate:
    """One of these texts."""
    wanted = frozenset(fold(operand) for operand in operands)
    return lambda value: isinstance(value, str) and fold(value) in wanted


def contains(operand: str, fold: CaseFold) -> Predicate:
    """The operand stands somewhere in it."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and wanted in fold(value)


def starts_with(operand: str, fold: CaseFold) -> Predicate:
    """It begins with the operand."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and fold(value).startswith(wanted)


def ends_with(operand: str, fold: CaseFold) -> Predicate:
    """It ends with the operand."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and fold(value).endswith(wanted)


def matches(pattern: str, *, case_sensitive: bool) -> Predicate:
    """The RE2 pattern is found anywhere. Raises ConditionRefused for a pattern that RE2 does not take."""
    as_written = _compile_regex(pattern, pattern, case_sensitive=case_sensitive)
    if case_sensitive:
        return _search_predicate(as_written)
    short = _compile_regex(rewrite_for_plain_text(pattern), pattern, case_sensitive=False)
    written_out = _compile_regex(rewrite_for_expanded_text(pattern), pattern, case_sensitive=False)
    in_short, in_long = _search_predicate(short), _search_predicate(written_out)
    return lambda value: (
        isinstance(value, str)
        and (
            in_long(case_folding.expand_foldings(value))
            if case_folding.has_multi_fold_letters(value)
            else in_short(value)
        )
    )


def _compile_regex(regex: str, pattern: str, *, case_sensitive: bool) -> Any:
    """`pattern` is as it was written, for the refusal."""
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
    """Searches UTF-8, which is what RE2 works on; half of a surrogate pair, which JSON can carry, becomes a `?`."""
    search = regex.search
    return lambda value: isinstance(value, str) and search(value.encode("utf-8", "replace")) is not None
