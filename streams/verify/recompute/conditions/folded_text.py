"""A folded text, letter by letter, with the original character of each letter."""

from __future__ import annotations

import sys
from functools import cache, lru_cache
from typing import Any

import re2

from streams.verify.recompute.conditions.text_rules import TextRules


@cache
def characters_by_folding(rules: TextRules) -> dict[str, list[str]]:
    """Foldings with several letters (`ss`) -> the characters that fold to them."""
    found: dict[str, list[str]] = {}
    for character in _characters_with_several():
        folding = rules.fold_character(character)
        if len(folding) > 1:
            found.setdefault(folding, []).append(character)
    return found


@cache
def _characters_with_several() -> list[str]:
    characters = map(chr, range(sys.maxunicode + 1))
    return [one for one in characters if len(one.casefold()) > 1]


def has_multi_letter_foldings(text: str, rules: TextRules) -> bool:
    """Whether the text has a character with such a folding."""
    return not text.isascii() and any(len(rules.fold_character(one)) > 1 for one in text)


class FoldedText:
    """Positions count letters of the folded text; a character begins at some of them."""

    def __init__(self, text: str, rules: TextRules) -> None:
        foldings = [rules.fold_character(character) for character in text]
        self.content = "".join(foldings)
        self._rules = rules
        self._character_at: dict[int, str] = {}
        self._neighbours: list[tuple[str, str]] = []
        before, index = "", 0
        for character, folding in zip(text, foldings, strict=True):
            length = len(folding)
            self._character_at[index] = character
            self._neighbours += [(before, character), *[(character, character)] * (length - 1)]
            before, index = character, index + length
        self._neighbours.append((before, ""))

    def character_end(self, index: int, character_class: str) -> int | None:
        """Where the character at `index` ends when the class contains it; otherwise None."""
        character = self._character_at.get(index)
        if character is None or not class_contains(character, character_class, self._rules):
            return None
        return index + len(self._rules.fold_character(character))

    def is_line_start(self, index: int) -> bool:
        """Whether a line starts at `index`."""
        return self._neighbours[index][0] in ("", "\n")

    def is_line_end(self, index: int) -> bool:
        """Whether a line ends at `index`."""
        return self._neighbours[index][1] in ("", "\n")

    def is_word_boundary(self, index: int) -> bool:
        """Whether `index` is between an ASCII word character and something else."""
        before, behind = self._neighbours[index]
        return _is_word(before) != _is_word(behind)


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


@lru_cache(maxsize=100_000)
def class_contains(character: str, character_class: str, rules: TextRules) -> bool:
    """Whether a class contains a character or one that folds alike; a negated class must contain all of them."""
    characters = [
        _compile_class(character_class).fullmatch(one) is not None
        for one in characters_by_folding(rules).get(rules.fold_character(character), [character])
    ]
    return all(characters) if character_class.startswith("[^") else any(characters)


@lru_cache(maxsize=1_000)
def _compile_class(character_class: str) -> Any:
    options: Any = re2.Options()
    options.case_sensitive = False
    return re2.compile(character_class, options)
