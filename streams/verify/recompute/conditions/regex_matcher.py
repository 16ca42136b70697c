"""Regular expressions of RE2's kind as functions on sets of positions: from where they begin to where they may end.

Every character and every letter is looked at by itself, so that folding to several letters is nothing special; a set
of positions never grows beyond the text, so that no pattern takes long.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from streams.verify.recompute.conditions.folded_text import Letters

Places = frozenset[int]
Expression = Callable[[Letters, Places], Places]

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CODE = re.compile(r"\\x\{([0-9a-fA-F]+)\}|\\x([0-9a-fA-F]{2})")
_OCTAL = re.compile(r"\\([0-7]{1,3})")
_NAMED = re.compile(r"\\[pP](\{\^?\w+\}|.)|\\[dDsSwW]|\[:\^?\w+:\]", re.DOTALL)
_TIMES = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_OPENING = re.compile(r"\((?:\?(?:P?<\w+>|([a-zA-Z]*)(-[a-zA-Z]*)?([:)])))?")
_EVERY_LINE = "[^\\n]"
_EVERYTHING = "[\\x{0}-\\x{10ffff}]"


def parsed(pattern: str) -> Expression:
    """The expression of a pattern that RE2 takes."""
    return _Reader(pattern).alternatives("")


class _Reader:
    """Reads from left to right; `flags` are those of the group that is open."""

    def __init__(self, pattern: str) -> None:
        self._rest = pattern

    def alternatives(self, flags: str) -> Expression:
        branches: list[list[Expression]] = [[]]
        while self._rest and self._rest[0] != ")":
            if self._take("|"):
                branches.append([])
            elif (opening := self._found(_OPENING)) is not None:
                inner = "".join(one for one in flags + (opening[1] or "") if one not in (opening[2] or ""))
                if opening[3] == ")":
                    flags = inner
                else:
                    branches[-1].append(self._repeated(self._group(inner)))
            elif self._take(r"\Q"):
                quoted, _, self._rest = self._rest.partition(r"\E")
                letters = [_letter(one) for one in quoted]
                branches[-1] += [*letters[:-1], *(self._repeated(last) for last in letters[-1:])]
            else:
                branches[-1].append(self._repeated(self._one(flags)))
        return _any_of([_chain(branch) for branch in branches])

    def _group(self, flags: str) -> Expression:
        inside = self.alternatives(flags)
        self._take(")")
        return inside

    def _repeated(self, expression: Expression) -> Expression:
        while (times := self._found(_TIMES)) is not None:
            if times[1]:
                least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[times[1]]
            else:
                least = int(times[2])
                most = int(times[4]) if times[4] else None if times[3] else least
            expression = _times(expression, least, most)
        return expression

    def _one(self, flags: str) -> Expression:
        for written, place in _PLACES.items():
            if self._take(written):
                in_lines = "m" in flags and written in "^$"
                return _where(_IN_LINES[written] if in_lines else place)
        if self._take("."):
            return _character(_EVERYTHING if "s" in flags else _EVERY_LINE)
        if (named := self._found(_NAMED)) is not None:
            return _character(named[0])
        return self._class() if self._rest[0] == "[" else _letter(self._letter())

    def _class(self) -> Expression:
        """The characters of the class, and what its letters fold to where that is several."""
        before = self._rest
        self._rest = self._rest[2 if self._rest.startswith("[^") else 1 :]
        alone: list[str] = []
        first = True
        while first or self._rest[0] != "]":
            first = False
            if self._found(_NAMED) is not None:
                continue
            low = self._letter()
            if self._rest[0] == "-" and self._rest[1] != "]":
                self._take("-")
                self._letter()
            else:
                alone.append(low)
        self._take("]")
        written = before[: len(before) - len(self._rest)]
        several = [] if written.startswith("[^") else [one for one in alone if len(one.casefold()) > 1]
        return _any_of([_character(written), *map(_letter, several)])

    def _letter(self) -> str:
        if (code := self._found(_CODE)) is not None:
            return chr(int(code[1] or code[2], 16))
        if (octal := self._found(_OCTAL)) is not None:
            return chr(int(octal[1], 8))
        escaped = self._take("\\")
        letter, self._rest = self._rest[0], self._rest[1:]
        return _CONTROLS.get(letter, letter) if escaped else letter

    def _take(self, text: str) -> bool:
        taken = self._rest.startswith(text)
        self._rest = self._rest.removeprefix(text)
        return taken

    def _found(self, token: re.Pattern[str]) -> re.Match[str] | None:
        found = token.match(self._rest)
        if found is not None:
            self._rest = self._rest[found.end() :]
        return found


def _letter(letter: str) -> Expression:
    folding = letter.casefold()
    length = len(folding)
    return lambda letters, places: frozenset(
        place + length for place in places if letters.folded.startswith(folding, place)
    )


def _character(wanted: str) -> Expression:
    def ends(letters: Letters, places: Places) -> Places:
        behind = (letters.after_character(place, wanted) for place in places)
        return frozenset(place for place in behind if place is not None)

    return ends


def _where(holds: Callable[[Letters, int], bool]) -> Expression:
    return lambda letters, places: frozenset(place for place in places if holds(letters, place))


def _chain(parts: list[Expression]) -> Expression:
    def ends(letters: Letters, places: Places) -> Places:
        for part in parts:
            places = part(letters, places)
        return places

    return ends


def _any_of(branches: list[Expression]) -> Expression:
    return lambda letters, places: frozenset[int]().union(*(branch(letters, places) for branch in branches))


def _times(expression: Expression, least: int, most: int | None) -> Expression:
    def ends(letters: Letters, places: Places) -> Places:
        for _ in range(least):
            places = expression(letters, places)
        reached, newest, more = places, places, 0
        while newest and (most is None or more < most - least):
            newest = expression(letters, newest) - reached
            reached, more = reached | newest, more + 1
        return reached

    return ends


def _is_start(_: Letters, place: int) -> bool:
    return place == 0


def _is_end(letters: Letters, place: int) -> bool:
    return place == len(letters.folded)


_PLACES: dict[str, Callable[[Letters, int], bool]] = {
    "^": _is_start,
    r"\A": _is_start,
    "$": _is_end,
    r"\z": _is_end,
    r"\b": Letters.is_boundary,
    r"\B": lambda letters, place: not letters.is_boundary(place),
}
_IN_LINES: dict[str, Callable[[Letters, int], bool]] = {"^": Letters.begins_line, "$": Letters.ends_line}
