"""Letters whose case folding is several letters (`ß` is `ss`), and how texts for RE2 encode them.

RE2 folds one letter to one letter, which is full case folding for all letters except these. In an expanded text such
a letter is a group: a start that names its folding, copies of the folding's letters, an end. So a pattern can tell a
letter of its own from a part of a folding, and one character from the letters of its folding. Starts, copies and ends
are code points of two planes of Unicode in which nothing is assigned.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from streams.engine.conditions.normalization import fold_letter

_COPY_BASE = 0x50000
_GROUP_START_BASE = 0x60000
_GROUP_END = 0x6FFFF
_SCAN_END = 0x20000  # behind the letters of all scripts; nothing from here on folds to several letters
_REPLACEMENT_CHARACTER = "\ufffd"
_MULTI_FOLD_LETTERS = tuple(letter for letter in map(chr, range(_SCAN_END)) if len(letter.casefold()) > 1)

RESERVED_RANGE = (_COPY_BASE, _GROUP_END)
"""The first and the last of the code points that occur in expanded texts only inside groups."""

_RESERVED_CHARACTER = re.compile(f"[{chr(RESERVED_RANGE[0])}-{chr(RESERVED_RANGE[1])}]")
_ANY_COPIES = f"[{chr(_COPY_BASE)}-{chr(_GROUP_START_BASE - 1)}]+"


class MultiLetterFolding:
    """The letters that a case folding turns into several, and their groups in expanded texts."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        self.fold = fold
        """A single letter -> what it folds to."""
        self.letters_by_folding: dict[str, tuple[str, ...]] = {}
        """Folding of several letters -> the letters that have it: `ss` -> `ß` and `ẞ`."""
        for letter in _MULTI_FOLD_LETTERS:
            folding = fold(letter)
            if len(folding) > 1:
                self.letters_by_folding[folding] = (*self.letters_by_folding.get(folding, ()), letter)
        letters = "".join(letter for several in self.letters_by_folding.values() for letter in several)
        self._multi_fold_letter = re.compile(f"[{letters}]")
        self._folding_letters = frozenset("".join(self.letters_by_folding))
        self._group_starts = {
            folding: chr(_GROUP_START_BASE + index) for index, folding in enumerate(self.letters_by_folding)
        }
        last_start = chr(_GROUP_START_BASE + len(self.letters_by_folding) - 1)
        self._any_group_start = f"[{chr(_GROUP_START_BASE)}-{last_start}]"

    def has_multi_fold_letters(self, text: str) -> bool:
        """Whether a letter of the text folds to several letters."""
        return not text.isascii() and self._multi_fold_letter.search(text) is not None

    def expand(self, text: str) -> str:
        """Returns the text with each letter that folds to several letters as a group."""
        return self._multi_fold_letter.sub(
            lambda match: self._group(self.fold(match[0])), _RESERVED_CHARACTER.sub(_REPLACEMENT_CHARACTER, text)
        )

    def letter_pattern(self, letter: str) -> str:
        """Returns a pattern that matches a folded letter by itself, and as a part of a group."""
        if letter not in self._folding_letters:
            return escape_letter(letter)
        return f"(?:{escape_letter(letter)}|{self._any_group_start}?{_copy_letter(letter)}{chr(_GROUP_END)}?)"

    def group_pattern(self, foldings: list[str]) -> str:
        """Returns a pattern that matches a whole group with one of these foldings."""
        starts = "".join(self._group_starts[folding] for folding in foldings)
        return f"[{starts}]{_ANY_COPIES}{chr(_GROUP_END)}"

    def _group(self, folding: str) -> str:
        return self._group_starts[folding] + "".join(map(_copy_letter, folding)) + chr(_GROUP_END)


def _copy_letter(letter: str) -> str:
    return chr(_COPY_BASE + ord(letter))


def escape_letter(letter: str) -> str:
    """Returns a letter escaped for a pattern."""
    return f"\\x{{{ord(letter):x}}}"


PLAIN_FOLDING = MultiLetterFolding(str.casefold)
NORMAL_FOLDING = MultiLetterFolding(fold_letter)
"""Folding followed by NFC, which makes one letter of most that fold to a letter and its marks, as ΐ."""
