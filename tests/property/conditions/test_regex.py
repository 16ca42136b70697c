"""Case-insensitive `matches` in the engine (rewritten for RE2) equals the batch matcher (letter by letter)."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.engine.conditions.errors import ConditionRefused
from streams.verify.recompute.conditions.regex import matches_pattern
from streams.verify.recompute.conditions.text_rules import TextRules
from tests.harness.engine.conditions import compile_dict, holds

LETTERS = (
    "sSßẞ\u017ffiﬁﬀİ\u0131I kK\u212a\u02bcnŉtﬅaäÄ\u0307\n(?:-1_eéÉ\u0301\u0390\u03aa\u01f0J\u030c"
    "\u03b1\u1fb3\u1fb4\u03b9\u0345\u0323"
)
letters = st.sampled_from(LETTERS)
texts = st.text(alphabet=LETTERS, max_size=6)


def _escaped(letter: str) -> str:
    return "\\" + letter if letter in "[]^-\\()?:|.*+{}$" else letter


_plain = letters.map(_escaped)
_codes = letters.map(lambda letter: f"\\x{{{ord(letter):x}}}")
_sets = st.sampled_from([r"\w", r"\W", r"\d", r"\D", r"\S", r"\pL", r"\P{Lu}", r"\p{^L}", "[:alpha:]", "[:^alpha:]"])
_ends = st.one_of(letters, letters, st.sampled_from(["a\u0300", "e\u0301", "J\u030c", "q\u0301"]))
_ranges = st.tuples(_ends, _ends).map(sorted).map(lambda ends: f"{_escaped(ends[0])}-{_escaped(ends[1])}")
_parts = st.lists(st.one_of(_plain, _plain, _plain, _codes, _sets, _ranges), min_size=1, max_size=3)
_classes = st.tuples(st.sampled_from(["[", "[", "[^"]), _parts).map(lambda parts: parts[0] + "".join(parts[1]) + "]")
_marked = st.tuples(_plain, st.sampled_from("\u0301\u030c\u0323\u0345")).map("".join)
_repeated = st.tuples(st.one_of(_plain, _marked), st.sampled_from(["*", "+", "?", "{2}"])).map("".join)
_atoms = st.one_of(
    _plain,
    _marked,
    _repeated,
    _plain,
    _codes,
    _classes,
    _classes,
    st.sampled_from([".", r"\w", r"\W", r"\S", r"\pL", r"\PL", r"\b", r"\B", "^", "$", r"\A", r"\z", r"\Qß[\E"]),
)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=2).map("|".join),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{2,}", "+?"])).map(
            lambda parts: f"(?:{parts[0]}){parts[1]}"
        ),
        st.tuples(st.sampled_from(["(", "(?P<ß>", "(?s:", "(?m:", "(?i:"]), inner).map(
            lambda parts: "".join(parts) + ")"
        ),
        st.tuples(st.sampled_from(["(?s)", "(?m)", "(?ms)"]), inner).map("".join),
    )


patterns = st.recursive(_atoms, _combined, max_leaves=6)
anchored = st.one_of(patterns, patterns.map(lambda pattern: f"^(?:{pattern})$"))


@settings(max_examples=20 * settings().max_examples)
@given(anchored, texts)
def test_the_engine_matches_what_the_batch_matcher_matches(pattern: str, text: str) -> None:
    assume(_is_accepted(pattern))
    assert holds({"property": "p", "matches": pattern}, {"p": text}) is matches_pattern(
        pattern, text, case_sensitive=False
    )


@settings(max_examples=10 * settings().max_examples)
@given(anchored, texts, st.booleans())
def test_it_matches_the_same_without_accents(pattern: str, text: str, case_sensitive: bool) -> None:
    assume(_is_accepted(pattern, accents="ignore", case_sensitive=case_sensitive))
    leaf = {"property": "p", "matches": pattern, "accents": "ignore", "case_sensitive": case_sensitive}
    rules = TextRules(ignores_accents=True)
    assert holds(leaf, {"p": text}) is matches_pattern(pattern, text, case_sensitive, rules)


def _is_accepted(pattern: str, **modifiers: object) -> bool:
    try:
        compile_dict({"property": "p", "matches": pattern, **modifiers})
    except ConditionRefused:
        return False
    return True
