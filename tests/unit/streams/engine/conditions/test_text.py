"""Text comparisons ignore case, and never compare text as a number or a date."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from schemas.engine_versions import EngineVersion
from streams.engine.conditions.errors import ConditionRefused
from streams.verify.recompute.conditions.regex import matches_pattern
from tests.harness.engine.conditions import compile_dict, holds

TABLE: list[tuple[dict[str, Any], Any, bool]] = [
    ({"eq": "berlin"}, "BERLIN", True),
    ({"eq": "Berlin"}, "Bern", False),
    ({"eq": "Berlin", "case_sensitive": True}, "berlin", False),
    ({"eq": "straße"}, "STRASSE", True),
    ({"eq": "ΣΊΣΥΦΟΣ"}, "σίσυφος", True),
    ({"ne": "Berlin"}, "berlin", False),
    ({"ne": "Berlin"}, "Bern", True),
    ({"in": ["DE", "FR"]}, "fr", True),
    ({"in": ["DE", "FR"], "case_sensitive": True}, "fr", False),
    ({"in": []}, "fr", False),
    ({"not_in": ["DE", "FR"]}, "fr", False),
    ({"not_in": []}, "fr", True),
    ({"contains": "SALES"}, "Head of sales, EMEA", True),
    ({"contains": "Sales", "case_sensitive": True}, "Head of sales", False),
    ({"not_contains": "sales"}, "Head of Sales", False),
    ({"not_contains": "sales"}, "Head of Marketing", True),
    ({"starts_with": "HEAD"}, "head of sales", True),
    ({"starts_with": "of"}, "head of sales", False),
    ({"ends_with": "SALES"}, "head of sales", True),
    ({"ends_with": "head"}, "head of sales", False),
    ({"matches": "of (sales|marketing)"}, "Head OF Sales today", True),
    ({"matches": "^of"}, "head of sales", False),
    ({"matches": "OF", "case_sensitive": True}, "head of sales", False),
    ({"matches": "STRASSE"}, "Hauptstraße 5", True),
    ({"matches": "straße$"}, "HAUPTSTRASSE", True),
    ({"matches": r"^\S+\D$"}, "HAUPT", True),
    ({"matches": r"^\D+$"}, "12", False),
    ({"matches": "^.{6}$"}, "Straße", True),
    ({"matches": "[ÄÖ]l"}, "öl", True),
    ({"matches": r"\Qß.\E"}, "GROSS.", True),
    ({"matches": "(?P<straße>straße)"}, "Straße", True),
    ({"exists": True}, "", True),
    ({"exists": False}, "x", False),
    ({"empty": True}, "", True),
    ({"empty": True}, "x", False),
    ({"empty": False}, "", False),
]
NUMBERS: list[tuple[dict[str, Any], Any, bool]] = [
    ({"eq": "5"}, 5, False),
    ({"ne": "5"}, 5, True),
    ({"in": ["5", "a"]}, 5, False),
    ({"not_in": ["5"]}, 5, True),
    ({"contains": "5"}, 55, False),
    ({"not_contains": "5"}, 55, True),
    ({"starts_with": "5"}, 55, False),
    ({"ends_with": "5"}, 55, False),
    ({"matches": "5"}, 55, False),
]
"""Where a number is not text: on declared text, and on an undeclared value before engine version 4."""

versions = pytest.mark.parametrize("version", get_args(EngineVersion))


@versions
@pytest.mark.parametrize(("operators", "value", "expected"), TABLE)
def test_an_undeclared_text(
    operators: dict[str, Any], value: Any, expected: bool, version: EngineVersion
) -> None:
    assert holds({"property": "word", **operators}, {"word": value}, engine_version=version) is expected


@versions
@pytest.mark.parametrize(("operators", "value", "expected"), TABLE + NUMBERS)
def test_a_declared_text(operators: dict[str, Any], value: Any, expected: bool, version: EngineVersion) -> None:
    leaf = {"property": "word", **operators}
    assert holds(leaf, {"word": value}, engine_version=version, word="text") is expected


@pytest.mark.parametrize(("operators", "value", "expected"), NUMBERS)
def test_in_version_3_an_undeclared_number_is_no_text(
    operators: dict[str, Any], value: Any, expected: bool
) -> None:
    assert holds({"property": "word", **operators}, {"word": value}, engine_version=3) is expected


FOLDED_TO_SEVERAL: list[tuple[str, str, bool]] = [
    ("^[^äöüß]+$", "Straße", False),
    ("^[^äöüß]+$", "Strasse", True),
    ("[^ß]", "ß", False),
    ("[^ß]", "ẞ", False),
    ("[^ẞ]", "ß", False),
    ("[^ß]", "s", True),
    ("[äöüß]", "Halle (Saale)", False),
    ("[äöüß]", "Köln", True),
    ("[äöüß]", "STRASSE", True),
    ("[äöüß]", "Bern", False),
    ("^[äöüß]+$", "s", False),
    ("^[äöüß]+$", "ss", True),
    ("^[äöüß]+$", "ẞ", True),
    (r"\Q[ß\E", "[SS", True),
    (r"\Q[ß\E", "[S", False),
    (r"^\x{df}$", "SS", True),
    ("^ﬁx$", "FIX", True),
    ("^fix$", "ﬁx", True),
    ("^[ﬁ]x$", "fix", True),
    ("^[f-i]x$", "ﬁx", False),
    ("^[À-ÿ]$", "ß", True),
    ("[À-ÿ]", "Essen", False),
    ("^[a-z]+$", "Straße", False),
    (r"^\pL{6}$", "Straße", True),
    (r"^\pL{7}$", "Straße", False),
    ("^.{6}$", "Straße", True),
    ("^.{7}$", "Straße", False),
    ("^Stras", "Straße", True),
    ("^Stras.e", "Straße", False),
    ("^Stra(s|t)se", "Straße", True),
    ("ŉ", "\u02bcN", True),
    ("^[^ŉ]+$", "\u02bcn", True),
    ("i̇stanbul", "İSTANBUL", True),
    ("^.stanbul", "İSTANBUL", True),
    ("^istanbul", "İSTANBUL", False),
    ("(?s)^.$", "\n", True),
    ("^.$", "\n", False),
    ("(?s:^ß.)e", "SS\ne", True),
    ("(?s:^ß).e", "ẞ\ne", False),
    ("(?m)^ß$", "a\nẞ\nb", True),
    (r"[^\W]", "ß", False),
    (r"^\W$", "ß", True),
    ("[]ß]", "]", True),
    ("[^]ß]", "ẞ]", False),
    ("[ß-]", "-", True),
    ("(?P<ß>.)", "a", True),
    ("^(ß|x){2}$", "ẞss", True),
    ("^ß{2}$", "ẞss", True),
    ("k", "\u212a", True),
    ("^[^k]$", "\u212a", False),
    ("s", "\u017f", True),
    ("^.$", "\U00050073", True),
    ("ß.", "ß\U00061000", True),
]


@versions
@pytest.mark.parametrize(("pattern", "value", "expected"), FOLDED_TO_SEVERAL)
def test_a_letter_that_folds_to_several_is_found_as_these_and_is_one_character(
    pattern: str, value: str, expected: bool, version: EngineVersion
) -> None:
    assert holds({"property": "word", "matches": pattern}, {"word": value}, engine_version=version) is expected
    assert matches_pattern(pattern, value, case_sensitive=False) is expected


def test_in_a_case_sensitive_pattern_every_letter_is_itself() -> None:
    assert not holds({"property": "word", "matches": "ß", "case_sensitive": True}, {"word": "ss"})
    assert holds({"property": "word", "matches": "^[^ß]$", "case_sensitive": True}, {"word": "ẞ"})


@pytest.mark.parametrize("pattern", ["(?-i)Bonn", "a(?s-i:b)", r"\C"])
def test_syntax_that_only_a_case_sensitive_pattern_supports_is_refused(pattern: str) -> None:
    with pytest.raises(ConditionRefused, match="case_sensitive: true"):
        compile_dict({"property": "word", "matches": pattern})
    compile_dict({"property": "word", "matches": pattern, "case_sensitive": True})


def test_two_operators_in_one_leaf_must_both_hold() -> None:
    leaf = {"property": "word", "starts_with": "a", "ends_with": "z"}
    assert holds(leaf, {"word": "a to Z"})
    assert not holds(leaf, {"word": "a to y"})
    assert not holds(leaf, {"word": "b to z"})


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(", "a{2000}"])
def test_a_pattern_that_could_not_run_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(ConditionRefused, match="RE2"):
        compile_dict({"property": "word", "matches": pattern})


def test_half_a_surrogate_pair_is_searched_like_any_text() -> None:
    assert holds({"property": "word", "matches": "a.b"}, {"word": "a\ud800b"})


@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
def test_text_has_no_order(operator: str) -> None:
    with pytest.raises(ConditionRefused, match="text"):
        compile_dict({"property": "word", operator: "m"}, word="text")
    with pytest.raises(ConditionRefused, match="date value"):
        compile_dict({"property": "word", operator: "m"})
