"""What stands for one character in a pattern: `[...]` and its parts, `\\pL`, `\\W`; and which characters it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

from streams.engine.conditions.regex.case_folding import (
    LETTERS_BY_FOLDING,
    RESERVED_RANGE,
    escape_letter,
    group_pattern,
    letter_pattern,
)

NAMED_SET = r"\[:\^?\w+:\]|\\[pP]\{\^?\w+\}|\\[pP].|\\[dDsSwW]"
"""A set of characters with a name."""

LETTER = r"\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|."
"""A letter, or an escape that stands for one."""

_PART = re.compile(
    rf"(?P<set>{NAMED_SET})|(?P<low>{LETTER})(?:-(?P<high>\\x\{{[0-9a-fA-F]+\}}|{LETTER}))?", re.DOTALL
)
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RESERVED_RANGE = f"{escape_letter(chr(RESERVED_RANGE[0]))}-{escape_letter(chr(RESERVED_RANGE[1]))}"
_MATCHES_NOTHING = r"[^\x{0}-\x{10ffff}]"

BRACKET_CLASS = rf"\[\^?\]?(?:{NAMED_SET}|\\.|[^\]\\])*\]"
"""A class in square brackets, as a regular expression."""


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """The inside of a class: letters that stand alone, ranges (code points), sets as they are written."""

    letters: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...]
    sets: tuple[str, ...]
    negated: bool = False


def parse_letter(token: str) -> str:
    """The letter that a token means, escaped or not."""
    if len(token) == 1:
        return token
    if token.startswith(r"\x"):
        return chr(int(token[2:].strip("{}"), 16))
    if token[1] in "01234567":
        return chr(int(token[1:], 8))
    return _CONTROLS.get(token[1], token[1])


def parse_class(token: str) -> CharacterClass:
    """What a class or a set takes."""
    if not token.startswith("["):
        return CharacterClass((), (), (token,))
    negated = token.startswith("[^")
    letters: list[str] = []
    ranges: list[tuple[int, int]] = []
    sets: list[str] = []
    for part in _PART.finditer(token[2 if negated else 1 : -1]):
        if part["set"]:
            sets.append(part["set"])
        elif part["high"]:
            ranges.append((ord(parse_letter(part["low"])), ord(parse_letter(part["high"]))))
        else:
            letters.append(parse_letter(part["low"]))
    return CharacterClass(tuple(letters), tuple(ranges), tuple(sets), negated)


def multi_letter_foldings(character_class: CharacterClass) -> list[str]:
    """What the letters that stand alone fold to, where it is several letters; of a negated class nothing."""
    if character_class.negated:
        return []
    foldings = (letter.casefold() for letter in character_class.letters)
    return [folding for folding in foldings if len(folding) > 1]


def one_character_pattern(character_class: CharacterClass) -> str:
    """A pattern for texts that are written out: one character of these, or what one of the letters folds to."""
    alternatives = ["".join(map(letter_pattern, folding)) for folding in multi_letter_foldings(character_class)]
    alternatives += (
        _negated_patterns(character_class) if character_class.negated else _positive_patterns(character_class)
    )
    taken = _contains_test(character_class)
    foldings = [folding for folding, letters in LETTERS_BY_FOLDING.items() if taken(letters)]
    if foldings:
        alternatives.append(group_pattern(foldings))
    return f"(?:{'|'.join(alternatives) or _MATCHES_NOTHING})"


def _contains_test(character_class: CharacterClass) -> Callable[[tuple[str, ...]], bool]:
    """Whether a letter written out is one of these: none of its like is left out, or one of its like is in."""
    finds = _fullmatch_test(_class_text(character_class))
    if character_class.negated:
        return lambda letters: all(finds(letter) for letter in letters)
    return lambda letters: any(finds(letter) for letter in letters)


def _negated_patterns(character_class: CharacterClass) -> list[str]:
    return [_class_text(character_class).removesuffix("]") + _RESERVED_RANGE + "]"]


def _positive_patterns(character_class: CharacterClass) -> list[str]:
    """Nothing of a group: its code points are taken out of ranges and sets."""
    ranges = [part for low, high in character_class.ranges for part in _without_reserved(low, high)]
    within = [one for one in character_class.sets if not _fullmatch_test(f"[{one}]")(chr(RESERVED_RANGE[0]))]
    wide = [one for one in character_class.sets if one not in within]
    narrow = CharacterClass(character_class.letters, tuple(ranges), tuple(within))
    found = [_class_text(narrow)] if narrow.letters or narrow.ranges or narrow.sets else []
    return found + [f"[^{_complement(one)}{_RESERVED_RANGE}]" for one in wide]


def _without_reserved(low: int, high: int) -> list[tuple[int, int]]:
    first, last = RESERVED_RANGE
    parts = [(low, min(high, first - 1)), (max(low, last + 1), high)]
    return [(start, end) for start, end in parts if start <= end]


def _complement(named_set: str) -> str:
    if named_set.startswith("[:"):
        return named_set.replace("[:^", "[:") if "^" in named_set else named_set.replace("[:", "[:^")
    return named_set[0] + named_set[1].swapcase() + named_set[2:]


def _class_text(character_class: CharacterClass) -> str:
    """The class as it may be written anew."""
    letters = "".join(map(escape_letter, character_class.letters))
    ranges = "".join(f"{escape_letter(chr(low))}-{escape_letter(chr(high))}" for low, high in character_class.ranges)
    return f"[{'^' if character_class.negated else ''}{letters}{ranges}{''.join(character_class.sets)}]"


def _fullmatch_test(pattern: str) -> Callable[[str], bool]:
    options: Any = re2.Options()
    options.case_sensitive = False
    find = re2.compile(pattern, options).fullmatch
    return lambda text: find(text) is not None
