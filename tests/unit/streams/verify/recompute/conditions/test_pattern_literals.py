"""Which parts of a regular expression are literals, and what becomes of them."""

from __future__ import annotations

import pytest

from streams.verify.recompute.conditions.pattern_literals import normalize_literals
from streams.verify.recompute.conditions.text_rules import TextRules

CASED = TextRules(case_sensitive=True)
BARE = TextRules(case_sensitive=True, ignores_accents=True)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("e\u0301", "\u00e9"),
        ("xe\u0301?(e\u0301|e\u0301)*", "x\u00e9?(\u00e9|\u00e9)*"),
        ("[^e\u0301o-u]", "[^\u00e9o-u]"),
        ("[a-e\u0301]", "[a-\u00e9]"),
        ("[a\u0301-e]", "[\u00e1-e]"),
        ("[I-\u212a\u212a]", "[I-\u212aK]"),
        ("[\u1112\u1161\u11abx]", "[\ud55cx]"),
        ("[]e\u0301[:alpha:]]", "[]\u00e9[:alpha:]]"),
        ("\\x65\u0301", "\\x65\u0301"),
        ("\\.\u0338", "\\.\u0338"),
        ("(?P<e\u0301>e\u0301)", "(?P<e\u0301>\u00e9)"),
        ("(?P<n>\u0338)", "(?P<n>\u0338)"),
        ("\\Qe\u0301\\Ee\u0301", "\\Q\u00e9\\E\u00e9"),
        ("\\pLe\u0301{2,3}", "\\pL\u00e9{2,3}"),
        ("e(\u0301)", "e(\u0301)"),
        ("[x-\u0301]", "[x-\u0301]"),
        ("[a\u0300-e\u0301]", "[\u00e0-\u00e9]"),
    ],
)
def test_runs_of_literals_are_composed(pattern: str, expected: str) -> None:
    assert normalize_literals(pattern, CASED) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("caf\u00e9", "cafe"),
        ("[\u00e9x]", "[ex]"),
        ("[\u00e0-\u00fc\u00e9]", "[\u00e0-\u00fce]"),
        ("[\\x{e0}-\u00fc\u00e9]", "[\\x{e0}-\u00fce]"),
        ("[\u00e0-\\x{fc}]", "[\u00e0-\\x{fc}]"),
        ("[-\u00e9]", "[-e]"),
        ("[\u0301^x]", "[\\^x]"),
        ("[^\u0301^]", "[^^]"),
        ("[\\pL-\u00e9]", "[\\pL-e]"),  # behind a set there is no range
        ("[a-\\x{e8}-\u00e9]", "[a-\\x{e8}-e]"),
        ("[\u00e8--\u00e9]", "[\u00e8--e]"),
        (".\u0301*", ".(?:)*"),
        ("a\u0301*", "a*"),
        ("[x-\u0301]", "[x-\u0301]"),
        ("\\Q\u0301\\E+x", "(?:)+x"),
        ("\\Qe\u0301\\E+", "\\Qe\\E+"),
        ("[\u0301]", "[^\\x{0}-\\x{10ffff}]"),
        ("[^\u0301]", "[\\x{0}-\\x{10ffff}]"),
        ("\\x{e9}\\pL", "\\x{e9}\\pL"),
    ],
)
def test_marks_are_taken_from_literals_and_from_nothing_else(pattern: str, expected: str) -> None:
    assert normalize_literals(pattern, BARE) == expected


def test_before_version_4_a_pattern_stays_as_it_is() -> None:
    assert normalize_literals("e\u0301", TextRules(is_normalized=False)) == "e\u0301"
