"""Rewrites patterns of `matches` that ignore case: RE2 folds letter by letter, the rest has to be in the pattern.

A letter that folds to several also matches these, by itself and as a single letter of a class. Ranges, sets, negated
classes and `.` match one character of the original text. Only alternatives are added, so the time stays linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.regex.case_folding import MultiLetterFolding, escape_letter
from streams.engine.conditions.regex.character_classes import (
    BRACKET_CLASS,
    LETTER,
    NAMED_SET,
    CharacterClass,
    multi_letter_foldings,
    one_character_pattern,
    parse_class,
    parse_letter,
)

TOKEN = re.compile(
    rf"""(?P<quoted>\\Q.*?(?:\\E|\Z))
    |(?P<group>\(\?P?<[^>]*>|\(\?[a-zA-Z-]*[:)]|\()
    |(?P<end>\))
    |(?P<class>{BRACKET_CLASS})
    |(?P<set>{NAMED_SET})
    |(?P<special>\\[bBAzC]|\{{\d+(?:,\d*)?\}}|[|^$*+?{{}}])
    |(?P<any>\.)
    |(?P<letter>{LETTER})""",
    re.DOTALL | re.VERBOSE,
)
"""A token of a pattern that RE2 accepts; its group says of which kind."""

_ANY_BUT_NEWLINE = CharacterClass(("\n",), (), (), negated=True)
_ANY_CHARACTER = CharacterClass((), ((0, 0x10FFFF),), ())


def rewrite_for_plain_text(pattern: str, folding: MultiLetterFolding) -> str:
    """Returns the pattern for texts without letters that fold to several. Raises ConditionRefused."""

    def rewrite_letter(token: str) -> str:
        letters = folding.fold(parse_letter(token))
        return token if len(letters) == 1 else f"(?:{''.join(map(escape_letter, letters))})"

    def rewrite_class(token: str) -> str:
        foldings = multi_letter_foldings(parse_class(token), folding)
        return f"(?:{'|'.join([token, *foldings])})" if foldings else token

    return _rewrite(pattern, rewrite_letter, rewrite_class, lambda token, _: token)


def rewrite_for_expanded_text(pattern: str, folding: MultiLetterFolding) -> str:
    """Returns the pattern for expanded texts (see `case_folding`). Raises ConditionRefused."""

    def rewrite_letter(token: str) -> str:
        patterns = [folding.letter_pattern(letter) for letter in folding.fold(parse_letter(token))]
        return patterns[0] if len(patterns) == 1 else f"(?:{''.join(patterns)})"

    def rewrite_class(token: str) -> str:
        return one_character_pattern(parse_class(token), folding)

    def rewrite_dot(_: str, dot_matches_newline: bool) -> str:
        return one_character_pattern(_ANY_CHARACTER if dot_matches_newline else _ANY_BUT_NEWLINE, folding)

    return _rewrite(pattern, rewrite_letter, rewrite_class, rewrite_dot)


def _rewrite(
    pattern: str,
    rewrite_letter: Callable[[str], str],
    rewrite_class: Callable[[str], str],
    rewrite_dot: Callable[[str, bool], str],
) -> str:
    """Rewrites every token of the pattern; the flag of `rewrite_dot` is whether `.` also matches a newline."""
    out: list[str] = []
    dot_matches_newline = [False]
    for kind, token in _tokens(pattern):
        if kind == "letter":
            out.append(rewrite_letter(token))
        elif kind in ("class", "set"):
            out.append(rewrite_class(token))
        elif kind == "any":
            out.append(rewrite_dot(token, dot_matches_newline[-1]))
        else:
            _update_flags(dot_matches_newline, kind, token)
            out.append(token)
    return "".join(out)


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    for match in TOKEN.finditer(pattern):
        kind, token = str(match.lastgroup), match[0]
        if kind == "quoted":
            yield from (("letter", escape_letter(letter)) for letter in token[2:].removesuffix(r"\E"))
        else:
            yield kind, token


def _update_flags(dot_matches_newline: list[bool], kind: str, token: str) -> None:
    """Applies flags, which hold to the end of their group. Raises ConditionRefused for what cannot be rewritten."""
    if token == r"\C":
        raise ConditionRefused(
            r"\C takes half a letter; write . for a letter, or case_sensitive: true beside matches"
        )
    if kind == "end" and len(dot_matches_newline) > 1:
        dot_matches_newline.pop()
    if kind != "group":
        return
    flags, _, removed_flags = "", "", ""
    if token.startswith("(?") and "<" not in token:
        flags, _, removed_flags = token.strip("(?:)").partition("-")
    if "i" in removed_flags:
        raise ConditionRefused("(?-i) holds for a part of a pattern; write case_sensitive: true beside matches")
    now = "s" in flags or (dot_matches_newline[-1] and "s" not in removed_flags)
    if token.endswith(")"):
        dot_matches_newline[-1] = now
    else:
        dot_matches_newline.append(now)
