"""Dates at both ends of the calendar, used for "always" and "never": exact, also when recomputed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions import PropertyType
from schemas.values import instant_ms, instant_text
from streams.engine.conditions.dates.date_bounds import parse_date_value
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.validation import validate_definitions
from streams.verify.recompute.conditions.properties import apply_patch
from tests.harness.engine.conditions import NOW, holds
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.engine.reference_evaluator import ContactModel
from tests.harness.engine.reference_evaluator import holds as naive_holds

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"]

ENDS: list[tuple[dict[str, Any], str, bool]] = [
    ({"before": "2000-01-01"}, "0001-01-01", True),
    ({"after": "2000-01-01"}, "0001-01-01", False),
    ({"eq": "0001-01-01"}, "0001-01-01", True),
    ({"ne": "0001-01-01"}, "0001-01-02", True),
    ({"in": ["0001-01-01"]}, "0001-01-02", False),
    ({"gte": "0001-01-01"}, "0001-01-01", True),
    ({"lt": "0001-01-02"}, "0001-01-01", True),
    ({"older_than": "1d"}, "0001-01-01", True),
    ({"lte": "9999-12-31"}, "9999-12-31", True),
    ({"gt": "9999-12-31"}, "9999-12-31", False),
    ({"gt": "9999-12-30"}, "9999-12-31", True),
    ({"eq": "9999-12-31"}, "9999-12-31", True),
    ({"in": ["9999-12-31"]}, "9999-12-31", True),
    ({"eq": "9999-12-30"}, "9999-12-31", False),
    ({"between": ["9999-01-01", "9999-12-31"]}, "9999-12-31", True),
    ({"before": "9999-12-31||-1d"}, "9999-12-30", False),
    ({"before": "9999-12-30||+1d"}, "9999-12-30", True),
    ({"eq": "9999-12-31||/M"}, "9999-12-01", True),
    ({"eq": "9999-12-31||/y"}, "9999-01-01", True),
    ({"eq": "0001-01-03||/w"}, "0001-01-01", True),
    ({"eq": "0001-01-01||+9998y"}, "9999-01-01", True),
    ({"within_next": "7d"}, "9999-12-31", False),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("declared", ["date", None])
@pytest.mark.parametrize(("operators", "value", "expected"), ENDS)
def test_dates_near_the_ends_compare_like_any_other(
    operators: dict[str, Any], value: str, expected: bool, declared: PropertyType | None, zone: str
) -> None:
    leaf = {"property": "when", **operators}
    types: dict[str, Any] = {} if declared is None else {"when": declared}
    assert holds(leaf, {"when": value}, NOW, zone, **types) is expected
    assert naive_holds(leaf, ContactModel({"when": value}, dict(types), zone=zone), NOW) is expected


@pytest.mark.parametrize("value", ["0001-07-10", "9999-07-10"])
@pytest.mark.parametrize("zone", ZONES)
def test_an_anniversary_is_that_of_the_day_however_far_its_year(value: str, zone: str) -> None:
    leaf = {"property": "when", "anniversary_within": "1d"}
    for now, expected in (("2026-07-10T09:00:00Z", True), ("2026-01-01T09:00:00Z", False)):
        world = ContactModel({"when": value}, {"when": "date"}, zone=zone)
        assert holds(leaf, {"when": value}, instant_ms(now), zone, when="date") is expected
        assert naive_holds(leaf, world, instant_ms(now)) is expected


def test_summer_is_summer_in_the_last_year_too() -> None:
    leaf = {"property": "when", "eq": "9999-07-01"}
    for at, expected in (("9999-06-30T22:00:00Z", True), ("9999-06-30T21:59:59.999Z", False)):
        assert holds(leaf, {"when": at}, NOW, "Europe/Berlin", when="datetime") is expected
        assert (
            naive_holds(leaf, ContactModel({"when": at}, {"when": "datetime"}, zone="Europe/Berlin"), NOW) is expected
        )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "9999-12-31||+1d",
            "0001-01-01||-1M",
            "9999-12-31T23:59:59Z||+1s",
            "2026-03-10||-9999y",
            "0001-01-02||-2d+1d",
            "0001-01-01T00:00:00+14:00",
        ),
        *("now-800000d", "now-2000y", "now+7000y", "now+999999999d/d", "now-1500y-1500y", "now-999999999h"),
    ],
)
@pytest.mark.parametrize("operator", ["eq", "not_in", "before", "gte"])
def test_a_date_that_leaves_the_calendar_is_refused(text: str, operator: str) -> None:
    with pytest.raises(ConditionRefused, match="leaves the calendar, which has the years 1 to 9999"):
        parse_date_value(text)
    leaf = {"property": "when", operator: [text] if operator == "not_in" else text}
    checked = validate_definitions({"segments": [{"id": "s", "dynamic": True, "when": leaf}]})
    assert [problem.path[-1] for problem in checked.problems] == [operator]
    assert "leaves the calendar" in checked.problems[0].message


@pytest.mark.parametrize("text", ["now-1899y", "now-1000y", "now+6999y", "now-1500y+1500y", "9999-12-31||+23h"])
def test_a_date_that_never_leaves_the_calendar_is_accepted(text: str) -> None:
    early, late = instant_ms("1900-01-01T00:00:00Z"), instant_ms("2999-12-31T23:59:59.999Z")
    value = parse_date_value(text)
    first, last = instant_ms("0001-01-01T00:00:00Z"), instant_ms("9999-12-31T23:59:59.999Z")
    from schemas.time_zones import UTC

    assert first <= value.start.resolve(early, UTC) <= value.start.resolve(late, UTC) <= last


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59.5Z", "9999-12-31T23:59:59.999Z"])
def test_an_instant_of_any_year_is_written_so_that_it_can_be_read(text: str) -> None:
    assert instant_ms(instant_text(instant_ms(text))) == instant_ms(text)


def test_a_datetime_of_the_first_year_is_stored() -> None:
    segment = {"id": "s", "dynamic": True, "when": {"property": "seen", "lt": "2000-01-01"}}
    story = EngineDriver(properties={"seen": "datetime"}, segments=[segment])
    story.change_contact(day(0), seen="0001-01-01T00:00:00Z")
    assert story.members() == ["s"]


@pytest.mark.parametrize(
    "value", ["9999-12-31T23:59:59.999-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:60Z"]
)
def test_an_instant_beyond_the_calendar_is_refused_and_ignored_when_recomputed(value: str) -> None:
    story = EngineDriver(properties={"seen": "datetime"})
    story.change_contact(day(0), seen="2026-03-10T12:00:00.000Z")
    story.change_contact(day(1), seen=value)
    assert story.refused == ["wrong_property_type"]
    properties = apply_patch({"seen": "2026-03-10T12:00:00.000Z"}, {"seen": value}, {"seen": "datetime"})
    assert properties == story.contact().properties == {"seen": "2026-03-10T12:00:00.000Z"}
