"""Random conditions of every kind of leaf, on a scale of milliseconds, about an instant."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.values import instant_text

Conditions = st.SearchStrategy[dict[str, Any]]

PROPERTIES = {"size": "number", "seen": "datetime", "day": "date", "home": "object", "trips": "object"}
"""Declared beside the standard ones; `plan` and `due` are typed by their values."""


def _length(ms: int) -> str:
    return f"PT0.{ms:03d}S"


# Multiples of five mostly: windows end where other events happen.
lengths = st.sampled_from((1, 5, 5, 10, 10, 15, 20, 30)).map(_length)
fives = st.sampled_from((0, 5, 10))
zones: dict[str, Conditions | st.SearchStrategy[str]] = {"in_zone": st.just("contact")}
pages: Conditions = st.sampled_from(
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
names: Conditions = st.sampled_from([{}, {"name": {"eq": "form"}}, {"name": {"eq": "visit"}}])
counts: Conditions = st.one_of(
    st.fixed_dictionaries({"gte": st.integers(1, 3)}),
    st.fixed_dictionaries({"eq": st.integers(0, 2)}),
    st.fixed_dictionaries({"lt": st.integers(1, 3)}),
    st.just({"between": [1, 2]}),
)


def _one(**fields: Any) -> Conditions:
    return st.fixed_dictionaries({key: _strategy(value) for key, value in fields.items()})


def _strategy(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


@st.composite
def _merged(draw: st.DrawFn, *parts: Conditions) -> dict[str, Any]:
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


def _plain() -> Conditions:
    words = st.sampled_from(["a", "a", "b", 5, True])
    tests: Conditions = st.one_of(
        _one(eq=words),
        _one(ne=words),
        _one(not_in=st.lists(words, min_size=1, max_size=2)),
        _one(contains=words),
        _one(starts_with="A"),
        _one(contains_any=st.lists(words, min_size=1, max_size=2)),
        _one(has_item=st.just({"k": {"eq": "a"}})),
        _one(exists=st.booleans()),
        _one(empty=st.booleans()),
    )
    return st.one_of(
        _merged(_one(property="plan"), tests),
        _merged(_one(property="plan"), tests),
        _one(property="size", gt=st.sampled_from([0, 5])),
        _one(property=st.just(["home", "city"]), eq="A"),
    )


def _timed(start: int) -> Conditions:
    dates = _dates(start)
    ends = st.tuples(dates, dates).map(_in_order)
    tests: Conditions = st.one_of(
        _one(within_last=lengths),
        _one(within_next=lengths),
        _one(older_than=lengths),
        _one(before=dates),
        _one(after=dates),
        ends.map(lambda pair: {"gte": pair[0], "lte": pair[1]}),
        ends.map(lambda pair: {"between": pair}),
        _one(anniversary_within="1d"),
    )
    whose: Conditions = st.one_of(st.just({}), st.just({}), _one(**zones))
    asked = st.one_of(_merged(tests, whose), _merged(tests, whose), _one(exists=st.booleans()))
    return st.one_of(
        _merged(_one(property=st.sampled_from(["seen", "seen", "day"])), asked),
        _one(property="trips", has_item=_one(on=asked, to=_one(ne="b"))),
    )


def _equal(start: int) -> Conditions:
    """Equality with dates and text of what is declared nowhere."""
    dates = _dates(start)
    several = st.builds(
        lambda date, others: [*others, date], dates, st.lists(st.one_of(dates, st.just("SOON")), max_size=2)
    )
    tests: Conditions = st.one_of(_one(eq=dates), _one(ne=dates), _one(**{"in": several}), _one(not_in=several))
    asked = st.one_of(tests, tests, _merged(tests, _one(**zones)))
    return st.one_of(
        _merged(_one(property="due"), asked),
        _merged(_one(property="due"), asked),
        _merged(_one(property=st.just(["home", "since"])), asked),
        _one(property="trips", has_item=_one(on=asked)),
    )


def _in_order(pair: tuple[str, str]) -> list[str]:
    """Two fixed dates the right way round, since the other one is refused; what moves stays where it is."""
    return list(pair) if any(text.startswith("now") for text in pair) else sorted(pair)


def _windows(start: int) -> Conditions:
    dates = _dates(start)
    return st.one_of(
        st.just({}),
        _one(within=lengths),
        fives.map(lambda newer: {"between_ago": [_length(newer + 10), _length(newer)]}),
        _one(since=dates),
        _one(until=dates),
        _merged(_one(within=lengths, since=dates), _one(**zones)),
    )


def _sequences() -> Conditions:
    step = st.one_of(_one(visit=pages), _one(activity=names))
    steps = st.lists(step, min_size=2, max_size=3)
    pace: Conditions = st.one_of(
        st.just({}),
        _one(gap=fives.map(_length)),
        _one(min_gap=fives.map(_length)),
        fives.map(lambda least: {"min_gap": _length(least), "gap": _length(least + 5)}),
    )
    return _merged(_one(sequence=steps, within=st.sampled_from((25, 30, 40)).map(_length)), pace)


def _subject() -> Conditions:
    return st.one_of(_one(visit=pages), _one(visit=pages), _one(activity=names))


def _counted(start: int) -> Conditions:
    return _merged(_subject(), st.one_of(_one(count=counts), _one(count=counts), _one(never=True)), _windows(start))


def _ends(start: int) -> Conditions:
    companions = st.sampled_from([{}, {"referrer": {"eq": "a"}}, {"path": {"eq": "/a"}}])
    ends: Conditions = st.one_of(
        _one(first=st.one_of(st.just(True), companions)),
        _one(last=companions),
        _one(first=companions, last=companions),
    )
    return _merged(_subject(), ends, _windows(start))


def _regular() -> Conditions:
    periods = st.tuples(st.integers(1, 3), st.integers(0, 2), st.sampled_from((5, 10))).map(
        lambda chosen: {"at_least": chosen[0], "of": chosen[0] + chosen[1], "each": _length(chosen[2])}
    )
    return _merged(_subject(), _one(regular=periods))


def _moments(start: int) -> Conditions:
    tests = st.one_of(
        _one(older_than=lengths), _one(within_last=lengths), _one(before=_dates(start)), _one(after=_dates(start))
    )
    subjects = st.sampled_from(["last_visit", "first_visit", "last_activity"])
    return st.one_of(st.builds(lambda name, test: {name: test}, subjects, tests), _one(inactive_for=lengths))


def _tags() -> Conditions:
    return _one(tags=st.sampled_from([{"contains": "a"}, {"contains_all": ["a", "b"]}, {"empty": True}]))


def _decided(known: tuple[str, ...]) -> Conditions:
    numbers: Conditions = st.one_of(_one(gte=st.integers(-1, 4)), _one(ne=3), _one(lt=1))
    return st.one_of(
        _one(status=st.sampled_from([{"eq": "active"}, {"in": ["inactive", "bounced"]}])),
        _tags(),
        _one(score=numbers),
        _one(score=_merged(_one(name="fit"), numbers)),
        _one(lead=_one(campaign="c")),
        _one(lead=_one(campaign="c", status=st.sampled_from([{"eq": "active"}, {"ne": "rejected"}]))),
        _one(lead=_one(campaign="c", points=numbers)),
        *((_one(segment=st.sampled_from(known)),) if known else ()),
    )


def _at_hand() -> Conditions:
    return st.one_of(
        _one(points=_one(gte=st.integers(-1, 4))),
        _one(lead_status=st.just({"eq": "active"})),
        _one(
            lead_age=st.one_of(_one(gte=lengths), _one(lt=lengths), _one(between=st.just([_length(5), _length(9)])))
        ),
    )


@cache
def conditions(start: int, known: tuple[str, ...] = (), *, lead_at_hand: bool = False) -> Conditions:
    """Trees of up to four leaves; `known` are segments that may be referred to."""
    held_for = _one(held_for=lengths)
    kinds = [
        _counted(start),
        _counted(start),
        _ends(start),
        _ends(start),
        _regular(),
        _sequences(),
        _sequences(),
        _merged(_plain()),
        _timed(start),
        _equal(start),
        _equal(start),
        _merged(_plain(), held_for),
        _merged(_equal(start), held_for),
        _merged(_timed(start), held_for),
        _merged(_tags(), held_for),
        _merged(_moments(start)),
        _merged(_decided(known)),
    ]
    if lead_at_hand:
        kinds += [_merged(_at_hand()), _merged(_at_hand())]
    leaves = st.one_of(*kinds)
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            _one(all=st.lists(parts, min_size=1, max_size=3)),
            _one(any=st.lists(parts, min_size=1, max_size=3)),
            st.builds(lambda part: {"not": part}, parts),
        ),
        max_leaves=4,
    )
