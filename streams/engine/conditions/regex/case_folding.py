"""Letters whose case folding is several letters (`ß` is `ss`), and texts in which they are written out for RE2.

RE2 folds one letter to one; for all letters but these that is full case folding. In a text for RE2 such a letter is
written as a group: a sign for its folding, the folding's letters as twins, an end. So a pattern can tell a letter of
its own from a part of another, and one character from its folding. Signs, twins and ends are code points of two
planes of Unicode in which nothing is assigned.
"""

from __future__ import annotations

import re

_COPY_BASE = 0x50000
_GROUP_START_BASE = 0x60000
_GROUP_END = 0x6FFFF
_SCAN_END = 0x20000  # after the letters of all scripts; from here on Unicode has signs that do not fold
_REPLACEMENT_CHARACTER = "\ufffd"


def _letters_by_folding() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for letter in map(chr, range(_SCAN_END)):
        folded = letter.casefold()
        if len(folded) > 1:
            found[folded] = (*found.get(folded, ()), letter)
    return found


LETTERS_BY_FOLDING = _letters_by_folding()
"""A folding of several letters -> the letters that have it: `ss` -> `ß` and `ẞ`."""

RESERVED_RANGE = (_COPY_BASE, _GROUP_END)
"""The first and the last of the code points that no text for RE2 has but in groups."""

_FOLDING_LETTERS = frozenset("".join(LETTERS_BY_FOLDING))
_GROUP_STARTS = {folding: chr(_GROUP_START_BASE + place) for place, folding in enumerate(LETTERS_BY_FOLDING)}
_MULTI_FOLD_LETTER = re.compile(
    f"[{''.join(letter for letters in LETTERS_BY_FOLDING.values() for letter in letters)}]"
)
_RESERVED_CHARACTER = re.compile(f"[{chr(RESERVED_RANGE[0])}-{chr(RESERVED_RANGE[1])}]")
_ANY_GROUP_START = f"[{chr(_GROUP_START_BASE)}-{chr(_GROUP_START_BASE + len(LETTERS_BY_FOLDING) - 1)}]"
_ANY_COPIES = f"[{chr(_COPY_BASE)}-{chr(_GROUP_START_BASE - 1)}]+"


def has_multi_fold_letters(text: str) -> bool:
    """Whether a letter of the text is to be written out."""
    return not text.isascii() and _MULTI_FOLD_LETTER.search(text) is not None


def expand_foldings(text: str) -> str:
    """The text with each letter that folds to several as a group."""
    return _MULTI_FOLD_LETTER.sub(
        lambda found: _group(found[0].casefold()), _RESERVED_CHARACTER.sub(_REPLACEMENT_CHARACTER, text)
    )


def _group(folding: str) -> str:
    return _GROUP_STARTS[folding] + "".join(map(_copy_letter, folding)) + chr(_GROUP_END)


def _copy_letter(letter: str) -> str:
    return chr(_COPY_BASE + ord(letter))


def letter_pattern(letter: str) -> str:
    """A pattern that finds a folded letter by itself, and as a part of a group."""
    if letter not in _FOLDING_LETTERS:
        return escape_letter(letter)
    return f"(?:{escape_letter(letter)}|{_ANY_GROUP_START}?{_copy_letter(letter)}{chr(_GROUP_END)}?)"


def group_pattern(foldings: list[str]) -> str:
    """A pattern that finds a character of the text which has one of these foldings, as a whole."""
    signs = "".join(_GROUP_STARTS[folding] for folding in foldings)
    return f"[{signs}]{_ANY_COPIES}{chr(_GROUP_END)}"


def escape_letter(letter: str) -> str:
    """A letter as a pattern writes it, whatever it means there."""
    return f"\\x{{{ord(letter):x}}}"
