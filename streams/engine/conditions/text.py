"""Operators on text; they ignore case (full Unicode case folding) unless they are case-sensitive.

Every operator here returns a predicate of a JSON value; a value that is not text counts as missing. From engine
version 4 on both sides are in Unicode NFC. `text_from` says which text a number of an undeclared value counts as.
RE2 and what rewrites patterns for it are imported with the first pattern: that takes long, and few accounts have one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.conditions import normalization
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.predicates import Predicate

if TYPE_CHECKING:
    from streams.engine.conditions.regex.case_folding import MultiLetterFolding

_LEAST_MEMORY, _MOST_MEMORY = 8 << 20, 256 << 20
_MEMORY_PER_CHARACTER = 600
"""Bytes that RE2 may use per character of a pattern; with less, matching stays linear but is much slower."""

CaseFold = Callable[[str], str]


def fold_for(
    *, case_sensitive: bool, ignores_accents: bool = False, version: EngineVersion = NEWEST_VERSION
) -> CaseFold:
    """Returns the function that both sides of a comparison go through first."""
    if version < 4:
        return str if case_sensitive else str.casefold
    if ignores_accents:
        return normalization.remove_marks if case_sensitive else normalization.fold_without_marks
    return normalization.compose if case_sensitive else normalization.fold


def text_from(value: Any) -> str | None:
    """Returns the text that an undeclared value counts as; None when it counts as none.

    A number counts as its canonical text: whole numbers in full, others in the shortest form that reads back.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


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


def matches(
    pattern: str,
    *,
    case_sensitive: bool,
    ignores_accents: bool = False,
    version: EngineVersion = NEWEST_VERSION,
) -> Predicate:
    """Tests for a text in which the RE2 pattern matches anywhere.

    Raises ConditionRefused when RE2 does not accept the pattern.
    """
    from streams.engine.conditions.regex.case_folding import (  # noqa: PLC0415 - see the module's docstring
        NORMAL_FOLDING,
        PLAIN_FOLDING,
    )
    from streams.engine.conditions.regex.literals import normalize_literals  # noqa: PLC0415

    if version < 4:
        unchanged = _compile_regex(pattern, pattern, case_sensitive=case_sensitive)
        return _search_predicate(unchanged) if case_sensitive else _folding_predicate(pattern, pattern, PLAIN_FOLDING)
    normalize = _normal_form(case_sensitive=case_sensitive, ignores_accents=ignores_accents)
    normal = normalize_literals(pattern, normalize)
    compiled = _compile_regex(normal, pattern, case_sensitive=case_sensitive)
    search = _search_predicate(compiled) if case_sensitive else _folding_predicate(normal, pattern, NORMAL_FOLDING)
    return lambda value: isinstance(value, str) and search(normalize(value))


def compiled_pattern(
    pattern: str, *, case_sensitive: bool, ignores_accents: bool, version: EngineVersion = NEWEST_VERSION
) -> str:
    """Returns the pattern that RE2 has to accept: from version 4 on its literals are in their normal form."""
    from streams.engine.conditions.regex.literals import normalize_literals  # noqa: PLC0415 - see the module

    if version < 4:
        return pattern
    return normalize_literals(pattern, _normal_form(case_sensitive=case_sensitive, ignores_accents=ignores_accents))


def _normal_form(*, case_sensitive: bool, ignores_accents: bool) -> CaseFold:
    """Returns the form that texts and the literals of patterns are searched in; RE2 ignores case by itself."""
    if case_sensitive:
        return normalization.remove_marks if ignores_accents else normalization.compose
    return normalization.join_without_marks if ignores_accents else normalization.join_marks


def _folding_predicate(regex: str, pattern: str, folding: MultiLetterFolding) -> Predicate:
    """Searches without regard to case, also where a letter folds to several."""
    from streams.engine.conditions.regex.patterns import (  # noqa: PLC0415 - see the module's docstring
        rewrite_for_expanded_text,
        rewrite_for_plain_text,
    )

    plain = _compile_regex(rewrite_for_plain_text(regex, folding), pattern, case_sensitive=False)
    expanded = _compile_regex(rewrite_for_expanded_text(regex, folding), pattern, case_sensitive=False)
    matches_plain, matches_expanded = _search_predicate(plain), _search_predicate(expanded)
    return lambda value: (
        isinstance(value, str)
        and (
            matches_expanded(folding.expand(value)) if folding.has_multi_fold_letters(value) else matches_plain(value)
        )
    )


def _compile_regex(regex: str, pattern: str, *, case_sensitive: bool) -> Any:
    """Compiles `regex`; `pattern` is what the user wrote, for the message of the refusal."""
    import re2  # noqa: PLC0415 - see the module's docstring

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
