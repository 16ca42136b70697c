"""What stands for one character in a pattern: `[...]` and its parts, `\\pL`, `\\W`; and which characters it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

from streams.engine.conditions.regex.case_folding import LETTERS, RESERVED, exactly, finds_letter, finds_whole

SET = r"\[:\^?\w+:\]|\\[pP]\{\^?\w+\}|\\[pP].|\\[dDsSwW]"
"""A set of characters with a name."""

LETTER = r"\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|."
"""A letter, or an escape that stands for one."""

_PART = re.compile(rf"(?P<set>{SET})|(?P<low>{LETTER})(?:-(?P<high>\\x\{{[0-9a-fA-F]+\}}|{LETTER}))?", re.DOTALL)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OUTSIDE = f"{exactly(chr(RESERVED[0]))}-{exactly(chr(RESERVED[1]))}"
_NOTHING = r"[^\x{0}-\x{10ffff}]"

CLASS = rf"\[\^?\]?(?:{SET}|\\.|[^\]\\])*\]"
"""A class in square brackets, as a regular expression."""


@dataclass(frozen=True, slots=True)
class Characters:
    """The inside of a class: letters that stand alone, ranges (code points), sets as they are written."""

    letters: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...]
    sets: tuple[str, ...]
    negated: bool = False


def letter_of(token: str) -> str:
    """The letter that a token means, escaped or not."""
    if len(token) == 1:
        return token
    if token.startswith(r"\x"):
        return chr(int(token[2:].strip("{}"), 16))
    if token[1] in "01234567":
        return chr(int(token[1:], 8))
    return _CONTROLS.get(token[1], token[1])


def characters_of(token: str) -> Characters:
    """What a class or a set takes."""
    if not token.startswith("["):
        return Characters((), (), (token,))
    negated = token.startswith("[^")
    letters: list[str] = []
    ranges: list[tuple[int, int]] = []
    sets: list[str] = []
    for part in _PART.finditer(token[2 if negated else 1 : -1]):
        if part["set"]:
            sets.append(part["set"])
        elif part["high"]:
            ranges.append((ord(letter_of(part["low"])), ord(letter_of(part["high"]))))
        else:
            letters.append(letter_of(part["low"]))
    return Characters(tuple(letters), tuple(ranges), tuple(sets), negated)


def sequences(characters: Characters) -> list[str]:
    """What the letters that stand alone fold to, where it is several letters; of a negated class nothing."""
    if characters.negated:
        return []
    foldings = (letter.casefold() for letter in characters.letters)
    return [folding for folding in foldings if len(folding) > 1]


def finds_one(characters: Characters) -> str:
    """A pattern for texts that are written out: one character of these, or what one of the letters folds to."""
    alternatives = ["".join(map(finds_letter, folding)) for folding in sequences(characters)]
    alternatives += _negated(characters) if characters.negated else _positive(characters)
    taken = _taken(characters)
    foldings = [folding for folding, letters in LETTERS.items() if taken(letters)]
    if foldings:
        alternatives.append(finds_whole(foldings))
    return f"(?:{'|'.join(alternatives) or _NOTHING})"


def _taken(characters: Characters) -> Callable[[tuple[str, ...]], bool]:
    """Whether a letter written out is one of these: none of its like is left out, or one of its like is in."""
    finds = _fullmatch(_written(characters))
    if characters.negated:
        return lambda letters: all(finds(letter) for letter in letters)
    return lambda letters: any(finds(letter) for letter in letters)


def _negated(characters: Characters) -> list[str]:
    return [_written(characters).removesuffix("]") + _OUTSIDE + "]"]


def _positive(characters: Characters) -> list[str]:
    """Nothing of a group: its code points are taken out of ranges and sets."""
    ranges = [part for low, high in characters.ranges for part in _without_reserved(low, high)]
    within = [one for one in characters.sets if not _fullmatch(f"[{one}]")(chr(RESERVED[0]))]
    wide = [one for one in characters.sets if one not in within]
    narrow = Characters(characters.letters, tuple(ranges), tuple(within))
    found = [_written(narrow)] if narrow.letters or narrow.ranges or narrow.sets else []
    return found + [f"[^{_complement(one)}{_OUTSIDE}]" for one in wide]


def _without_reserved(low: int, high: int) -> list[tuple[int, int]]:
    first, last = RESERVED
    parts = [(low, min(high, first - 1)), (max(low, last + 1), high)]
    return [(start, end) for start, end in parts if start <= end]


def _complement(one: str) -> str:
    if one.startswith("[:"):
        return one.replace("[:^", "[:") if "^" in one else one.replace("[:", "[:^")
    return one[0] + one[1].swapcase() + one[2:]


def _written(characters: Characters) -> str:
    """The class as it may be written anew."""
    letters = "".join(map(exactly, characters.letters))
    ranges = "".join(f"{exactly(chr(low))}-{exactly(chr(high))}" for low, high in characters.ranges)
    return f"[{'^' if characters.negated else ''}{letters}{ranges}{''.join(characters.sets)}]"


def _fullmatch(pattern: str) -> Callable[[str], bool]:
    options: Any = re2.Options()
    options.case_sensitive = False
    find = re2.compile(pattern, options).fullmatch
    return lambda text: find(text) is not None
