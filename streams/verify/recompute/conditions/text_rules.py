"""The form in which two texts are compared: normalised, folded, with or without accents (SPEC section 5)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class TextRules:
    """How texts are compared beside one operator; `is_normalized` from engine version 4 on."""

    is_normalized: bool = True
    case_sensitive: bool = False
    ignores_accents: bool = False

    def fold(self, text: str) -> str:
        """The form that equal texts share; the fold stands between two normalisations to NFC."""
        composed = self._to_nfc(text)
        folded = composed if self.case_sensitive else composed.casefold()
        return self._to_nfc(without_marks(folded) if self.ignores_accents else folded)

    def normalize(self, text: str) -> str:
        """The form of texts and literals for patterns, which fold character by character."""
        composed = self._to_nfc(text)
        if self.ignores_accents:
            composed = self._to_nfc(without_marks(composed, "" if self.case_sensitive else _IOTA_BELOW))
        return composed if self.case_sensitive or not self.is_normalized else _join_marks(composed)

    def fold_character(self, character: str) -> str:
        """The letters that a single character folds to."""
        return self._to_nfc(character.casefold())

    def _to_nfc(self, text: str) -> str:
        return to_nfc(text) if self.is_normalized else text


_IOTA_BELOW = "\u0345"
"""It folds to a letter, so it is no mark where case is ignored."""

_JOINER = "\u034f"
_MOST_NON_STARTERS = 30


def to_nfc(text: str) -> str:
    """The text in NFC; a combining grapheme joiner cuts runs of more than 30 non-starters (UAX #15, Stream-Safe)."""
    return unicodedata.normalize("NFC", stream_safe(text))


def stream_safe(text: str) -> str:
    """The text after the Stream-Safe Text Process: non-starters are counted in the NFKD of each character."""
    if text.isascii():
        return text
    parts: list[str] = []
    count = 0
    for character in text:
        classes = [unicodedata.combining(one) for one in unicodedata.normalize("NFKD", character)]
        starters = [index for index, number in enumerate(classes) if number == 0]
        leading = starters[0] if starters else len(classes)
        if count + leading > _MOST_NON_STARTERS:
            parts.append(_JOINER)
            count = 0
        parts.append(character)
        count = len(classes) - 1 - starters[-1] if starters else count + len(classes)
    return "".join(parts)


def without_marks(text: str, spared: str = "") -> str:
    """The text decomposed (NFD), without its combining marks (Mn) but those spared."""
    decomposed = unicodedata.normalize("NFD", stream_safe(text))
    return "".join(one for one in decomposed if unicodedata.category(one) != "Mn" or one in spared)


def letters_with_marks(text: str) -> list[str]:
    """The characters of a text, each with the non-starters behind it."""
    starts = [index for index, one in enumerate(text) if index == 0 or not unicodedata.combining(one)]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=False)]


def _join_marks(text: str) -> str:
    """The text with a letter and its marks folded where they join only then: J and a caron are ǰ."""
    parts: list[str] = []
    for letter in letters_with_marks(text):
        together = to_nfc(letter.casefold())
        apart = "".join(to_nfc(one.casefold()) for one in letter)
        parts.append(letter if together == apart else together)
    return "".join(parts)
