"""Operators on text: without regard to case (full Unicode case folding) unless they are case-sensitive.

Every function makes a predicate of a value; anything but text is missing to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import re2

from streams.engine.conditions.refusals import ConditionRefused

Predicate = Callable[[Any], bool]
Fold = Callable[[str], str]

_TOKEN = re.compile(r"\\.|.", re.DOTALL)


def fold_for(*, case_sensitive: bool) -> Fold:
    """What both sides of a comparison go through first."""
    return str if case_sensitive else str.casefold


def equals(operand: str, fold: Fold) -> Predicate:
    """The same text."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and fold(value) == wanted


def among(operands: Sequence[str], fold: Fold) -> Predicate:
    """One of these texts."""
    wanted = frozenset(fold(operand) for operand in operands)
    return lambda value: isinstance(value, str) and fold(value) in wanted


def contains(operand: str, fold: Fold) -> Predicate:
    """The operand stands somewhere in it."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and wanted in fold(value)


def starts_with(operand: str, fold: Fold) -> Predicate:
    """It begins with the operand."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and fold(value).startswith(wanted)


def ends_with(operand: str, fold: Fold) -> Predicate:
    """It ends with the operand."""
    wanted = fold(operand)
    return lambda value: isinstance(value, str) and fold(value).endswith(wanted)


def matches(pattern: str, *, case_sensitive: bool) -> Predicate:
    """The RE2 pattern is found anywhere. Raises ConditionRefused for a pattern that RE2 does not take.

    RE2 itself folds letter by letter only, so text beyond ASCII is also searched in its folded form by the folded
    pattern: `STRASSE` finds `Straße`, and the other way round.
    """
    if case_sensitive:
        return _searching(_compiled(pattern, case_sensitive=True))
    as_written = _searching(_compiled(pattern, case_sensitive=False))
    folded = _searching(_compiled_folded(pattern))
    return lambda value: (
        as_written(value)
        or (isinstance(value, str) and not (value.isascii() and pattern.isascii()) and folded(value.casefold()))
    )


def _compiled_folded(pattern: str) -> Any:
    """The folded pattern; as written where folding breaks it, as it may the name of a group."""
    try:
        return _compiled(_folded_pattern(pattern), case_sensitive=False)
    except ConditionRefused:
        return _compiled(pattern, case_sensitive=False)


def _compiled(pattern: str, *, case_sensitive: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ConditionRefused(
            f"{pattern!r} is no pattern that can be searched in linear time (RE2): {reason}"
        ) from None


def _searching(compiled: Any) -> Predicate:
    """Searches UTF-8, which is what RE2 works on; half of a surrogate pair, which JSON can carry, becomes a `?`."""
    search = compiled.search
    return lambda value: isinstance(value, str) and search(value.encode("utf-8", "replace")) is not None


def _folded_pattern(pattern: str) -> str:
    """The pattern with its letters beyond ASCII folded; escapes and ASCII stay as they are."""
    out: list[str] = []
    quoted = in_class = False
    for token in _TOKEN.findall(pattern):
        if token in (r"\Q", r"\E"):
            quoted = token == r"\Q"
        elif not quoted and token in "[]":
            in_class = token == "["
        out.append(_folded_letter(token, grouped=not quoted, in_class=in_class))
    return "".join(out)


def _folded_letter(token: str, *, grouped: bool, in_class: bool) -> str:
    folded = token.casefold()
    if token.isascii() or token.startswith("\\") or folded == token:
        return token
    if len(folded) == 1 or not grouped:
        return folded
    return token if in_class else f"(?:{folded})"
