"""Text is the same however its letters are encoded, and with `accents: ignore` also without their marks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.conditions import normalization
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context, holds

CAFE = "Caf\u00e9"
DECOMPOSED_CAFE = "Cafe\u0301"
IOTA = "\u0390"  # ΐ
UPPER_IOTA = "\u03aa\u0301"  # its upper case, which has no letter of its own
HAN = "\ud55c"
DECOMPOSED_HAN = "\u1112\u1161\u11ab"

SAME: list[tuple[str, str]] = [
    (CAFE, DECOMPOSED_CAFE),
    (CAFE, "CAFE\u0301"),
    (IOTA, UPPER_IOTA),
    (IOTA, "\u1fd3"),
    ("\u01f0", "J\u030c"),  # ǰ
    ("\u1e97", "T\u0308"),  # ẗ
    ("\u00c5", "\u212b"),  # the sign of the unit
    ("K", "\u212a"),
    (HAN, DECOMPOSED_HAN),
    ("gro\u00df\u0301", "GROS\u015a"),  # a mark joins the last letter of a folding
    ("\u1fb3", "\u03b1\u03b9"),  # ᾳ folds to two letters
    ("q\u0323\u0307", "q\u0307\u0323"),  # the order of marks above and below
]


@pytest.mark.parametrize(("one", "other"), SAME)
@pytest.mark.parametrize("declared", [{}, {"p": "text"}])
def test_a_letter_is_equal_however_it_is_encoded(one: str, other: str, declared: dict[str, Any]) -> None:
    for operand, value in ((one, other), (other, one), (one, one)):
        for operators in ({"eq": operand}, {"in": ["x", operand]}, {"contains": operand}):
            assert holds({"property": "p", **operators}, {"p": value}, **declared), operators
        for operators in ({"starts_with": operand}, {"ends_with": operand}, {"matches": f"^{operand}$"}):
            assert holds({"property": "p", **operators}, {"p": value}, **declared), operators
        assert not holds({"property": "p", "ne": operand}, {"p": value}, **declared)
        assert holds({"property": "p", "contains": operand}, {"p": [value]})


@pytest.mark.parametrize(("one", "other"), [SAME[0], SAME[8], SAME[11]])
def test_in_version_3_it_is_equal_only_as_it_is_encoded(one: str, other: str) -> None:
    assert not holds({"property": "p", "eq": one}, {"p": other}, engine_version=3)


def test_a_letter_with_a_mark_is_no_part_of_it() -> None:
    for operators in ({"contains": "cafe"}, {"ends_with": "e"}, {"matches": "cafe"}, {"eq": "cafe"}):
        assert not holds({"property": "p", **operators}, {"p": DECOMPOSED_CAFE})
    assert holds({"property": "p", "contains": "cafe"}, {"p": DECOMPOSED_CAFE}, engine_version=3)
    assert not holds({"property": "p", "contains": "\u03b9"}, {"p": IOTA})
    assert not holds({"property": "p", "matches": "\u03b9"}, {"p": IOTA})


def test_with_regard_to_case_text_is_normalised_and_not_folded() -> None:
    for operators in ({"eq": CAFE}, {"matches": f"^{CAFE}$"}, {"contains": DECOMPOSED_CAFE}):
        leaf = {"property": "p", **operators, "case_sensitive": True}
        assert holds(leaf, {"p": DECOMPOSED_CAFE})
        assert not holds(leaf, {"p": DECOMPOSED_CAFE.upper()})
    leaf = {"property": "p", "eq": IOTA, "case_sensitive": True}
    assert not holds(leaf, {"p": UPPER_IOTA})


PATTERNS: list[tuple[str, str, bool]] = [
    (f"{DECOMPOSED_CAFE}+$", "caf\u00e9\u00e9", True),  # the repetition is one of the whole letter
    (f"{DECOMPOSED_HAN}+$", HAN * 3, True),
    ("^Caf[e\u0301]$", CAFE, True),
    ("^Caf[e\u0301]$", "Cafe", False),
    ("^Caf[^e\u0301]$", CAFE, False),
    ("^Caf.$", DECOMPOSED_CAFE, True),
    (r"^Caf\Qe" + "\u0301" + r"\E$", CAFE, True),
    (r"^Caf\x{e9}$", DECOMPOSED_CAFE, True),
    (r"^Cafe\x{301}$", DECOMPOSED_CAFE, False),  # an escape is what it says
    (r"^Cafe\x{301}$", CAFE, False),
    (r"^\s" + "\u0301", " \u0301", True),  # the mark is none of the escape's
    ("^[\u00e0-\u00ff]$", "e\u0301", True),
    (f"^{UPPER_IOTA}+$", IOTA * 2, True),
    ("^J\u030c{2}$", "\u01f0J\u030c", True),
    ("(e\u0301|x)y", "\u00e9y", True),
    ("^[a\u0300-e\u0301]$", "e\u0300", True),  # the ends of a range are letters with their marks
    ("^[a\u0300-e\u0301]$", "\u00e0", True),
    ("^[a\u0300-e\u0301]$", "\u00ea", False),
    ("^[a\u0300-e\u0301]$", "e", False),
    (r"^[\x{61}-e" + "\u0301]$", "\u00e9", True),
    (r"^[\x6e" + "\u0301]$", "\u0144", False),  # the mark is none of the escape's
    ("^[\u2000-\u212a]$", "\u2100", True),  # the sign K ends the range where it stands, not where K does
    ("^[x-\u0301]$", "\u00e9", True),  # the mark ends the range itself
    ("^a\u0308\u0323+$", "\u1ea1\u0308\u0308", True),  # a repetition is one of what the normal form ends with
    ("^J\u030c$", "\u01f0", True),
    ("J+", "\u01f0", False),
    ("\u03bc\u03b1\u03b9", "\u039c\u03b1\u0390\u03bf\u03c5", False),
    ("^.$", UPPER_IOTA, True),
]


@pytest.mark.parametrize(("pattern", "value", "expected"), PATTERNS)
def test_literals_of_patterns_are_normalised_and_escapes_are_not(pattern: str, value: str, expected: bool) -> None:
    assert holds({"property": "p", "matches": pattern}, {"p": value}) is expected


@pytest.mark.parametrize("modifiers", [{}, {"accents": "ignore"}, {"case_sensitive": True}])
def test_a_range_ends_with_a_letter_and_its_mark(modifiers: dict[str, Any]) -> None:
    for pattern, value, expected in (
        ("^[a-e\u0301]$", "z", True),  # é lies behind z
        ("^[a-e\u0301]$", "\u00e6", True),
        ("^[a-e\u0301]$", "\u0142", False),
        ("^[^a-e\u0301]$", "z", False),
    ):
        assert holds({"property": "p", "matches": pattern, **modifiers}, {"p": value}) is expected


ACCENTS: list[tuple[dict[str, Any], str, bool]] = [
    ({"eq": "koln"}, "K\u00f6ln", True),
    ({"eq": "K\u00f6ln"}, "KOLN", True),
    ({"eq": "K\u00f6ln"}, "Ko\u0308ln", True),
    ({"eq": "koeln"}, "K\u00f6ln", False),
    ({"in": ["Malm\u00f6", "Lund"]}, "malmo", True),
    ({"contains": "sa\u0303o"}, "S\u00e3o Paulo", True),
    ({"contains": "sao"}, "S\u00e3o Paulo", True),
    ({"starts_with": "\u00c1"}, "avila", True),
    ({"ends_with": "e"}, CAFE, True),
    ({"matches": "^cafe$"}, DECOMPOSED_CAFE, True),
    ({"matches": f"^{CAFE}+$"}, "cafeee", True),
    ({"matches": f"^{DECOMPOSED_CAFE}+$"}, "cafee", True),
    ({"matches": f"^{DECOMPOSED_CAFE}+$"}, "cafecafe", False),
    ({"matches": "^e\u0301{2}$"}, "ee", True),
    ({"matches": "^e\u0301{2}$"}, "e", False),
    ({"matches": "^xe\u0301?$"}, "x", True),
    ({"matches": "^xe\u0301?$"}, "xee", False),
    ({"matches": "^" + r"\Qe" + "\u0301" + r"\E+$"}, "eee", True),
    ({"matches": "^" + r"\Q" + "\u0301" + r"\E+x$"}, "x", True),
    ({"matches": "^e\u0301+$", "case_sensitive": True}, "ee", True),
    ({"matches": "^[a-e\u0301]$"}, "e", True),
    ({"matches": "^[\u00e0-e\u0301]$"}, "e", False),  # the ends of a range keep their marks
    ({"matches": "^[\u00e4\u00f6\u00fc]$"}, "o", True),
    ({"matches": "^[^\u00e4\u00f6\u00fc]$"}, "\u00d6", False),
    ({"matches": "\u0301+"}, "x", True),  # a pattern of marks alone asks for nothing
    ({"matches": "^[\u0301]$"}, "\u0301", False),
    ({"matches": "^x[\u0301^]$"}, "x^", True),
    ({"matches": "^[^\u0301]$"}, "y", True),
    ({"matches": r"^caf\x{e9}$"}, CAFE, False),  # an escape keeps its mark
    ({"eq": "i"}, "\u0130", True),  # İ
    ({"eq": "stra\u00dfe"}, "STRASSE", True),
    ({"eq": "o"}, "\u00f8", False),  # a letter of its own, without a mark
    ({"eq": IOTA}, "\u03b9", True),
    ({"matches": f"^{UPPER_IOTA}$"}, "\u03b9", True),
    ({"eq": "\u03b1\u03b9"}, "\u1fb3", True),  # what folding makes a letter is no mark any more
    ({"matches": "^\u03b1\u03b9$"}, "\u1fb3", True),
]


@pytest.mark.parametrize(("operators", "value", "expected"), ACCENTS)
def test_accents_are_ignored_where_that_is_asked_for(operators: dict[str, Any], value: str, expected: bool) -> None:
    assert holds({"property": "p", **operators, "accents": "ignore"}, {"p": value}) is expected
    assert holds({"property": "p", **operators, "accents": "ignore"}, {"p": value}, p="text") is expected


def test_accents_are_ignored_on_lists_in_items_and_with_regard_to_case() -> None:
    assert holds({"tags": {"contains": "cafe", "accents": "ignore"}}, {"tags": [DECOMPOSED_CAFE]})
    assert holds({"property": "o", "has_item": {"k": {"eq": "cafe", "accents": "ignore"}}}, {"o": [{"k": CAFE}]})
    for operators in ({"eq": "Cafe"}, {"matches": f"^{CAFE}$"}):
        leaf = {"property": "p", **operators, "accents": "ignore", "case_sensitive": True}
        assert holds(leaf, {"p": DECOMPOSED_CAFE})
        assert not holds(leaf, {"p": DECOMPOSED_CAFE.lower()})


LEFT = "\u031b"  # a mark that is sorted before the next one
ABOVE = "\u0301"


@pytest.mark.parametrize("fold", [normalization.compose, normalization.fold, normalization.join_marks])
@pytest.mark.parametrize("start", ["x", "\u00e9", "e\u0301", "\u0f73", "J\u030c", ""])
def test_no_text_has_more_than_thirty_marks_in_a_row_to_sort(fold: Callable[[str], str], start: str) -> None:
    for marks in (ABOVE + LEFT, "\u0344", "\u0f73", "\uff9e\u0315", "\u0323\u0345\u0301"):
        longest = 0
        for letters in groupby(normalize("NFKD", fold(start + 100 * marks)), key=lambda one: combining(one) != 0):
            longest = max(longest, len(list(letters[1])) if letters[0] else 0)
        assert 0 < longest <= 30


def test_a_run_of_marks_is_cut_behind_the_thirtieth() -> None:
    sorted_run, unsorted_run = 15 * LEFT + 15 * ABOVE, 15 * (ABOVE + LEFT)
    assert holds({"property": "p", "eq": "x" + sorted_run}, {"p": "x" + unsorted_run})
    assert not holds({"property": "p", "eq": "x" + LEFT + sorted_run}, {"p": "x" + unsorted_run + LEFT})
    assert normalization.compose("x" + unsorted_run + LEFT) == "x" + sorted_run + "\u034f" + LEFT
    assert normalization.compose("\u00e9" + 30 * ABOVE) == normalization.compose("e" + 31 * ABOVE)  # é is one of them
    assert normalization.compose("\u00e9" + 29 * ABOVE) == "\u00e9" + 29 * ABOVE


def test_marks_are_ignored_however_many_there_are() -> None:
    leaf = {"property": "p", "eq": "aB", "accents": "ignore"}
    assert holds(leaf, {"p": "A" + 100 * (ABOVE + LEFT) + "b" + 31 * ABOVE})
    assert not holds(leaf, {"p": "A" + 100 * ABOVE + "a" + 31 * ABOVE})


def test_names_of_properties_and_values_stay_as_they_came() -> None:
    state = contact(properties={DECOMPOSED_CAFE: DECOMPOSED_CAFE})
    assert not compile_dict({"property": CAFE, "exists": True}).node.holds(evaluation_context(state))
    assert compile_dict({"property": DECOMPOSED_CAFE, "eq": CAFE}).node.holds(evaluation_context(state))
    assert state.properties == {DECOMPOSED_CAFE: DECOMPOSED_CAFE}


LETTERS = "aAeEiIoOsSßẞﬁİ\u0131ǰΐΪ\u03b1ᾳ\u0391JÅK 1"
MARKS = "\u0300\u0301\u0307\u0308\u030a\u030c\u0323\u0345"
texts = st.text(st.sampled_from(LETTERS + MARKS), max_size=8)


@given(texts)
def test_every_encoding_of_a_text_folds_to_the_same(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert normalization.fold(normalize(form, text)) == normalization.fold(text)
    folded = normalization.fold(text)
    assert folded == normalization.fold(folded)


@given(texts, texts)
def test_what_is_equal_with_accents_is_equal_without_them(one: str, other: str) -> None:
    if normalization.fold(one) == normalization.fold(other):
        assert normalization.fold_without_marks(one) == normalization.fold_without_marks(other)


@given(texts)
def test_a_text_matches_itself_as_a_pattern_in_every_encoding(text: str) -> None:
    for form in ("NFC", "NFD"):
        pattern = f"^{normalize(form, text)}$"
        for modifiers in ({}, {"accents": "ignore"}, {"case_sensitive": True}):
            assert holds({"property": "p", "matches": pattern, **modifiers}, {"p": text})
