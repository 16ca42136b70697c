"""Unicode normal forms of text, so that the same letter is equal however it is encoded (SPEC section 5).

Text is compared in NFC: a letter and its mark are one letter, `é`. Marks (general category Mn) can be removed, for
comparisons that ignore accents. Text without any letter beyond ASCII is in every normal form.

Normalising sorts the marks behind a letter, which takes the square of their number. So longer runs of them are cut
first, as the Stream-Safe Text Process of Unicode (UAX #15) does it: no text takes more than linear time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from unicodedata import category, combining, normalize

IOTA_SUBSCRIPT = "\u0345"
"""The one mark that case folding turns into a letter, an iota."""

MOST_MARKS = 30
"""The longest run of marks that is not cut; no language has one of half that length."""
CUT = "\u034f"
"""The combining grapheme joiner: invisible, and no mark is moved across it."""
_STRIDE = 14
"""Every longer run has a mark at a multiple of it: a character is at most 2 marks, or ends with at most 3."""


def compose(text: str) -> str:
    """Returns the text in NFC."""
    return text if text.isascii() else normalize("NFC", _cut_long_runs(text))


def fold(text: str) -> str:
    """Returns the text with full case folding between two normalisations, so that ΐ equals its upper case, too."""
    return text.lower() if text.isascii() else normalize("NFC", compose(text).casefold())


def fold_letter(letter: str) -> str:
    """Returns the letters that a single letter folds to, as `fold` leaves them."""
    return normalize("NFC", letter.casefold())


def remove_marks(text: str, kept: str = "") -> str:
    """Returns the text in NFC without its marks, but for `kept`."""
    if text.isascii():
        return text
    letters = (one for one in normalize("NFD", _cut_long_runs(text)) if category(one) != "Mn" or one in kept)
    return compose("".join(letters))


def fold_without_marks(text: str) -> str:
    """Returns the folded text without its marks."""
    return remove_marks(fold(text))


def join_marks(text: str) -> str:
    """Returns the text in NFC, and folded where marks join their letter only then: J and a caron are ǰ, which has no
    upper case. Every other letter stays as it is, for patterns that speak of single letters.
    """
    text = compose(text)
    if text.isascii() or not any(map(combining, text)):
        return text
    return "".join(map(_join_cluster, clusters(text)))


def join_without_marks(text: str) -> str:
    """Returns the same without marks, but for the one that folds to a letter."""
    return remove_marks(text, IOTA_SUBSCRIPT)


def _cut_long_runs(text: str) -> str:
    """Returns the text with a `CUT` behind every `MOST_MARKS` marks in a row, counted as in NFKD."""
    if len(text) < _STRIDE or not any(map(_is_mark, text[_STRIDE - 1 :: _STRIDE])):
        return text
    parts: list[str] = []
    run = 0
    for character in text:
        marks = _trailing_marks(character)
        if not _is_mark(character):
            run = 0
        elif run + marks > MOST_MARKS:
            parts.append(CUT)
            run = 0
        parts.append(character)
        run += marks
    return "".join(parts)


@lru_cache(maxsize=4_096)
def _is_mark(character: str) -> bool:
    """Whether a character is nothing but marks."""
    return combining(normalize("NFKD", character)[0]) != 0


@lru_cache(maxsize=4_096)
def _trailing_marks(character: str) -> int:
    """Returns the number of marks that a character ends with, as é does with one."""
    decomposed = normalize("NFKD", character)
    return next((n for n, one in enumerate(reversed(decomposed)) if not combining(one)), len(decomposed))


def clusters(text: str) -> Iterator[str]:
    """Yields each letter with the marks behind it."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not combining(text[index]):
            yield text[start:index]
            start = index


def _join_cluster(cluster: str) -> str:
    folded = fold(cluster)
    return cluster if folded == "".join(map(fold_letter, cluster)) else folded
