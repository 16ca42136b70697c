"""Dates compare as instants or as calendar days in the leaf's zone, and change at exactly the right instant."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions import PropertyType
from schemas.values import instant_ms
from streams.engine.conditions.errors import ConditionRefused
from tests.harness.engine.conditions import NOW, compile_dict, contact, due, evaluation_context, holds

DAY = 86_400_000
AT = "2026-03-10T12:00:00Z"  # NOW


def moment(offset: int) -> dict[str, Any]:
    """A property `offset` ms after now."""
    from schemas.values import instant_text

    return {"when": instant_text(NOW + offset)}


INSTANTS: list[tuple[dict[str, Any], int, bool]] = [
    ({"within_last": "1d"}, 0, True),
    ({"within_last": "1d"}, 1, False),
    ({"within_last": "1d"}, -DAY + 1, True),
    ({"within_last": "1d"}, -DAY, False),
    ({"within_next": "1d"}, 0, False),
    ({"within_next": "1d"}, 1, True),
    ({"within_next": "1d"}, DAY, True),
    ({"within_next": "1d"}, DAY + 1, False),
    ({"older_than": "1d"}, -DAY + 1, False),
    ({"older_than": "1d"}, -DAY, True),
    ({"older_than": "1d"}, -DAY - 1, True),
    ({"before": "now"}, -1, True),
    ({"before": "now"}, 0, False),
    ({"after": "now"}, 1, True),
    ({"after": "now"}, 0, False),
    ({"gt": AT}, 0, False),
    ({"gt": AT}, 1, True),
    ({"gte": AT}, 0, True),
    ({"lt": AT}, 0, False),
    ({"lte": AT}, 0, True),
    ({"lte": AT}, 1, False),
    ({"eq": AT}, 0, True),
    ({"eq": AT}, 1, False),
    ({"ne": AT}, 0, False),
    ({"in": [AT, "2020-01-01"]}, 0, True),
    ({"not_in": [AT, "2020-01-01"]}, 0, False),
    ({"between": ["now-1d", AT]}, 0, True),
    ({"between": ["now-1d", AT]}, -DAY, True),
    ({"between": ["now-1d", AT]}, -DAY - 1, False),
]


@pytest.mark.parametrize(("operators", "offset", "expected"), INSTANTS)
def test_instants_at_their_boundaries(operators: dict[str, Any], offset: int, expected: bool) -> None:
    assert holds({"property": "when", **operators}, moment(offset), when="datetime") is expected


@pytest.mark.parametrize(
    ("operators", "offset", "change"),
    [
        ({"within_last": "1d"}, -5, NOW + DAY - 5),
        ({"within_last": "1d"}, 5, NOW + 5),
        ({"within_last": "1d"}, -DAY, None),
        ({"within_next": "1d"}, 5, NOW + 5),
        ({"within_next": "1d"}, DAY + 5, NOW + 5),
        ({"within_next": "1d"}, 0, None),
        ({"older_than": "1d"}, -5, NOW + DAY - 5),
        ({"older_than": "1d"}, -DAY, None),
        ({"before": "now"}, 5, NOW + 6),
        ({"after": "now"}, 5, NOW + 5),
        ({"before": AT}, -5, None),
        ({"gte": "now-1d"}, -5, NOW + DAY - 4),
        ({"gte": "now/d"}, 0, instant_ms("2026-03-11T00:00:00Z")),
    ],
)
def test_an_instant_is_due_at_exactly_t_plus_w(operators: dict[str, Any], offset: int, change: int | None) -> None:
    leaf = {"property": "when", **operators}
    assert due(leaf, moment(offset), when="datetime") == change
    if change is None:
        return
    before = holds(leaf, moment(offset), when="datetime")
    assert holds(leaf, moment(offset), change - 1, when="datetime") is before
    assert holds(leaf, moment(offset), change, when="datetime") is not before
    assert holds(leaf, moment(offset), change + 1, when="datetime") is not before


def test_two_date_operators_in_one_leaf_must_both_hold() -> None:
    leaf = {"property": "when", "after": "2026-03-01", "before": "2026-03-05"}
    for value, expected in (("2026-03-01", False), ("2026-03-03", True), ("2026-03-05", False)):
        assert holds(leaf, {"when": value}, when="date") is expected


@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"lte": "now/d"}, "2026-03-10T00:00:00Z", True),
        ({"lte": "now/d"}, "2026-03-10T00:00:00.001Z", False),
        ({"gt": "now/d"}, "2026-03-10T00:00:00Z", False),
        ({"gt": "now/d"}, "2026-03-10T00:00:00.001Z", True),
        ({"after": "now/d"}, "2026-03-10T00:00:00.001Z", True),
        ({"eq": "now/d"}, "2026-03-10T00:00:00.001Z", False),
        ({"between": ["now/M", "now/d"]}, "2026-03-10T00:00:00.001Z", False),
    ],
)
def test_every_operator_rounds_down(operators: dict[str, Any], value: str, expected: bool) -> None:
    """The start of today is an instant, so later instants of that day are not included."""
    assert holds({"property": "when", **operators}, {"when": value}, when="datetime") is expected


WHOLE_DAYS: list[tuple[dict[str, Any], str, bool]] = [
    ({"eq": "2026-03-10"}, "2026-03-09T23:00:00Z", True),
    ({"eq": "2026-03-10"}, "2026-03-09T22:59:59.999Z", False),
    ({"eq": "2026-03-10"}, "2026-03-10T22:59:59.999Z", True),
    ({"lte": "2026-03-10"}, "2026-03-10T22:59:59.999Z", True),
    ({"lte": "2026-03-10"}, "2026-03-10T23:00:00Z", False),
    ({"lt": "2026-03-10"}, "2026-03-09T22:59:59.999Z", True),
    ({"lt": "2026-03-10"}, "2026-03-09T23:00:00Z", False),
    ({"after": "2026-03-10"}, "2026-03-10T22:59:59.999Z", False),
    ({"after": "2026-03-10"}, "2026-03-10T23:00:00Z", True),
    ({"gt": "2026-03-10"}, "2026-03-10T23:00:00Z", True),
    ({"gte": "2026-03-10"}, "2026-03-09T23:00:00Z", True),
    ({"before": "2026-03-10"}, "2026-03-09T23:00:00Z", False),
    ({"between": ["2026-03-10", "2026-03-11"]}, "2026-03-11T22:59:59.999Z", True),
    ({"between": ["2026-03-10", "2026-03-11"]}, "2026-03-11T23:00:00Z", False),
]


@pytest.mark.parametrize(("operators", "value", "expected"), WHOLE_DAYS)
def test_a_calendar_date_set_against_an_instant_is_the_whole_day_in_the_zone(
    operators: dict[str, Any], value: str, expected: bool
) -> None:
    leaf = {"property": "when", **operators}
    assert holds(leaf, {"when": value}, zone="Europe/Berlin", when="datetime") is expected


@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"eq": "2026-03-10"}, "2026-03-10", True),
        ({"gt": "2026-03-10"}, "2026-03-10", False),
        ({"gt": "2026-03-10"}, "2026-03-11", True),
        ({"lte": "2026-03-10"}, "2026-03-10", True),
        ({"lt": "2026-03-10"}, "2026-03-09", True),
        ({"eq": "now/d"}, "2026-03-10", True),
        ({"eq": "now/d"}, "2026-03-11", False),
        ({"eq": "2026-03-31||-1M"}, "2026-02-28", True),
        ({"in": ["2026-03-31||-1M"]}, "2026-03-01", False),
        ({"gte": "now/w-1w"}, "2026-03-02", True),
        ({"gte": "now/w-1w"}, "2026-03-01", False),
        ({"eq": "now/M"}, "2026-03-01", True),
        ({"eq": "now/y"}, "2026-01-01", True),
    ],
)
def test_calendar_dates_compare_as_days(operators: dict[str, Any], value: str, expected: bool) -> None:
    leaf = {"property": "when", **operators}
    assert holds(leaf, {"when": value}, zone="America/New_York", when="date") is expected


def test_a_date_property_counts_from_its_local_midnight_plus_fixed_lengths() -> None:
    leaf = {"property": "born", "older_than": "1d"}
    midnight = instant_ms("2026-03-28T23:00:00Z")
    for zone_day in ({"born": "2026-03-29"},):  # the day on which Berlin's clocks go forward has 23 hours
        assert due(leaf, zone_day, midnight, "Europe/Berlin", born="date") == midnight + DAY
        assert not holds(leaf, zone_day, midnight + DAY - 1, "Europe/Berlin", born="date")
        assert holds(leaf, zone_day, midnight + DAY, "Europe/Berlin", born="date")


def test_an_undeclared_text_that_is_a_date_is_one_to_date_operators() -> None:
    assert holds({"property": "when", "older_than": "1d"}, {"when": "2026-03-01"})
    assert holds({"property": "when", "gt": "2026-02-01"}, {"when": "2026-03-01T00:00:00+02:00"})
    assert not holds({"property": "when", "older_than": "1d"}, {"when": "a while ago"})
    assert not holds({"property": "when", "gt": "2026-02-01"}, {"when": "9"})
    assert not holds({"property": "when", "lt": "now"}, {"when": 5})
    assert holds({"property": "when", "eq": "2026-03-01"}, {"when": "2026-03-01T00:00:00Z"})


def test_the_contacts_zone_is_used_where_it_is_set_and_valid() -> None:
    leaf = {"property": "when", "eq": "2026-03-10", "in_zone": "contact"}
    tokyo = {"when": "2026-03-09T15:00:00Z", "time_zone": "Asia/Tokyo"}
    assert holds(leaf, tokyo, zone="Europe/Berlin", when="datetime")
    for broken in ("Mars/Olympus", "", "../etc", 5, None):
        assert not holds(leaf, {**tokyo, "time_zone": broken}, zone="Europe/Berlin", when="datetime")
        day_of_berlin = {"when": "2026-03-09T23:30:00Z", "time_zone": broken}
        assert holds(leaf, day_of_berlin, zone="Europe/Berlin", when="datetime")
    assert compile_dict(leaf, when="datetime").properties == {"when", "time_zone"}
    assert compile_dict({"property": "when", "eq": "2026-03-10"}, when="datetime").properties == {"when"}


def test_an_item_may_speak_in_the_contacts_zone() -> None:
    due_today = {"gte": "now/d", "lt": "now+1d/d", "in_zone": "contact"}
    leaf = {"property": "orders", "has_item": {"due": due_today}}
    orders = {"orders": [{"due": "2026-03-11"}], "time_zone": "Asia/Tokyo"}
    midnight = instant_ms("2026-03-10T15:00:00Z")
    assert not holds(leaf, orders, midnight - 1)
    assert due(leaf, orders, midnight - 1) == midnight
    assert holds(leaf, orders, midnight)
    assert not holds(leaf, {"orders": orders["orders"]}, midnight)
    assert compile_dict(leaf).properties == {"orders", "time_zone"}


def test_one_item_may_use_both_zones() -> None:
    leaf = {
        "property": "orders",
        "has_item": {"due": {"gte": "now/d", "in_zone": "contact"}, "sent": {"gte": "now/d"}},
    }
    order = {"due": "2026-03-11", "sent": "2026-03-10"}
    properties = {"orders": [order], "time_zone": "Asia/Tokyo"}
    assert holds(leaf, properties, instant_ms("2026-03-10T15:00:00Z"))
    assert due(leaf, properties, instant_ms("2026-03-10T15:00:00Z")) == instant_ms("2026-03-11T00:00:00Z")
    assert not holds(leaf, properties, instant_ms("2026-03-11T00:00:00Z"))


@pytest.mark.parametrize("inside", [{"due": {"gte": "now/d"}}, {"parts": {"has_item": {"due": {"gte": "now/d"}}}}])
@pytest.mark.parametrize("whose", ["contact", "account"])
def test_a_zone_beside_has_item_would_have_no_effect_and_is_refused(inside: dict[str, Any], whose: str) -> None:
    with pytest.raises(ConditionRefused, match="inside"):
        compile_dict({"property": "orders", "has_item": inside, "in_zone": whose})
    with pytest.raises(ConditionRefused) as refused:
        compile_dict({"property": "orders", "has_item": {"lines": {"has_item": inside, "in_zone": whose}}})
    assert refused.value.path == ("has_item", "lines", "in_zone")


def test_a_local_time_left_out_shifts_forward_and_of_a_doubled_one_the_first_is_meant() -> None:
    leaf = {"property": "when", "eq": "now-1d"}
    in_gap = {"when": "2026-03-29T01:30:00Z"}  # 02:30 does not exist in Berlin that day and means 03:30
    assert holds(leaf, in_gap, instant_ms("2026-03-30T00:30:00Z"), "Europe/Berlin", when="datetime")
    doubled = {"when": "2026-10-25T00:30:00Z"}  # the first of two 02:30
    assert holds(leaf, doubled, instant_ms("2026-10-26T01:30:00Z"), "Europe/Berlin", when="datetime")


def test_a_day_that_begins_in_a_gap_begins_after_it() -> None:
    leaf = {"property": "when", "gte": "2018-11-04"}
    for value, expected in (("2018-11-04T03:00:00Z", True), ("2018-11-04T02:59:59.999Z", False)):
        assert holds(leaf, {"when": value}, zone="America/Sao_Paulo", when="datetime") is expected


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("now-7d", "2026-04-01T10:00:00Z", "2026-03-25T11:00:00Z"),  # the same time on Berlin's clocks
        ("now-168h", "2026-04-01T10:00:00Z", "2026-03-25T10:00:00Z"),  # fixed hours
        ("now/d", "2026-04-01T21:59:00Z", "2026-03-31T22:00:00Z"),
        ("now/d", "2026-04-01T22:00:00Z", "2026-04-01T22:00:00Z"),
        ("now/w", "2026-04-05T21:59:00Z", "2026-03-29T22:00:00Z"),
        ("now/w-1w", "2026-04-05T21:59:00Z", "2026-03-22T23:00:00Z"),
        ("now-1M", "2026-03-31T10:00:00Z", "2026-02-28T11:00:00Z"),
        ("now-1M/M", "2026-03-31T10:00:00Z", "2026-01-31T23:00:00Z"),
        ("now+1M-1d", "2026-01-31T10:00:00Z", "2026-02-27T10:00:00Z"),
        ("now-1d+1M", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
        ("now/y+1y", "2026-07-01T10:00:00Z", "2026-12-31T23:00:00Z"),
        ("now/h", "2026-07-01T10:59:59.999Z", "2026-07-01T10:00:00Z"),
        ("now/m-30s", "2026-07-01T10:59:59.999Z", "2026-07-01T10:58:30Z"),
        ("now/s+5ms", "2026-07-01T10:59:59.999Z", "2026-07-01T10:59:59.005Z"),
        ("2028-02-29||+1y", "2026-07-01T00:00:00Z", "2029-02-27T23:00:00Z"),
        ("2026-03-01T00:00:00Z||+1M", "2026-07-01T00:00:00Z", "2026-03-31T23:00:00Z"),
    ],
)
def test_date_arithmetic_in_berlin(text: str, now: str, expected: str) -> None:
    leaf = {"property": "when", "eq": text}
    assert holds(leaf, {"when": expected}, instant_ms(now), "Europe/Berlin", when="datetime")


@pytest.mark.parametrize(
    "text", ["", "soon", "now-", "now-7", "now-7x", "now/D", "now7d", "2026-13-01", "2026-03-01||7d", "2026-03-01-1d"]
)
def test_what_is_no_date_value_is_refused(text: str) -> None:
    with pytest.raises(ConditionRefused, match="date value"):
        compile_dict({"property": "when", "before": text})


@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"eq": "2026-03-31||-1M"}, "2026-02-28T22:59:59.999Z", True),
        ({"eq": "2026-03-31||-1M"}, "2026-02-28T23:00:00Z", False),
        ({"lte": "2026-03-31||/M"}, "2026-03-01T22:59:59.999Z", True),
        ({"after": "2026-03-31||-1w"}, "2026-03-24T22:59:59.999Z", False),
        ({"eq": "2026-03-31||-24h"}, "2026-03-29T22:00:00Z", True),
        ({"eq": "2026-03-31||-24h"}, "2026-03-29T22:00:00.001Z", False),
    ],
)
def test_a_calendar_date_moved_by_calendar_units_is_the_whole_day(
    operators: dict[str, Any], value: str, expected: bool
) -> None:
    leaf = {"property": "when", **operators}
    assert holds(leaf, {"when": value}, zone="Europe/Berlin", when="datetime") is expected


@pytest.mark.parametrize(
    ("value", "passed"),
    [
        ("2026-03-28T12:00:00Z", "2026-03-29T11:00:00.001Z"),  # the day has 23 hours
        ("2026-10-24T12:00:00Z", "2026-10-25T13:00:00.001Z"),  # and this one 25
    ],
)
def test_a_relative_bound_is_due_in_time_across_a_clock_change(value: str, passed: str) -> None:
    leaf, properties = {"property": "when", "gte": "now-1d"}, {"when": value}
    now: int | None = instant_ms(value)
    while now is not None and holds(leaf, properties, now, "Europe/Berlin", when="datetime"):
        now = due(leaf, properties, now, "Europe/Berlin", when="datetime")
    assert now == instant_ms(passed)


ANNIVERSARIES: list[tuple[str, str, str, bool]] = [
    ("1990-03-10", "3d", AT, True),
    ("1990-03-13", "3d", AT, True),
    ("1990-03-14", "3d", AT, False),
    ("1990-03-09", "3d", AT, False),
    ("1990-03-10", "12h", AT, True),
    ("1990-03-11", "12h", AT, False),
    ("1990-01-02", "7d", "2026-12-30T12:00:00Z", True),
    ("2000-02-29", "1d", "2026-02-27T12:00:00Z", True),
    ("2000-02-29", "0s", "2026-02-28T12:00:00Z", True),
    ("2000-02-29", "0s", "2028-02-28T12:00:00Z", False),
    ("2000-02-29", "0s", "2028-02-29T12:00:00Z", True),
    ("1990-03-11", "0s", "2026-03-10T23:30:00Z", True),
]


@pytest.mark.parametrize(("born", "length", "now", "expected"), ANNIVERSARIES)
def test_anniversaries_look_ahead_in_calendar_days_today_included(
    born: str, length: str, now: str, expected: bool
) -> None:
    leaf = {"property": "born", "anniversary_within": length}
    assert holds(leaf, {"born": born}, instant_ms(now), "Europe/Berlin", born="date") is expected


def test_an_anniversary_changes_at_local_midnights() -> None:
    leaf, properties = {"property": "born", "anniversary_within": "3d"}, {"born": "1990-03-14"}
    first = instant_ms("2026-03-10T23:00:00Z")
    last = instant_ms("2026-03-14T23:00:00Z")
    assert due(leaf, properties, NOW, "Europe/Berlin", born="date") == first
    assert holds(leaf, properties, first, "Europe/Berlin", born="date")
    assert due(leaf, properties, first, "Europe/Berlin", born="date") == last
    assert holds(leaf, properties, last - 1, "Europe/Berlin", born="date")
    assert not holds(leaf, properties, last, "Europe/Berlin", born="date")


def test_the_day_of_an_anniversary_comes_back_where_clocks_go_back_behind_midnight() -> None:
    leaf, properties = {"property": "born", "anniversary_within": "0d"}, {"born": "1990-10-28"}
    zone = "America/St_Johns"
    midnight, back, midnight_again = (instant_ms(f"2006-10-29T{at}Z") for at in ("02:30:00", "02:31:00", "03:30:00"))
    now = midnight - 1
    for turn in (midnight, back, midnight_again):
        assert due(leaf, properties, now, zone, born="date") == turn
        assert holds(leaf, properties, turn, zone, born="date") is (turn == back)
        now = turn
    assert due(leaf, properties, now, zone, born="date") == instant_ms("2007-10-28T02:30:00Z")


@pytest.mark.parametrize("declared", ["date", "datetime", None])
@pytest.mark.parametrize(
    "value", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_the_ends_of_the_calendar_break_nothing(value: str, declared: PropertyType | None) -> None:
    types: dict[str, Any] = {} if declared is None else {"when": declared}
    for operators in (
        {"gt": "now-1899y"},
        {"lt": "now+350000w"},
        {"lte": "9999-12-31"},
        {"gte": "0001-01-01"},
        {"anniversary_within": "1d"},
        {"older_than": "9999999w"},
        {"between": ["now/y-20000M", "9999-12-31||/y"]},
    ):
        node = compile_dict({"property": "when", **operators}, "Pacific/Apia", **types).node
        person = contact(properties={"when": value})
        assert node.holds(evaluation_context(person)) in (True, False)
        later = node.due(evaluation_context(person))
        assert later is None or later > NOW
