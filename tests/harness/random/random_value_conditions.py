"""Random leaves of engine version 4: loose values, normalised text, creation, fields of events, aggregates."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from tests.harness.random.random_documents import DocumentStrategy, dates_near, dict_of, durations, merge
from tests.harness.random.random_values import TEXTS

page_fields: DocumentStrategy = st.sampled_from(
    [
        {"title": {"eq": "Demo"}},
        {"title": {"eq": 5}},
        {"title": {"contains": "café"}},
        {"title": {"starts_with": "cafe", "accents": "ignore"}},
        {"amount": {"eq": "5"}},
        {"amount": {"between": [0, 5]}},
        {"amount": {"ne": 5}},
        {"info.price": {"gte": 5}},
        {"campaign": {"exists": True}},
        {"query.x": {"gte": 1}},
        {"host": {"ne": "acme.example"}},
        {"path": {"eq": "/b"}, "amount": {"exists": True}},
    ]
)
activity_fields: DocumentStrategy = st.sampled_from(
    [
        {"title": {"eq": "Demo"}},
        {"url": {"ends_with": "/b"}},
        {"path": {"eq": "/b"}},
        {"campaign": {"eq": "c"}},
        {"amount": {"gte": 5}},
        {"amount": {"not_in": [5, "x"]}},
        {"info.price": {"eq": "5"}},
        {"info.price": {"empty": False}},
        {"name": {"ne": "form"}, "title": {"exists": True}},
    ]
)
_counts: DocumentStrategy = st.one_of(
    dict_of(gte=st.integers(1, 3)),
    dict_of(eq=st.integers(0, 2)),
    dict_of(lt=st.integers(1, 3)),
    st.just({"between": [1, 2]}),
)
_thresholds = st.sampled_from([0, 5, 10, -5, 2.5, 7.5, 0.1, 0.3, 0.000001, 10**15])
_amounts: DocumentStrategy = st.one_of(
    *(dict_of(**{name: _thresholds}) for name in ("gte", "gt", "lt", "lte", "eq")),
    st.sampled_from([{"between": [0, 5]}, {"between": [2.5, 7.5]}]),
)
_amount_fields = st.sampled_from(["amount", "amount", "info.price", "title", "name"])
aggregates: DocumentStrategy = st.one_of(
    dict_of(sum=merge(dict_of(of=_amount_fields), _amounts)),
    dict_of(average=merge(dict_of(of=_amount_fields), _amounts)),
    dict_of(distinct=merge(dict_of(of=st.sampled_from(["amount", "path", "title", "name", "info.price"])), _counts)),
)

_numbers = st.sampled_from([5, 5.0, 23, 0, 0.1, -5, 10**21, 2**53 + 1, 2.0**53, 1e23, 10**23])
_scalars = st.one_of(_numbers, st.sampled_from(["5", "05", "5.0", "23", "0", "0.1", "true", True]))
_several = st.lists(_scalars, min_size=1, max_size=2)
_loose_tests: DocumentStrategy = st.one_of(
    *(dict_of(**{name: _scalars}) for name in ("eq", "eq", "ne", "contains", "not_contains")),
    *(dict_of(**{name: _several}) for name in ("in", "not_in", "contains_any", "contains_all")),
    *(dict_of(**{name: _numbers}) for name in ("gt", "gte", "lt", "lte")),
    st.sampled_from([{"between": [0, 5]}, {"between": [5, 23]}]),
    st.sampled_from([{"starts_with": "5"}, {"ends_with": "5"}, {"ends_with": "0"}, {"starts_with": " "}]),
    st.sampled_from([{"matches": "^5$"}, {"matches": r"\."}, {"matches": "^-?[0-9]+$"}]),
    dict_of(has_item=dict_of(k=st.one_of(dict_of(eq=_scalars), dict_of(gte=_numbers)))),
    dict_of(exists=st.booleans()),
)
loose_leaves: DocumentStrategy = st.one_of(
    merge(dict_of(property="rank"), _loose_tests),
    merge(dict_of(property="rank"), _loose_tests),
    dict_of(property=st.just(["rank", "k"]), eq=_scalars),
    dict_of(property=st.just(["home", "city"]), eq=_scalars),
)

_texts = st.sampled_from(TEXTS)
_accents: DocumentStrategy = st.sampled_from(
    [{}, {}, {"accents": "ignore"}, {"case_sensitive": True}, {"accents": "ignore", "case_sensitive": True}]
)
_text_tests: DocumentStrategy = st.one_of(
    *(dict_of(**{name: _texts}) for name in ("eq", "ne", "contains", "not_contains", "starts_with", "ends_with")),
    *(dict_of(**{name: st.lists(_texts, min_size=1, max_size=2)}) for name in ("in", "not_in")),
    dict_of(matches=st.sampled_from(["é", "e\u0301", "^CAFE\u0301$", r"caf\x{e9}", "ss", "ß", "^.{4}$", "[ée]$"])),
    dict_of(matches=st.sampled_from(["^CAFE\u0301+$", "[a-e\u0301]$", "[a\u0300-e\u0301]", "^\u03b9$", "J"])),
)
text_leaves: DocumentStrategy = merge(dict_of(property=st.sampled_from(["word", "city"])), _text_tests, _accents)

scored_leaves: DocumentStrategy = st.one_of(
    dict_of(score=dict_of(exists=st.booleans())),
    dict_of(score=dict_of(name="fit", exists=st.booleans())),
    dict_of(score=dict_of(name="fit", exists=True, lt=st.integers(-1, 4))),
)


@cache
def day_leaves(start: int) -> DocumentStrategy:
    """Equality of declared dates with instants and days."""
    dates = dates_near(start)
    tests: DocumentStrategy = st.one_of(
        dict_of(eq=dates),
        dict_of(ne=dates),
        dict_of(**{"in": st.lists(dates, min_size=1, max_size=2)}),
        dict_of(not_in=st.lists(dates, min_size=1, max_size=2)),
    )
    zone: DocumentStrategy = st.sampled_from([{}, {}, {"in_zone": "contact"}])
    return merge(dict_of(property=st.sampled_from(["day", "day", "seen"])), tests, zone)


@cache
def created_leaves(start: int) -> DocumentStrategy:
    """When the contact began, about an instant (ms)."""
    dates = dates_near(start)
    tests: DocumentStrategy = st.one_of(
        *(dict_of(**{name: durations}) for name in ("within_last", "older_than")),
        *(dict_of(**{name: dates}) for name in ("before", "after", "gte", "lt", "eq", "ne")),
        dict_of(anniversary_within="1d"),
    )
    zone: DocumentStrategy = st.sampled_from([{}, {}, {"in_zone": "contact"}])
    return dict_of(created=st.one_of(tests, tests, merge(tests, zone)))
