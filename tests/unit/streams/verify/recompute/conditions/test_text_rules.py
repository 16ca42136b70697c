"""Texts in two normal forms, with and without case and accents; patterns whose literals are normalised."""

from __future__ import annotations

from typing import Any

import pytest

from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import ContactModel

CAFE, DECOMPOSED = "Caf\u00e9", "Cafe\u0301"
IOTA, CAPITAL_IOTA, LOOSE_IOTA = "\u0390", "\u03aa\u0301", "\u03b9\u0308\u0301"
"""An iota with two marks as one character, its capital (there is none in one character), and all apart."""


def meets(value: Any, version: int = 4, kind: str | None = None, **operators: Any) -> bool:
    types = {} if kind is None else {"x": kind}
    leaf = {"property": "x", **{name.rstrip("_"): operand for name, operand in operators.items()}}
    return holds(leaf, ContactModel({"x": value}, types, engine_version=version), 0)


@pytest.mark.parametrize("kind", ["text", None])
@pytest.mark.parametrize(
    ("value", "operand"),
    [
        (CAFE, DECOMPOSED),
        (DECOMPOSED, CAFE.upper()),
        (IOTA, CAPITAL_IOTA),
        (CAPITAL_IOTA, LOOSE_IOTA),
        ("\u212b", "a\u030a"),
        ("J\u030c", "\u01f0"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u1e9b\u0323", "\u1e61\u0323"),
        ("q\u0323\u0307", "Q\u0307\u0323"),
    ],
)
def test_a_text_is_the_same_in_every_normal_form_and_case(value: str, operand: str, kind: str | None) -> None:
    for one, other in ((value, operand), (operand, value)):
        assert meets(one, kind=kind, eq=other)
        assert meets(one, kind=kind, starts_with=other, ends_with=other)
        assert meets(f"a {one} b", kind=kind, contains=other)
        assert not meets(one, kind=kind, ne=other)
        assert not meets(one, kind=kind, not_in=[other])
    assert meets([value], contains_any=[operand])


@pytest.mark.parametrize("start", ["x", "\u00e9", "e\u0301"])
def test_a_run_of_more_than_thirty_marks_is_cut(start: str) -> None:
    below, above = "\u0323", "\u0301"
    pairs = 14 * (above + below)
    assert meets(start + pairs, eq=start + 14 * below + 14 * above)
    assert meets(start + pairs + above + below, eq=start + 15 * below + 15 * above) is (start == "x")
    assert not meets(start + pairs + 3 * above + below, eq=start + pairs + below + 3 * above)
    assert meets(start + pairs + 3 * above + below, eq=start[0] + "x", accents="ignore") is False
    assert meets(start + pairs + 3 * above + below, eq=start[0], accents="ignore")


def test_an_accent_is_part_of_its_letter() -> None:
    assert not meets(CAFE, eq="Cafe")
    assert not meets(DECOMPOSED, contains="cafe")
    assert not meets(DECOMPOSED, starts_with="Cafe")
    assert meets("q\u0301", contains="q")  # these two are no letter of their own


def test_with_regard_to_case_the_normal_form_does_not_matter_either() -> None:
    assert meets(DECOMPOSED, eq=CAFE, case_sensitive=True)
    assert not meets(DECOMPOSED.upper(), eq=CAFE, case_sensitive=True)
    assert meets(DECOMPOSED, contains="\u00e9", case_sensitive=True)
    assert not meets(CAPITAL_IOTA, eq=IOTA, case_sensitive=True)


@pytest.mark.parametrize("value", [CAFE, DECOMPOSED, "CAFE", "c\u0327afe\u0323"])
def test_without_accents_a_letter_is_its_base(value: str) -> None:
    assert meets(value, eq="cafe", accents="ignore")
    assert meets(value, eq="caf\u00ea", accents="ignore")
    assert meets(value, starts_with="\u00e7A", accents="ignore")
    assert meets(value, in_=["x", "cafe"], accents="ignore")
    assert not meets(value, ne="cafe", accents="ignore")
    assert not meets(value, eq="cave", accents="ignore")


def test_without_accents_case_may_still_matter() -> None:
    assert meets(CAFE, eq="Cafe", accents="ignore", case_sensitive=True)
    assert not meets(CAFE, eq="cafe", accents="ignore", case_sensitive=True)


def test_letters_that_are_no_accented_ones_stay() -> None:
    assert not meets("s\u00f8ren", eq="soren", accents="ignore")  # a stroke is no mark
    assert meets("\u0130stanbul", eq="istanbul", accents="ignore")
    assert not meets("\u0130stanbul", eq="istanbul")
    assert meets("Stra\u00dfe", eq="strasse", accents="ignore")


def test_syllables_are_whole_again_when_accents_are_gone() -> None:
    assert not meets("\ud55c", starts_with="\ud558", accents="ignore")
    assert meets("\u1112\u1161\u11ab", eq="\ud55c", accents="ignore")


def test_accents_in_items_of_lists() -> None:
    assert meets(["x", DECOMPOSED], contains="cafe", accents="ignore")
    assert not meets(["x", DECOMPOSED], contains="cafe")
    tags = ContactModel({"tags": [DECOMPOSED]}, {"tags": "list"})
    assert holds({"tags": {"contains": CAFE}}, tags, 0)
    assert holds({"tags": {"contains": "CAFE", "accents": "ignore"}}, tags, 0)


@pytest.mark.parametrize("value", [CAFE, DECOMPOSED, DECOMPOSED.upper()])
def test_literals_of_patterns_are_normalised(value: str) -> None:
    for pattern in ("^caf\u00e9$", "^cafe\u0301$", "f(e\u0301)$", "[xe\u0301]$", "e\u0301+$", "\\Qfe\u0301"):
        assert meets(value, matches=pattern), pattern
    assert not meets(value, matches="cafe$")
    assert meets(value, matches="^.{4}$")


def test_escapes_in_patterns_stay_as_they_are() -> None:
    assert meets(DECOMPOSED, matches=r"caf\x{e9}$")
    assert not meets(DECOMPOSED, matches=r"cafe\x{301}")
    assert not meets(CAFE, matches=r"caf\x65\x{301}")
    assert not meets(CAFE, matches="caf\\x65\u0301")
    assert meets("\u00c5", matches="\u212b", case_sensitive=True)
    assert not meets("\u212b", matches=r"\x{212b}", case_sensitive=True)  # the text is normalised


def test_a_letter_whose_capital_has_no_single_character_is_found() -> None:
    assert meets(IOTA, matches=f"^{CAPITAL_IOTA}$")
    assert meets(CAPITAL_IOTA, matches=f"^{IOTA}$")
    assert meets("J\u030c", matches="^\u01f0$")
    assert not meets("J\u030c", matches="^\u01f0$", case_sensitive=True)


def test_without_accents_patterns_find_the_base_letters() -> None:
    for value in (CAFE, DECOMPOSED, "cafe"):
        assert meets(value, matches="^cafe$", accents="ignore")
        assert meets(value, matches="^caf\u00e9$", accents="ignore")
        assert meets(value, matches="^caf[\u00e9x]$", accents="ignore")
    assert not meets("cafx", matches="^caf[\u00e9]$", accents="ignore")
    assert meets("a", matches="^a\u0301+$", accents="ignore")
    assert meets("a", matches="^.\u0327*$", accents="ignore")
    assert not meets("a", matches="[\u0327]", accents="ignore")


@pytest.mark.parametrize("operator", ["eq", "contains", "starts_with", "matches"])
def test_before_version_4_a_text_is_its_code_points(operator: str) -> None:
    assert not meets(DECOMPOSED, version=3, **{operator: CAFE})
    assert meets(CAFE, version=3, **{operator: CAFE.upper()})
    assert meets(DECOMPOSED, version=3, **{operator: "Cafe"}) is (operator != "eq")


@pytest.mark.parametrize(
    ("pattern", "value", "modifiers", "expected"),
    [
        ("\u03bc\u03b1\u03b9", "\u039c\u03b1\u0390\u03bf\u03c5", {}, False),  # the iota has its marks
        ("\u03bc\u03b1\u03b9", "\u039c\u03b1\u0390\u03bf\u03c5", {"accents": "ignore"}, True),
        ("\u03bc\u03b1\u0390", "\u039c\u0391\u03aa\u0301", {}, True),
        ("J+", "\u01f0", {}, False),
        ("J+", "\u01f0", {"accents": "ignore"}, True),
        ("^j\u030c+$", "\u01f0J\u030c", {}, True),
        ("^\u03b1\u03b9$", "\u1fb3", {}, True),  # it folds to two letters
        ("^\u03b1\u03b9$", "\u1fb3", {"accents": "ignore"}, True),
        ("^\u03b1\u03b9$", "\u1fb4", {"accents": "ignore"}, True),
        ("^\u03b1\u03b9$", "\u1fb3", {"accents": "ignore", "case_sensitive": True}, False),
        ("^\u03b1$", "\u1fb3", {"accents": "ignore", "case_sensitive": True}, True),
        ("^gro\u00df\u0301$", "GROS\u015a", {}, True),  # the mark joins the last letter of a folding
        ("^[\u0390]$", "\u1fd3", {}, True),
        ("^[^\u0390]$", "\u1fd3", {}, False),
    ],
)
def test_patterns_fold_between_two_normalisations_too(
    pattern: str, value: str, modifiers: dict[str, Any], expected: bool
) -> None:
    assert meets(value, matches=pattern, **modifiers) is expected
