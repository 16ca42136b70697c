"""Random operators and values of every kind, those of wrong types among them; what does not fit is to be refused."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.harness.random.random_documents import DocumentStrategy, dict_of, merge

TEXTS = (
    *("", "a", "A", "ab", "é", "e\u0301", "É", "Straße", "STRASSE", "\u0345a", "x" * 256, "x" * 257, "X" * 300),
    *("5", " 5 ", "\u00a05\u2003", "05", "5.0", "5e0", "+5", "0", "-0", "0.1", "1e21", "1e400", "9" * 320, "true"),
    *("2026-03-01", "2026-03-01T09:00:00Z", "2026-03-01t09:00:00.000+00:00", "now"),
)
NUMBERS = (
    *(0, -0.0, 0.0, 1, 1.0, 5, 5.0, -5, 0.1, 0.30000000000000004, 5e-324, 2**53, 2**53 + 1, 2.0**53),
    *(10**21, 1e21, 10**300, 1e300, 1.5, 4.999999999999999),
)

texts = st.sampled_from(TEXTS)
numbers = st.sampled_from(NUMBERS)
scalars: st.SearchStrategy[Any] = st.one_of(texts, numbers, st.booleans())
dates = st.sampled_from(["2026-03-01", "2026-03-01T09:00:00Z", "2026-03-31||-1M", "now", "now/d-1d"])
_several = st.lists(scalars, min_size=1, max_size=3)
_alike = st.one_of(st.lists(texts, min_size=1, max_size=3), st.lists(numbers, min_size=1, max_size=3))
_bounds = st.one_of(numbers, numbers, numbers, dates)
_pairs: st.SearchStrategy[Any] = st.tuples(numbers, numbers).map(sorted)

tests: DocumentStrategy = st.one_of(
    *(dict_of(**{name: st.one_of(texts, numbers, scalars)}) for name in ("eq", "eq", "ne")),
    *(dict_of(**{name: st.one_of(_alike, _several)}) for name in ("in", "in", "not_in")),
    *(dict_of(**{name: _bounds}) for name in ("gt", "gte", "lt", "lte")),
    dict_of(between=_pairs),
    merge(dict_of(gte=numbers), dict_of(lt=numbers)),
    merge(dict_of(gt=numbers), dict_of(gte=numbers, lte=numbers)),
    *(dict_of(**{name: texts}) for name in ("starts_with", "starts_with", "ends_with", "contains")),
    *(dict_of(**{name: scalars}) for name in ("contains", "not_contains")),
    *(dict_of(**{name: _several}) for name in ("contains_any", "contains_all")),
    dict_of(matches=st.sampled_from(["é", "^.{4}$", "^5", r"\.", "ss"])),
    *(dict_of(**{name: st.booleans()}) for name in ("exists", "empty")),
    *(dict_of(**{name: dates}) for name in ("before", "after")),
    *(dict_of(**{name: "7d"}) for name in ("within_last", "older_than", "anniversary_within")),
    dict_of(has_item=st.one_of(dict_of(k=dict_of(eq=scalars)), dict_of(k=dict_of(gte=numbers)))),
)
modifiers: DocumentStrategy = st.sampled_from(
    [{}, {}, {}, {"accents": "ignore"}, {"case_sensitive": True}, {"accents": "ignore", "case_sensitive": True}]
)
operators: DocumentStrategy = merge(st.one_of(tests, tests, tests, merge(tests, tests)), modifiers)

values: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    texts,
    numbers,
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.sampled_from("kl"), scalars, max_size=2),
    st.lists(st.dictionaries(st.sampled_from("kl"), scalars, max_size=2), max_size=2),
    st.sampled_from([[True], [1], [1.0], ["1"], [[]], {"k": {}}, ["x" * 300], ["x" * 301], {"k": ["é"]}]),
)
