"""Random conditions of every kind of leaf, on a scale of milliseconds, about an instant."""

from __future__ import annotations

from functools import cache
from hypothesis import strategies as st

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from tests.harness.random.random_documents import DocumentStrategy, dates_near, dict_of, duration, durations, merge
from tests.harness.random.random_value_conditions import (
    activity_fields,
    aggregates,
    created_leaves,
    day_leaves,
    loose_leaves,
    page_fields,
    scored_leaves,
    text_leaves,
)

PROPERTIES = {"size": "number", "seen": "datetime", "day": "date", "home": "object", "trips": "object"}
"""Declared beside the standard ones; `plan`, `due`, `rank` and `word` are typed by their values."""

multiples_of_five = st.sampled_from((0, 5, 10))
zones: dict[str, st.SearchStrategy[str]] = {"in_zone": st.just("contact")}
pages: DocumentStrategy = st.sampled_from(
    [
        {},
        {},
        {"path": {"eq": "/a"}},
        {"path": {"in": ["/b", "/c"]}},
        {"query.x": {"exists": True}},
        {"referrer": {"ne": "a"}},
        {"amount": {"gte": 5}},
        {"on": {"eq": "now/d"}},
        {"on": {"not_in": ["now-1d/d", "Soon"]}},
    ]
)
names: DocumentStrategy = st.sampled_from([{}, {"name": {"eq": "form"}}, {"name": {"eq": "visit"}}])
"""Filters that every engine version knows; those of the newest are in `random_value_conditions`."""

counts: DocumentStrategy = st.one_of(
    st.fixed_dictionaries({"gte": st.integers(1, 3)}),
    st.fixed_dictionaries({"eq": st.integers(0, 2)}),
    st.fixed_dictionaries({"lt": st.integers(1, 3)}),
    st.just({"between": [1, 2]}),
)


@cache
def _property_leaves() -> DocumentStrategy:
    words = st.sampled_from(["a", "a", "b", 5, True])
    tests: DocumentStrategy = st.one_of(
        dict_of(eq=words),
        dict_of(ne=words),
        dict_of(not_in=st.lists(words, min_size=1, max_size=2)),
        dict_of(contains=words),
        dict_of(starts_with="A"),
        dict_of(contains_any=st.lists(words, min_size=1, max_size=2)),
        dict_of(has_item=st.just({"k": {"eq": "a"}})),
        dict_of(exists=st.booleans()),
        dict_of(empty=st.booleans()),
    )
    return st.one_of(
        merge(dict_of(property="plan"), tests),
        merge(dict_of(property="plan"), tests),
        dict_of(property="size", gt=st.sampled_from([0, 5])),
        dict_of(property=st.just(["home", "city"]), eq="A"),
    )


@cache
def _date_leaves(start: int) -> DocumentStrategy:
    dates = dates_near(start)
    ends = st.tuples(dates, dates).map(_in_order)
    tests: DocumentStrategy = st.one_of(
        dict_of(within_last=durations),
        dict_of(within_next=durations),
        dict_of(older_than=durations),
        dict_of(before=dates),
        dict_of(after=dates),
        ends.map(lambda pair: {"gte": pair[0], "lte": pair[1]}),
        ends.map(lambda pair: {"between": pair}),
        dict_of(anniversary_within="1d"),
    )
    whose: DocumentStrategy = st.one_of(st.just({}), st.just({}), dict_of(**zones))
    asked = st.one_of(merge(tests, whose), merge(tests, whose), dict_of(exists=st.booleans()))
    return st.one_of(
        merge(dict_of(property=st.sampled_from(["seen", "seen", "day"])), asked),
        dict_of(property="trips", has_item=dict_of(on=asked, to=dict_of(ne="b"))),
    )


@cache
def _equality_leaves(start: int) -> DocumentStrategy:
    """Equality with dates and text of what is declared nowhere."""
    dates = dates_near(start)
    several = st.builds(
        lambda date, others: [*others, date], dates, st.lists(st.one_of(dates, st.just("SOON")), max_size=2)
    )
    tests: DocumentStrategy = st.one_of(
        dict_of(eq=dates), dict_of(ne=dates), dict_of(**{"in": several}), dict_of(not_in=several)
    )
    asked = st.one_of(tests, tests, merge(tests, dict_of(**zones)))
    return st.one_of(
        merge(dict_of(property="due"), asked),
        merge(dict_of(property="due"), asked),
        merge(dict_of(property=st.just(["home", "since"])), asked),
        dict_of(property="trips", has_item=dict_of(on=asked)),
    )


def _in_order(pair: tuple[str, str]) -> list[str]:
    """Two fixed dates the right way round, since the other one is refused; what moves stays where it is."""
    return list(pair) if any(text.startswith("now") for text in pair) else sorted(pair)


@cache
def _window_fields(start: int) -> DocumentStrategy:
    dates = dates_near(start)
    return st.one_of(
        st.just({}),
        dict_of(within=durations),
        multiples_of_five.map(lambda newer: {"between_ago": [duration(newer + 10), duration(newer)]}),
        dict_of(since=dates),
        dict_of(until=dates),
        merge(dict_of(within=durations, since=dates), dict_of(**zones)),
    )


def _sequence_leaves(engine_version: int) -> DocumentStrategy:
    old: DocumentStrategy = st.one_of(dict_of(visit=pages), dict_of(activity=names))
    step = old if engine_version < 4 else st.one_of(old, old, _subject(engine_version))
    steps = st.lists(step, min_size=2, max_size=3)
    pace: DocumentStrategy = st.one_of(
        st.just({}),
        dict_of(gap=multiples_of_five.map(duration)),
        dict_of(min_gap=multiples_of_five.map(duration)),
        multiples_of_five.map(lambda least: {"min_gap": duration(least), "gap": duration(least + 5)}),
    )
    return merge(dict_of(sequence=steps, within=st.sampled_from((25, 30, 40)).map(duration)), pace)


@cache
def _subject(engine_version: int) -> DocumentStrategy:
    """Visits twice as often as activities; filters of the newest version for one leaf of four."""
    old: DocumentStrategy = st.one_of(dict_of(visit=pages), dict_of(visit=pages), dict_of(activity=names))
    if engine_version < 4:
        return old
    return st.one_of(old, old, old, dict_of(visit=page_fields), dict_of(activity=activity_fields))


@cache
def _aggregate_leaves(start: int) -> DocumentStrategy:
    plain: DocumentStrategy = st.sampled_from([{"visit": {}}, {"activity": {}}, {"activity": {}}])
    return merge(st.one_of(plain, plain, _subject(4)), aggregates, _window_fields(start))


def _count_leaves(start: int, engine_version: int) -> DocumentStrategy:
    return merge(
        _subject(engine_version),
        st.one_of(dict_of(count=counts), dict_of(count=counts), dict_of(never=True)),
        _window_fields(start),
    )


def _first_last_leaves(start: int, engine_version: int) -> DocumentStrategy:
    companions: DocumentStrategy = st.sampled_from([{}, {"referrer": {"eq": "a"}}, {"path": {"eq": "/a"}}])
    if engine_version >= 4:
        companions = st.one_of(companions, companions, page_fields)
    ends: DocumentStrategy = st.one_of(
        dict_of(first=st.one_of(st.just(True), companions)),
        dict_of(last=companions),
        dict_of(first=companions, last=companions),
    )
    return merge(_subject(engine_version), ends, _window_fields(start))


def _regular_leaves(engine_version: int) -> DocumentStrategy:
    periods: DocumentStrategy = st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from((5, 10))).map(
        lambda chosen: {"at_least": chosen[0], "of": chosen[0] + chosen[1], "each": duration(chosen[2])}
    )
    if engine_version >= 4:
        periods = merge(periods, st.sampled_from([{}, {}, {"times": 2}]))
    return merge(_subject(engine_version), dict_of(regular=periods))


def _activity_time_leaves(start: int) -> DocumentStrategy:
    tests = st.one_of(
        dict_of(older_than=durations),
        dict_of(within_last=durations),
        dict_of(before=dates_near(start)),
        dict_of(after=dates_near(start)),
    )
    subjects = st.sampled_from(["last_visit", "first_visit", "last_activity"])
    return st.one_of(st.builds(lambda name, test: {name: test}, subjects, tests), dict_of(inactive_for=durations))


@cache
def _tag_leaves() -> DocumentStrategy:
    return dict_of(tags=st.sampled_from([{"contains": "a"}, {"contains_all": ["a", "b"]}, {"empty": True}]))


def _state_leaves(segments: tuple[str, ...]) -> DocumentStrategy:
    numbers: DocumentStrategy = st.one_of(dict_of(gte=st.integers(-1, 4)), dict_of(ne=3), dict_of(lt=1))
    return st.one_of(
        dict_of(status=st.sampled_from([{"eq": "active"}, {"in": ["inactive", "bounced"]}])),
        _tag_leaves(),
        dict_of(score=numbers),
        dict_of(score=merge(dict_of(name="fit"), numbers)),
        dict_of(lead=dict_of(campaign="c")),
        dict_of(lead=dict_of(campaign="c", status=st.sampled_from([{"eq": "active"}, {"ne": "rejected"}]))),
        dict_of(lead=dict_of(campaign="c", points=numbers)),
        *((dict_of(segment=st.sampled_from(segments)),) if segments else ()),
    )


def _lead_leaves() -> DocumentStrategy:
    return st.one_of(
        dict_of(points=dict_of(gte=st.integers(-1, 4))),
        dict_of(lead_status=st.just({"eq": "active"})),
        dict_of(
            lead_age=st.one_of(
                dict_of(gte=durations),
                dict_of(lt=durations),
                dict_of(between=st.just([duration(5), duration(9)])),
            )
        ),
    )


def _value_leaves(start: int) -> list[DocumentStrategy]:
    """The kinds that came with engine version 4."""
    held_for = dict_of(held_for=durations)
    return [
        loose_leaves,
        loose_leaves,
        text_leaves,
        text_leaves,
        day_leaves(start),
        created_leaves(start),
        scored_leaves,
        _aggregate_leaves(start),
        _aggregate_leaves(start),
        merge(st.one_of(loose_leaves, text_leaves, day_leaves(start)), held_for),
    ]


@cache
def conditions(
    start: int,
    segments: tuple[str, ...] = (),
    *,
    lead_at_hand: bool = False,
    engine_version: EngineVersion = NEWEST_VERSION,
) -> DocumentStrategy:
    """Trees of up to four leaves that an engine version knows; `segments` are segments that may be referred to."""
    held_for = dict_of(held_for=durations)
    kinds = [
        _count_leaves(start, engine_version),
        _count_leaves(start, engine_version),
        _first_last_leaves(start, engine_version),
        _first_last_leaves(start, engine_version),
        _regular_leaves(engine_version),
        _sequence_leaves(engine_version),
        _sequence_leaves(engine_version),
        _property_leaves(),
        _date_leaves(start),
        _equality_leaves(start),
        _equality_leaves(start),
        merge(_property_leaves(), held_for),
        merge(_equality_leaves(start), held_for),
        merge(_date_leaves(start), held_for),
        merge(_tag_leaves(), held_for),
        _activity_time_leaves(start),
        _state_leaves(segments),
    ]
    if engine_version >= 4:
        kinds += _value_leaves(start)
    if lead_at_hand:
        kinds += [_lead_leaves(), _lead_leaves()]
    leaves = st.one_of(*kinds)
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            dict_of(all=st.lists(parts, min_size=1, max_size=3)),
            dict_of(any=st.lists(parts, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, parts),
        ),
        max_leaves=4,
    )
