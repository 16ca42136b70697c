"""Case-insensitive `matches` in the engine (rewritten for RE2) equals the batch matcher (letter by letter)."""

from __future__ import annotations

import re2
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from streams.verify.recompute.conditions.regex import matches_pattern
from tests.harness.engine.conditions import holds

LETTERS = "sSßẞ\u017ffiﬁﬀİ\u0131I kK\u212a\u02bcnŉtﬅaäÄ\u0307\n(?:-1_eéÉ\u0301\u0390\u03aa\u01f0J\u030c"
letters = st.sampled_from(LETTERS)
texts = st.text(alphabet=LETTERS, max_size=6)


def _escaped(letter: str) -> str:
    return "\\" + letter if letter in "[]^-\\()?:|.*+{}$" else letter


_plain = letters.map(_escaped)
_codes = letters.map(lambda letter: f"\\x{{{ord(letter):x}}}")
_sets = st.sampled_from([r"\w", r"\W", r"\d", r"\D", r"\S", r"\pL", r"\P{Lu}", r"\p{^L}", "[:alpha:]", "[:^alpha:]"])
_ranges = st.tuples(letters, letters).map(sorted).map(lambda ends: f"{_escaped(ends[0])}-{_escaped(ends[1])}")
_parts = st.lists(st.one_of(_plain, _plain, _plain, _codes, _sets, _ranges), min_size=1, max_size=3)
_classes = st.tuples(st.sampled_from(["[", "[", "[^"]), _parts).map(lambda parts: parts[0] + "".join(parts[1]) + "]")
_atoms = st.one_of(
    _plain,
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


def _is_accepted(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True
