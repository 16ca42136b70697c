"""Random conditions of every kind of leaf, on a scale of milliseconds, about an instant."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.values import instant_text

ConditionStrategy = st.SearchStrategy[dict[str, Any]]

PROPERTIES = {"size": "number", "seen": "datetime", "day": "date", "home": "object", "trips": "object"}
"""Declared beside the standard ones; `plan` and `due` are typed by their values."""


def _duration(ms: int) -> str:
    return f"PT0.{ms:03d}S"


# Multiples of five mostly: windows end where other events happen.
durations = st.sampled_from((1, 5, 5, 10, 10, 15, 20, 30)).map(_duration)
multiples_of_five = st.sampled_from((0, 5, 10))
zones: dict[str, ConditionStrategy | st.SearchStrategy[str]] = {"in_zone": st.just("contact")}
pages: ConditionStrategy = st.sampled_from(
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
names: ConditionStrategy = st.sampled_from([{}, {"name": {"eq": "form"}}, {"name": {"eq": "visit"}}])
counts: ConditionStrategy = st.one_of(
    st.fixed_dictionaries({"gte": st.integers(1, 3)}),
    st.fixed_dictionaries({"eq": st.integers(0, 2)}),
    st.fixed_dictionaries({"lt": st.integers(1, 3)}),
    st.just({"between": [1, 2]}),
)


def _dict_of(**fields: Any) -> ConditionStrategy:
    return st.fixed_dictionaries({key: _as_strategy(value) for key, value in fields.items()})


def _as_strategy(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


@st.composite
def _merge(draw: st.DrawFn, *parts: ConditionStrategy) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        whole.update(draw(part))
    return whole


def _dates(start: int) -> st.SearchStrategy[str]:
    near = st.sampled_from(range(-20, 45, 5)).map(lambda after: start + after)
    return st.one_of(
        near.map(instant_text),
        near.map(lambda at: instant_text(at)[:10]),
        st.sampled_from(["now", "now/d", "now-10ms", "now+10ms", "now/h", "now/d-1d", "now-1d/d", "now/M"]),
    )


def _property_leaves() -> ConditionStrategy:
    words = st.sampled_from(["a", "a", "b", 5, True])
    tests: ConditionStrategy = st.one_of(
        _dict_of(eq=words),
        _dict_of(ne=words),
        _dict_of(not_in=st.lists(words, min_size=1, max_size=2)),
        _dict_of(contains=words),
        _dict_of(starts_with="A"),
        _dict_of(contains_any=st.lists(words, min_size=1, max_size=2)),
        _dict_of(has_item=st.just({"k": {"eq": "a"}})),
        _dict_of(exists=st.booleans()),
        _dict_of(empty=st.booleans()),
    )
    return st.one_of(
        _merge(_dict_of(property="plan"), tests),
        _merge(_dict_of(property="plan"), tests),
        _dict_of(property="size", gt=st.sampled_from([0, 5])),
        _dict_of(property=st.just(["home", "city"]), eq="A"),
    )


def _date_leaves(start: int) -> ConditionStrategy:
    dates = _dates(start)
    ends = st.tuples(dates, dates).map(_in_order)
    tests: ConditionStrategy = st.one_of(
        _dict_of(within_last=durations),
        _dict_of(within_next=durations),
        _dict_of(older_than=durations),
        _dict_of(before=dates),
        _dict_of(after=dates),
        ends.map(lambda pair: {"gte": pair[0], "lte": pair[1]}),
        ends.map(lambda pair: {"between": pair}),
        _dict_of(anniversary_within="1d"),
    )
    whose: ConditionStrategy = st.one_of(st.just({}), st.just({}), _dict_of(**zones))
    asked = st.one_of(_merge(tests, whose), _merge(tests, whose), _dict_of(exists=st.booleans()))
    return st.one_of(
        _merge(_dict_of(property=st.sampled_from(["seen", "seen", "day"])), asked),
        _dict_of(property="trips", has_item=_dict_of(on=asked, to=_dict_of(ne="b"))),
    )


def _equality_leaves(start: int) -> ConditionStrategy:
    """Equality with dates and text of what is declared nowhere."""
    dates = _dates(start)
    several = st.builds(
        lambda date, others: [*others, date], dates, st.lists(st.one_of(dates, st.just("SOON")), max_size=2)
    )
    tests: ConditionStrategy = st.one_of(
        _dict_of(eq=dates), _dict_of(ne=dates), _dict_of(**{"in": several}), _dict_of(not_in=several)
    )
    asked = st.one_of(tests, tests, _merge(tests, _dict_of(**zones)))
    return st.one_of(
        _merge(_dict_of(property="due"), asked),
        _merge(_dict_of(property="due"), asked),
        _merge(_dict_of(property=st.just(["home", "since"])), asked),
        _dict_of(property="trips", has_item=_dict_of(on=asked)),
    )


def _in_order(pair: tuple[str, str]) -> list[str]:
    """Two fixed dates the right way round, since the other one is refused; what moves stays where it is."""
    return list(pair) if any(text.startswith("now") for text in pair) else sorted(pair)


def _window_fields(start: int) -> ConditionStrategy:
    dates = _dates(start)
    return st.one_of(
        st.just({}),
        _dict_of(within=durations),
        multiples_of_five.map(lambda newer: {"between_ago": [_duration(newer + 10), _duration(newer)]}),
        _dict_of(since=dates),
        _dict_of(until=dates),
        _merge(_dict_of(within=durations, since=dates), _dict_of(**zones)),
    )


def _sequence_leaves() -> ConditionStrategy:
    step = st.one_of(_dict_of(visit=pages), _dict_of(activity=names))
    steps = st.lists(step, min_size=2, max_size=3)
    pace: ConditionStrategy = st.one_of(
        st.just({}),
        _dict_of(gap=multiples_of_five.map(_duration)),
        _dict_of(min_gap=multiples_of_five.map(_duration)),
        multiples_of_five.map(lambda least: {"min_gap": _duration(least), "gap": _duration(least + 5)}),
    )
    return _merge(_dict_of(sequence=steps, within=st.sampled_from((25, 30, 40)).map(_duration)), pace)


def _subject() -> ConditionStrategy:
    return st.one_of(_dict_of(visit=pages), _dict_of(visit=pages), _dict_of(activity=names))


def _count_leaves(start: int) -> ConditionStrategy:
    return _merge(
        _subject(),
        st.one_of(_dict_of(count=counts), _dict_of(count=counts), _dict_of(never=True)),
        _window_fields(start),
    )


def _first_last_leaves(start: int) -> ConditionStrategy:
    companions = st.sampled_from([{}, {"referrer": {"eq": "a"}}, {"path": {"eq": "/a"}}])
    ends: ConditionStrategy = st.one_of(
        _dict_of(first=st.one_of(st.just(True), companions)),
        _dict_of(last=companions),
        _dict_of(first=companions, last=companions),
    )
    return _merge(_subject(), ends, _window_fields(start))


def _regular_leaves() -> ConditionStrategy:
    periods = st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from((5, 10))).map(
        lambda chosen: {"at_least": chosen[0], "of": chosen[0] + chosen[1], "each": _duration(chosen[2])}
    )
    return _merge(_subject(), _dict_of(regular=periods))


def _activity_time_leaves(start: int) -> ConditionStrategy:
    tests = st.one_of(
        _dict_of(older_than=durations),
        _dict_of(within_last=durations),
        _dict_of(before=_dates(start)),
        _dict_of(after=_dates(start)),
    )
    subjects = st.sampled_from(["last_visit", "first_visit", "last_activity"])
    return st.one_of(st.builds(lambda name, test: {name: test}, subjects, tests), _dict_of(inactive_for=durations))


def _tag_leaves() -> ConditionStrategy:
    return _dict_of(tags=st.sampled_from([{"contains": "a"}, {"contains_all": ["a", "b"]}, {"empty": True}]))


def _state_leaves(segments: tuple[str, ...]) -> ConditionStrategy:
    numbers: ConditionStrategy = st.one_of(_dict_of(gte=st.integers(-1, 4)), _dict_of(ne=3), _dict_of(lt=1))
    return st.one_of(
        _dict_of(status=st.sampled_from([{"eq": "active"}, {"in": ["inactive", "bounced"]}])),
        _tag_leaves(),
        _dict_of(score=numbers),
        _dict_of(score=_merge(_dict_of(name="fit"), numbers)),
        _dict_of(lead=_dict_of(campaign="c")),
        _dict_of(lead=_dict_of(campaign="c", status=st.sampled_from([{"eq": "active"}, {"ne": "rejected"}]))),
        _dict_of(lead=_dict_of(campaign="c", points=numbers)),
        *((_dict_of(segment=st.sampled_from(segments)),) if segments else ()),
    )


def _lead_leaves() -> ConditionStrategy:
    return st.one_of(
        _dict_of(points=_dict_of(gte=st.integers(-1, 4))),
        _dict_of(lead_status=st.just({"eq": "active"})),
        _dict_of(
            lead_age=st.one_of(
                _dict_of(gte=durations),
                _dict_of(lt=durations),
                _dict_of(between=st.just([_duration(5), _duration(9)])),
            )
        ),
    )


@cache
def conditions(start: int, segments: tuple[str, ...] = (), *, lead_at_hand: bool = False) -> ConditionStrategy:
    """Trees of up to four leaves; `segments` are segments that may be referred to."""
    held_for = _dict_of(held_for=durations)
    kinds = [
        _count_leaves(start),
        _count_leaves(start),
        _first_last_leaves(start),
        _first_last_leaves(start),
        _regular_leaves(),
        _sequence_leaves(),
        _sequence_leaves(),
        _merge(_property_leaves()),
        _date_leaves(start),
        _equality_leaves(start),
        _equality_leaves(start),
        _merge(_property_leaves(), held_for),
        _merge(_equality_leaves(start), held_for),
        _merge(_date_leaves(start), held_for),
        _merge(_tag_leaves(), held_for),
        _merge(_activity_time_leaves(start)),
        _merge(_state_leaves(segments)),
    ]
    if lead_at_hand:
        kinds += [_merge(_lead_leaves()), _merge(_lead_leaves())]
    leaves = st.one_of(*kinds)
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            _dict_of(all=st.lists(parts, min_size=1, max_size=3)),
            _dict_of(any=st.lists(parts, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, parts),
        ),
        max_leaves=4,
    )
