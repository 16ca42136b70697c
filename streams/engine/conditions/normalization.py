"""Unicode normal forms of text, so that the same letter is equal however it is encoded (SPEC section 5).

Text is compared in NFC: a letter and its mark are one letter, `é`. Marks (general category Mn) can be removed, for
comparisons that ignore accents. Text without any letter beyond ASCII is in every normal form.
"""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category, combining, normalize

IOTA_SUBSCRIPT = "\u0345"
"""The one mark that case folding turns into a letter, an iota."""


def compose(text: str) -> str:
    """Returns the text in NFC."""
    return text if text.isascii() else normalize("NFC", text)


def fold(text: str) -> str:
    """Returns the text with full case folding between two normalisations, so that ΐ equals its upper case, too."""
    return text.lower() if text.isascii() else normalize("NFC", normalize("NFC", text).casefold())


def fold_letter(letter: str) -> str:
    """Returns the letters that a single letter folds to, as `fold` leaves them."""
    return normalize("NFC", letter.casefold())


def remove_marks(text: str, kept: str = "") -> str:
    """Returns the text in NFC without its marks, but for `kept`."""
    if text.isascii():
        return text
    letters = (one for one in normalize("NFD", text) if category(one) != "Mn" or one in kept)
    return normalize("NFC", "".join(letters))


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
    return "".join(map(_join_cluster, _clusters(text)))


def join_without_marks(text: str) -> str:
    """Returns the same without marks, but for the one that folds to a letter."""
    return remove_marks(text, IOTA_SUBSCRIPT)


def _clusters(text: str) -> Iterator[str]:
    """Yields each letter with the marks behind it."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not combining(text[index]):
            yield text[start:index]
            start = index


def _join_cluster(cluster: str) -> str:
    folded = fold(cluster)
    return cluster if folded == "".join(map(fold_letter, cluster)) else folded
