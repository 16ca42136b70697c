"""Letters whose case folding is several letters (`ß` is `ss`), and how texts for RE2 encode them.

RE2 folds one letter to one letter, which is full case folding for all letters except these. In an expanded text such
a letter is a group: a start that names its folding, copies of the folding's letters, an end. So a pattern can tell a
letter of its own from a part of a folding, and one character from the letters of its folding. Starts, copies and ends
are code points of two planes of Unicode in which nothing is assigned.
"""

from __future__ import annotations

import re

_COPY_BASE = 0x50000
_GROUP_START_BASE = 0x60000
_GROUP_END = 0x6FFFF
_SCAN_END = 0x20000  # behind the letters of all scripts; nothing from here on folds to several letters
_REPLACEMENT_CHARACTER = "\ufffd"


def _letters_by_folding() -> dict[str, tuple[str, ...]]:
    letters: dict[str, tuple[str, ...]] = {}
    for letter in map(chr, range(_SCAN_END)):
        folding = letter.casefold()
        if len(folding) > 1:
            letters[folding] = (*letters.get(folding, ()), letter)
    return letters


LETTERS_BY_FOLDING = _letters_by_folding()
"""Folding of several letters -> the letters that have it: `ss` -> `ß` and `ẞ`."""

RESERVED_RANGE = (_COPY_BASE, _GROUP_END)
"""The first and the last of the code points that occur in expanded texts only inside groups."""

_FOLDING_LETTERS = frozenset("".join(LETTERS_BY_FOLDING))
_GROUP_STARTS = {folding: chr(_GROUP_START_BASE + index) for index, folding in enumerate(LETTERS_BY_FOLDING)}
_MULTI_FOLD_LETTER = re.compile(
    f"[{''.join(letter for letters in LETTERS_BY_FOLDING.values() for letter in letters)}]"
)
_RESERVED_CHARACTER = re.compile(f"[{chr(RESERVED_RANGE[0])}-{chr(RESERVED_RANGE[1])}]")
_ANY_GROUP_START = f"[{chr(_GROUP_START_BASE)}-{chr(_GROUP_START_BASE + len(LETTERS_BY_FOLDING) - 1)}]"
_ANY_COPIES = f"[{chr(_COPY_BASE)}-{chr(_GROUP_START_BASE - 1)}]+"


def has_multi_fold_letters(text: str) -> bool:
    """Whether a letter of the text folds to several letters."""
    return not text.isascii() and _MULTI_FOLD_LETTER.search(text) is not None


def expand_foldings(text: str) -> str:
    """Returns the text with each letter that folds to several letters as a group."""
    return _MULTI_FOLD_LETTER.sub(
        lambda match: _group(match[0].casefold()), _RESERVED_CHARACTER.sub(_REPLACEMENT_CHARACTER, text)
    )


def _group(folding: str) -> str:
    return _GROUP_STARTS[folding] + "".join(map(_copy_letter, folding)) + chr(_GROUP_END)


def _copy_letter(letter: str) -> str:
    return chr(_COPY_BASE + ord(letter))


def letter_pattern(letter: str) -> str:
    """Returns a pattern that matches a folded letter by itself, and as a part of a group."""
    if letter not in _FOLDING_LETTERS:
        return escape_letter(letter)
    return f"(?:{escape_letter(letter)}|{_ANY_GROUP_START}?{_copy_letter(letter)}{chr(_GROUP_END)}?)"


def group_pattern(foldings: list[str]) -> str:
    """Returns a pattern that matches a whole group with one of these foldings."""
    starts = "".join(_GROUP_STARTS[folding] for folding in foldings)
    return f"[{starts}]{_ANY_COPIES}{chr(_GROUP_END)}"


def escape_letter(letter: str) -> str:
    """Returns a letter escaped for a pattern."""
    return f"\\x{{{ord(letter):x}}}"
