"""Patterns of `matches` without regard to case: RE2 folds letter by letter, so that the rest is written into them.

A letter that folds to several stands for these, alone and alone in a class; ranges, sets, negated classes and `.`
take one character of the text as it stands. Nothing but alternatives is added: the time stays linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.regex.case_folding import exactly, finds_letter
from streams.engine.conditions.regex.character_classes import (
    CLASS,
    LETTER,
    SET,
    Characters,
    characters_of,
    finds_one,
    letter_of,
    sequences,
)

_TOKEN = re.compile(
    rf"""(?P<quoted>\\Q.*?(?:\\E|\Z))
    |(?P<group>\(\?P?<[^>]*>|\(\?[a-zA-Z-]*[:)]|\()
    |(?P<end>\))
    |(?P<class>{CLASS})
    |(?P<set>{SET})
    |(?P<special>\\[bBAzC]|\{{\d+(?:,\d*)?\}}|[|^$*+?{{}}])
    |(?P<any>\.)
    |(?P<letter>{LETTER})""",
    re.DOTALL | re.VERBOSE,
)
_LINES = Characters(("\n",), (), (), negated=True)
_EVERY = Characters((), ((0, 0x10FFFF),), ())


def for_texts_as_they_stand(pattern: str) -> str:
    """The pattern for texts of which no letter folds to several. Raises ConditionRefused."""
    return _rewritten(pattern, _folded, _or_sequences, lambda token, _: token)


def for_texts_written_out(pattern: str) -> str:
    """The pattern for texts with groups (see `case_folding`). Raises ConditionRefused."""
    return _rewritten(pattern, _found, lambda token: finds_one(characters_of(token)), _any)


def _rewritten(
    pattern: str, letter: Callable[[str], str], one_of: Callable[[str], str], any_of: Callable[[str, bool], str]
) -> str:
    """Every token of the pattern anew; `any_of` is told whether `.` takes ends of lines, too."""
    out: list[str] = []
    with_lines = [False]
    for kind, token in _tokens(pattern):
        if kind == "letter":
            out.append(letter(token))
        elif kind in ("class", "set"):
            out.append(one_of(token))
        elif kind == "any":
            out.append(any_of(token, with_lines[-1]))
        else:
            _follow(with_lines, kind, token)
            out.append(token)
    return "".join(out)


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(pattern):
        kind, token = str(found.lastgroup), found[0]
        if kind == "quoted":
            yield from (("letter", exactly(one)) for one in token[2:].removesuffix(r"\E"))
        else:
            yield kind, token


def _follow(with_lines: list[bool], kind: str, token: str) -> None:
    """Flags hold to the end of their group. Raises ConditionRefused for what cannot be followed."""
    if token == r"\C":
        raise ConditionRefused(
            r"\C takes half a letter; write . for a letter, or case_sensitive: true beside matches"
        )
    if kind == "end" and len(with_lines) > 1:
        with_lines.pop()
    if kind != "group":
        return
    flags, _, without = "", "", ""
    if token.startswith("(?") and "<" not in token:
        flags, _, without = token.strip("(?:)").partition("-")
    if "i" in without:
        raise ConditionRefused("(?-i) holds for a part of a pattern; write case_sensitive: true beside matches")
    now = "s" in flags or (with_lines[-1] and "s" not in without)
    if token.endswith(")"):
        with_lines[-1] = now
    else:
        with_lines.append(now)


def _folded(token: str) -> str:
    folding = letter_of(token).casefold()
    return token if len(folding) == 1 else f"(?:{''.join(map(exactly, folding))})"


def _found(token: str) -> str:
    found = [finds_letter(letter) for letter in letter_of(token).casefold()]
    return found[0] if len(found) == 1 else f"(?:{''.join(found)})"


def _or_sequences(token: str) -> str:
    several = sequences(characters_of(token))
    return f"(?:{'|'.join([token, *several])})" if several else token


def _any(_: str, with_lines: bool) -> str:
    return finds_one(_EVERY if with_lines else _LINES)
