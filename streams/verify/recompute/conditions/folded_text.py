"""A text letter by letter, folded, with the characters that the letters come from."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from typing import Any

import re2


@cache
def alike() -> dict[str, list[str]]:
    """What several letters are the folding of (`ss`) -> the characters that fold to them."""
    found: dict[str, list[str]] = {}
    for number in range(sys.maxunicode + 1):
        if len(chr(number).casefold()) > 1:
            found.setdefault(chr(number).casefold(), []).append(chr(number))
    return found


def folds_to_several(text: str) -> bool:
    """Whether a character of the text does."""
    return not text.isascii() and any(len(one.casefold()) > 1 for one in text)


class Letters:
    """Positions count letters of the folded text; a character begins at some of them."""

    def __init__(self, text: str) -> None:
        self.folded = text.casefold()
        self._beginning: dict[int, str] = {}
        self._around: list[tuple[str, str]] = []
        before, place = "", 0
        for character in text:
            length = len(character.casefold())
            self._beginning[place] = character
            self._around += [(before, character), *[(character, character)] * (length - 1)]
            before, place = character, place + length
        self._around.append((before, ""))

    def after_character(self, place: int, wanted: str) -> int | None:
        """Where the character that begins here ends, if it is one of a class; None if it is not."""
        character = self._beginning.get(place)
        if character is None or not is_one_of(character, wanted):
            return None
        return place + len(character.casefold())

    def begins_line(self, place: int) -> bool:
        """Whether an end of line stands before."""
        return self._around[place][0] in ("", "\n")

    def ends_line(self, place: int) -> bool:
        """Whether an end of line stands behind."""
        return self._around[place][1] in ("", "\n")

    def is_boundary(self, place: int) -> bool:
        """Between a word of ASCII and something else."""
        before, behind = self._around[place]
        return _is_word(before) != _is_word(behind)


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


@lru_cache(maxsize=100_000)
def is_one_of(character: str, wanted: str) -> bool:
    """Whether a class takes a character, or one of its like; a negated one has to take them all."""
    taken = [_by_re2(wanted).fullmatch(one) is not None for one in alike().get(character.casefold(), [character])]
    return all(taken) if wanted.startswith("[^") else any(taken)


@lru_cache(maxsize=1_000)
def _by_re2(wanted: str) -> Any:
    options: Any = re2.Options()
    options.case_sensitive = False
    return re2.compile(wanted, options)
