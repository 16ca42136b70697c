"""Letters whose case folding is several letters (`ß` is `ss`), and texts in which they are written out for RE2.

RE2 folds one letter to one; for all letters but these that is full case folding. In a text for RE2 such a letter is
written as a group: a sign for its folding, the folding's letters as twins, an end. So a pattern can tell a letter of
its own from a part of another, and one character from its folding. Signs, twins and ends are code points of two
planes of Unicode in which nothing is assigned.
"""

from __future__ import annotations

import re

_TWINS = 0x50000
_SIGNS = 0x60000
_END = 0x6FFFF
_BEYOND = 0x20000  # after the letters of all scripts; from here on Unicode has signs that do not fold
_UNKNOWN = "\ufffd"


def _letters_by_folding() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for letter in map(chr, range(_BEYOND)):
        folded = letter.casefold()
        if len(folded) > 1:
            found[folded] = (*found.get(folded, ()), letter)
    return found


LETTERS = _letters_by_folding()
"""A folding of several letters -> the letters that have it: `ss` -> `ß` and `ẞ`."""

RESERVED = (_TWINS, _END)
"""The first and the last of the code points that no text for RE2 has but in groups."""

_PARTS = frozenset("".join(LETTERS))
_SIGN_OF = {folding: chr(_SIGNS + place) for place, folding in enumerate(LETTERS)}
_TO_WRITE_OUT = re.compile(f"[{''.join(letter for letters in LETTERS.values() for letter in letters)}]")
_NOT_ASSIGNED = re.compile(f"[{chr(RESERVED[0])}-{chr(RESERVED[1])}]")
_ANY_SIGN = f"[{chr(_SIGNS)}-{chr(_SIGNS + len(LETTERS) - 1)}]"
_ANY_TWINS = f"[{chr(_TWINS)}-{chr(_SIGNS - 1)}]+"


def has_groups(text: str) -> bool:
    """Whether a letter of the text is to be written out."""
    return not text.isascii() and _TO_WRITE_OUT.search(text) is not None


def written_out(text: str) -> str:
    """The text with each letter that folds to several as a group."""
    return _TO_WRITE_OUT.sub(lambda found: _group(found[0].casefold()), _NOT_ASSIGNED.sub(_UNKNOWN, text))


def _group(folding: str) -> str:
    return _SIGN_OF[folding] + "".join(map(_twin, folding)) + chr(_END)


def _twin(letter: str) -> str:
    return chr(_TWINS + ord(letter))


def finds_letter(letter: str) -> str:
    """A pattern that finds a folded letter by itself, and as a part of a group."""
    if letter not in _PARTS:
        return exactly(letter)
    return f"(?:{exactly(letter)}|{_ANY_SIGN}?{_twin(letter)}{chr(_END)}?)"


def finds_whole(foldings: list[str]) -> str:
    """A pattern that finds a character of the text which has one of these foldings, as a whole."""
    signs = "".join(_SIGN_OF[folding] for folding in foldings)
    return f"[{signs}]{_ANY_TWINS}{chr(_END)}"


def exactly(letter: str) -> str:
    """A letter as a pattern writes it, whatever it means there."""
    return f"\\x{{{ord(letter):x}}}"
