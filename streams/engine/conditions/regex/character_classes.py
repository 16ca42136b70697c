"""Character classes of patterns: `[...]` and its parts, `\\pL`, `\\W`, and patterns for what they match."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

from streams.engine.conditions.regex.case_folding import RESERVED_RANGE, MultiLetterFolding, escape_letter

NAMED_SET = r"\[:\^?\w+:\]|\\[pP]\{\^?\w+\}|\\[pP].|\\[dDsSwW]"
"""A named set of characters, as a regular expression."""

LETTER = r"\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|."
"""A letter, or an escape for one, as a regular expression."""

CLASS_PART = re.compile(
    rf"(?P<set>{NAMED_SET})|(?P<low>{LETTER})(?:-(?P<high>\\x\{{[0-9a-fA-F]+\}}|{LETTER}))?", re.DOTALL
)
"""A named set, a range, or a letter, as a regular expression for the inside of a class."""

_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RESERVED_RANGE = f"{escape_letter(chr(RESERVED_RANGE[0]))}-{escape_letter(chr(RESERVED_RANGE[1]))}"
MATCHES_NOTHING = r"[^\x{0}-\x{10ffff}]"
MATCHES_ANYTHING = r"[\x{0}-\x{10ffff}]"

BRACKET_CLASS = rf"\[\^?\]?(?:{NAMED_SET}|\\.|[^\]\\])*\]"
"""A class in square brackets, as a regular expression."""


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """The parts of a class: single letters, ranges (of code points), named sets as in the pattern."""

    letters: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...]
    sets: tuple[str, ...]
    negated: bool = False


def parse_letter(token: str) -> str:
    """Returns the letter that a token means, escaped or not."""
    if len(token) == 1:
        return token
    if token.startswith(r"\x"):
        return chr(int(token[2:].strip("{}"), 16))
    if token[1] in "01234567":
        return chr(int(token[1:], 8))
    return _CONTROLS.get(token[1], token[1])


def parse_class(token: str) -> CharacterClass:
    """Parses a class or a named set."""
    if not token.startswith("["):
        return CharacterClass((), (), (token,))
    negated = token.startswith("[^")
    letters: list[str] = []
    ranges: list[tuple[int, int]] = []
    sets: list[str] = []
    for part in CLASS_PART.finditer(token[2 if negated else 1 : -1]):
        if part["set"]:
            sets.append(part["set"])
        elif part["high"]:
            ranges.append((ord(parse_letter(part["low"])), ord(parse_letter(part["high"]))))
        else:
            letters.append(parse_letter(part["low"]))
    return CharacterClass(tuple(letters), tuple(ranges), tuple(sets), negated)


def multi_letter_foldings(character_class: CharacterClass, folding: MultiLetterFolding) -> list[str]:
    """Returns the foldings of several letters of the class's single letters; none for a negated class."""
    if character_class.negated:
        return []
    foldings = map(folding.fold, character_class.letters)
    return [several for several in foldings if len(several) > 1]


def one_character_pattern(character_class: CharacterClass, folding: MultiLetterFolding) -> str:
    """Returns a pattern for expanded texts: one character of the class, or the folding of one of its letters."""
    alternatives = [
        "".join(map(folding.letter_pattern, several)) for several in multi_letter_foldings(character_class, folding)
    ]
    alternatives += (
        _negated_patterns(character_class) if character_class.negated else _positive_patterns(character_class)
    )
    contains = _contains_test(character_class)
    foldings = [several for several, letters in folding.letters_by_folding.items() if contains(letters)]
    if foldings:
        alternatives.append(folding.group_pattern(foldings))
    return f"(?:{'|'.join(alternatives) or MATCHES_NOTHING})"


def _contains_test(character_class: CharacterClass) -> Callable[[tuple[str, ...]], bool]:
    """Tests letters of one folding: a negated class has to contain all of them, another class at least one."""
    matches = _fullmatch_test(_class_text(character_class))
    if character_class.negated:
        return lambda letters: all(matches(letter) for letter in letters)
    return lambda letters: any(matches(letter) for letter in letters)


def _negated_patterns(character_class: CharacterClass) -> list[str]:
    return [_class_text(character_class).removesuffix("]") + _RESERVED_RANGE + "]"]


def _positive_patterns(character_class: CharacterClass) -> list[str]:
    """Returns patterns that match nothing inside a group: ranges and sets exclude its code points."""
    ranges = [part for low, high in character_class.ranges for part in _without_reserved(low, high)]
    narrow_sets = [
        named_set
        for named_set in character_class.sets
        if not _fullmatch_test(f"[{named_set}]")(chr(RESERVED_RANGE[0]))
    ]
    wide_sets = [named_set for named_set in character_class.sets if named_set not in narrow_sets]
    narrow = CharacterClass(character_class.letters, tuple(ranges), tuple(narrow_sets))
    patterns = [_class_text(narrow)] if narrow.letters or narrow.ranges or narrow.sets else []
    return patterns + [f"[^{_complement(named_set)}{_RESERVED_RANGE}]" for named_set in wide_sets]


def _without_reserved(low: int, high: int) -> list[tuple[int, int]]:
    first, last = RESERVED_RANGE
    parts = [(low, min(high, first - 1)), (max(low, last + 1), high)]
    return [(start, end) for start, end in parts if start <= end]


def _complement(named_set: str) -> str:
    if named_set.startswith("[:"):
        return named_set.replace("[:^", "[:") if "^" in named_set else named_set.replace("[:", "[:^")
    return named_set[0] + named_set[1].swapcase() + named_set[2:]


def _class_text(character_class: CharacterClass) -> str:
    """Returns the class as a pattern."""
    letters = "".join(map(escape_letter, character_class.letters))
    ranges = "".join(f"{escape_letter(chr(low))}-{escape_letter(chr(high))}" for low, high in character_class.ranges)
    return f"[{'^' if character_class.negated else ''}{letters}{ranges}{''.join(character_class.sets)}]"


def _fullmatch_test(pattern: str) -> Callable[[str], bool]:
    options: Any = re2.Options()
    options.case_sensitive = False
    fullmatch = re2.compile(pattern, options).fullmatch
    return lambda text: fullmatch(text) is not None
