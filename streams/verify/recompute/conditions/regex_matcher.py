"""Regular expressions of RE2 as functions on sets of positions: from possible starts to possible ends.

Every character and every letter is looked at by itself, so that folding to several letters is nothing special; a set
of positions never grows beyond the text, so that no pattern takes long.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from streams.verify.recompute.conditions.folded_text import FoldedText
from streams.verify.recompute.conditions.text_rules import TextRules

Indexes = frozenset[int]
Expression = Callable[[FoldedText, Indexes], Indexes]

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CODE = re.compile(r"\\x\{([0-9a-fA-F]+)\}|\\x([0-9a-fA-F]{2})")
_OCTAL = re.compile(r"\\([0-7]{1,3})")
_NAMED = re.compile(r"\\[pP](\{\^?\w+\}|.)|\\[dDsSwW]|\[:\^?\w+:\]", re.DOTALL)
_TIMES = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_OPENING = re.compile(r"\((?:\?(?:P?<\w+>|([a-zA-Z]*)(-[a-zA-Z]*)?([:)])))?")
_EVERY_LINE = "[^\\n]"
_EVERYTHING = "[\\x{0}-\\x{10ffff}]"


def parse_pattern(pattern: str, rules: TextRules) -> Expression:
    """Returns the expression of a pattern that RE2 accepts."""
    return _PatternParser(pattern, rules).alternatives("")


class _PatternParser:
    """Parses from left to right; `flags` are those of the open group."""

    def __init__(self, pattern: str, rules: TextRules) -> None:
        self._rest = pattern
        self._rules = rules

    def alternatives(self, flags: str) -> Expression:
        branches: list[list[Expression]] = [[]]
        while self._rest and self._rest[0] != ")":
            if self._consume("|"):
                branches.append([])
            elif (opening := self._consume_match(_OPENING)) is not None:
                inner = "".join(one for one in flags + (opening[1] or "") if one not in (opening[2] or ""))
                if opening[3] == ")":
                    flags = inner
                else:
                    branches[-1].append(self._with_repetition(self._group(inner)))
            elif self._consume(r"\Q"):
                quoted, _, self._rest = self._rest.partition(r"\E")
                letters = [self._literal(one) for one in quoted]
                branches[-1] += [*letters[:-1], *(self._with_repetition(last) for last in letters[-1:])]
            else:
                branches[-1].append(self._with_repetition(self._atom(flags)))
        return _any_of([_chain(branch) for branch in branches])

    def _group(self, flags: str) -> Expression:
        inside = self.alternatives(flags)
        self._consume(")")
        return inside

    def _with_repetition(self, expression: Expression) -> Expression:
        while (times := self._consume_match(_TIMES)) is not None:
            if times[1]:
                least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[times[1]]
            else:
                least = int(times[2])
                most = int(times[4]) if times[4] else None if times[3] else least
            expression = _repeat(expression, least, most)
        return expression

    def _atom(self, flags: str) -> Expression:
        for token, index in _ASSERTIONS.items():
            if self._consume(token):
                in_lines = "m" in flags and token in "^$"
                return _assertion(_MULTILINE_ASSERTIONS[token] if in_lines else index)
        if self._consume("."):
            return _character(_EVERYTHING if "s" in flags else _EVERY_LINE)
        if (named := self._consume_match(_NAMED)) is not None:
            return _character(named[0])
        return self._class() if self._rest[0] == "[" else self._literal(self._letter())

    def _class(self) -> Expression:
        """The characters of the class, and the foldings of its letters that have several letters."""
        before = self._rest
        self._rest = self._rest[2 if self._rest.startswith("[^") else 1 :]
        alone: list[str] = []
        first = True
        while first or self._rest[0] != "]":
            first = False
            if self._consume_match(_NAMED) is not None:
                continue
            low = self._letter()
            if self._rest[0] == "-" and self._rest[1] != "]":
                self._consume("-")
                self._letter()
            else:
                alone.append(low)
        self._consume("]")
        token = before[: len(before) - len(self._rest)]
        several = [] if token.startswith("[^") else [one for one in alone if len(self._rules.fold_character(one)) > 1]
        return _any_of([_character(token), *map(self._literal, several)])

    def _literal(self, letter: str) -> Expression:
        return _folded(self._rules.fold_character(letter))

    def _letter(self) -> str:
        if (code := self._consume_match(_CODE)) is not None:
            return chr(int(code[1] or code[2], 16))
        if (octal := self._consume_match(_OCTAL)) is not None:
            return chr(int(octal[1], 8))
        escaped = self._consume("\\")
        letter, self._rest = self._rest[0], self._rest[1:]
        return _CONTROLS.get(letter, letter) if escaped else letter

    def _consume(self, text: str) -> bool:
        token = self._rest.startswith(text)
        self._rest = self._rest.removeprefix(text)
        return token

    def _consume_match(self, token: re.Pattern[str]) -> re.Match[str] | None:
        match = token.match(self._rest)
        if match is not None:
            self._rest = self._rest[match.end() :]
        return match


def _folded(folding: str) -> Expression:
    length = len(folding)
    return lambda letters, indexes: frozenset(
        index + length for index in indexes if letters.content.startswith(folding, index)
    )


def _character(character_class: str) -> Expression:
    def ends(letters: FoldedText, indexes: Indexes) -> Indexes:
        behind = (letters.character_end(index, character_class) for index in indexes)
        return frozenset(place for place in behind if place is not None)

    return ends


def _assertion(holds: Callable[[FoldedText, int], bool]) -> Expression:
    return lambda letters, indexes: frozenset(index for index in indexes if holds(letters, index))


def _chain(parts: list[Expression]) -> Expression:
    def ends(letters: FoldedText, indexes: Indexes) -> Indexes:
        for part in parts:
            indexes = part(letters, indexes)
        return indexes

    return ends


def _any_of(branches: list[Expression]) -> Expression:
    return lambda letters, indexes: frozenset[int]().union(*(branch(letters, indexes) for branch in branches))


def _repeat(expression: Expression, least: int, most: int | None) -> Expression:
    def ends(letters: FoldedText, indexes: Indexes) -> Indexes:
        for _ in range(least):
            indexes = expression(letters, indexes)
        reached, newest, more = indexes, indexes, 0
        while newest and (most is None or more < most - least):
            newest = expression(letters, newest) - reached
            reached, more = reached | newest, more + 1
        return reached

    return ends


def _is_start(_: FoldedText, index: int) -> bool:
    return index == 0


def _is_end(text: FoldedText, index: int) -> bool:
    return index == len(text.content)


_ASSERTIONS: dict[str, Callable[[FoldedText, int], bool]] = {
    "^": _is_start,
    r"\A": _is_start,
    "$": _is_end,
    r"\z": _is_end,
    r"\b": FoldedText.is_word_boundary,
    r"\B": lambda letters, index: not letters.is_word_boundary(index),
}
_MULTILINE_ASSERTIONS: dict[str, Callable[[FoldedText, int], bool]] = {
    "^": FoldedText.is_line_start,
    "$": FoldedText.is_line_end,
}
