"""All filters of a leaf test the same event."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Activity
from tests.harness.engine.conditions import NOW, activity, compile_dict, compile_for, visit

URL = "https://Shop.Acme.example:8443/Pricing/pro;v=1?plan=Pro%20Max&plan=basic&empty=&n=5#top"


def matches(fields: dict[str, Any], happening: Activity, subject: str = "activity") -> bool:
    (counter,) = compile_dict({subject: fields}).counters
    return counter.matches(happening)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"url": {"eq": URL}}, True),
        ({"url": {"contains": "#top"}}, True),
        ({"path": {"eq": "/pricing/pro;v=1"}}, True),
        ({"path": {"starts_with": "/pricing", "case_sensitive": True}}, False),
        ({"path": {"contains": "plan"}}, False),
        ({"host": {"eq": "shop.acme.example"}}, True),
        ({"host": {"ends_with": ".acme.example"}}, True),
        ({"query.plan": {"eq": "pro max"}}, True),
        ({"query.plan": {"eq": "basic"}}, False),
        ({"query.empty": {"empty": True}}, True),
        ({"query.empty": {"exists": True}}, True),
        ({"query.none": {"exists": False}}, True),
        ({"query.n": {"eq": "5"}}, True),
        ({"title": {"starts_with": "our"}}, True),
        ({"referrer": {"exists": False}}, True),
        ({"campaign": {"eq": "spring"}}, True),
        ({"name": {"eq": "visit"}}, True),
        ({"size": {"gte": 5}}, True),
        ({"size": {"gt": 5}}, False),
        ({"missing": {"ne": "x"}}, True),
        ({"path": {"starts_with": "/pricing"}, "size": {"gt": 5}}, False),
        ({"path": {"starts_with": "/pricing"}, "size": {"eq": 5}}, True),
        ({"items": {"has_item": {"sku": {"eq": "a"}, "n": {"gte": 2}}}}, True),
        ({"items": {"has_item": {"sku": {"eq": "a"}, "n": {"gte": 3}}}}, False),
    ],
)
def test_every_field_of_an_event(fields: dict[str, Any], expected: bool) -> None:
    properties = {"size": 5, "items": [{"sku": "A", "n": 2}, {"sku": "b", "n": 3}]}
    event = visit(NOW, URL, title="Our prices", campaign="spring", properties=properties)
    assert matches(fields, event) is expected


@pytest.mark.parametrize(
    ("url", "path", "host"),
    [
        ("https://acme.example", "/", "acme.example"),
        ("https://acme.example?x=1", "/", "acme.example"),
        ("/pricing?x=1", "/pricing", None),
        ("https://[broken", None, None),
        ("", None, None),
        ("https://acme.example/" + "a" * 5_000, "/" + "a" * 5_000, "acme.example"),
    ],
)
def test_addresses_of_all_kinds(url: str, path: str | None, host: str | None) -> None:
    for field, expected in (("path", path), ("host", host)):
        operators = {"exists": False} if expected is None else {"eq": expected}
        assert matches({field: operators}, visit(NOW, url))


def test_an_event_without_address_or_properties_has_none() -> None:
    bare = Activity(NOW, "call", False, {})
    for field in ("url", "path", "host", "query.x", "title", "anything"):
        assert matches({field: {"exists": False}}, bare)
    assert matches({"name": {"eq": "CALL"}}, bare)


def test_a_visit_may_have_a_name_of_its_own() -> None:
    assert matches({"name": {"eq": "video"}}, Activity(NOW, "video", True, {}), "visit")


@pytest.mark.parametrize("field", ["url", "title", "referrer", "campaign"])
def test_a_field_is_the_events_own_where_it_is_there_else_the_property(field: str) -> None:
    """It is decided for each event, of visits and of other activities alike."""
    leaf = {field: {"eq": "own"}}
    for is_visit in (True, False):
        own = Activity(NOW, "form", is_visit, {field: "own", "properties": {field: "given"}})
        given = Activity(NOW, "form", is_visit, {"properties": {field: "own"}})
        other = Activity(NOW, "form", is_visit, {field: "", "properties": {field: "own"}})
        assert [matches(leaf, event) for event in (own, given, other)] == [True, True, False]


def test_path_host_and_query_are_parts_of_the_url_so_found() -> None:
    fields = {"path": {"eq": "/demo"}, "host": {"eq": "acme.example"}, "query.plan": {"eq": "pro"}}
    url = "https://acme.example/demo?plan=pro"
    assert matches(fields, activity(NOW, "click", url=url))
    assert not matches(fields, Activity(NOW, "click", False, {"url": "/", "properties": {"url": url}}))
    parts = {"path": "/demo", "host": "acme.example", "query.plan": "pro"}
    for field, value in parts.items():
        assert matches({field: {"exists": False}}, activity(NOW, "click", **{field: value}))
        assert matches({field: {"exists": False}}, activity(NOW, "click", url=5))


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"cart": {"item": {"sku": "A"}}}, True),
        ({"cart.item.sku": "A"}, True),
        ({"cart.item.sku": "B", "cart": {"item": {"sku": "A"}}}, False),
        ({"cart.item.sku": None, "cart": {"item": {"sku": "A"}}}, False),
        ({"cart": {"item.sku": "A"}}, False),
        ({"cart": [{"item": {"sku": "A"}}]}, False),
        ({"cart": {"item": "A"}}, False),
        ({"cart": None}, False),
        ({}, False),
    ],
)
def test_a_name_with_dots_leads_into_objects_where_no_property_has_it(
    properties: dict[str, Any], expected: bool
) -> None:
    event = activity(NOW, "checkout", **properties)
    assert matches({"cart.item.sku": {"eq": "A"}}, event) is expected
    assert matches({"cart.item.sku": {"exists": False}}, event) is (not expected and "B" not in properties.values())


def test_an_event_always_has_a_name_of_its_own() -> None:
    assert matches({"name": {"eq": "form"}}, Activity(NOW, "form", False, {"properties": {"name": "other"}}))
    assert matches({"name": {"eq": "visit"}}, visit(NOW, properties={"name": "shoe"}))


@pytest.mark.parametrize(
    ("fields", "happening"),
    [
        ({"title": {"eq": "Demo"}}, activity(NOW, "form", title="Demo")),
        ({"path": {"eq": "/demo"}}, activity(NOW, "form", url="/demo")),
        ({"cart.sku": {"eq": "A"}}, activity(NOW, "form", cart={"sku": "A"})),
    ],
)
def test_version_3_looks_at_the_events_own_fields_only(fields: dict[str, Any], happening: Activity) -> None:
    counters = [compile_for(version, {"activity": fields}).counters[0] for version in (3, 4)]
    assert [counter.matches(happening) for counter in counters] == [False, True]


@pytest.mark.parametrize(
    "fields", [{"path": {"gte": 5}}, {"query.n": {"gte": 5}}, {"title": {"contains_any": ["a"]}}]
)
def test_fields_that_version_3_takes_as_declared_text_are_undeclared_now(fields: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused):
        compile_for(3, {"visit": fields})
    assert compile_for(4, {"visit": fields}).counters


def test_date_operators_are_evaluated_at_the_instant_of_the_event() -> None:
    booked = activity(NOW, "booking", starts="2026-03-12T00:00:00Z")
    assert matches({"starts": {"within_next": "2d"}}, booked)
    assert not matches({"starts": {"within_next": "1d"}}, booked)


def test_a_calendar_date_in_a_filter_is_a_day_of_the_accounts_zone() -> None:
    leaf = {"activity": {"starts": {"gte": "2026-03-12"}}}
    booked = activity(NOW, "booking", starts="2026-03-11T23:30:00Z")
    assert compile_dict(leaf, "Europe/Berlin").counters[0].matches(booked)
    assert not compile_dict(leaf, "UTC").counters[0].matches(booked)
    keys = {compile_dict(leaf, zone).counters[0].key for zone in ("Europe/Berlin", "UTC")}
    assert len(keys) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"path": {}},
        {"path": {"matches": "("}},
        {"starts": {"before": "now", "in_zone": "contact"}},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused) as refused:
        compile_dict({"any": [{"visit": fields}]})
    assert refused.value.path[:4] == ("any", 0, "visit", next(iter(fields)))


IN_THEIR_ZONE = {"before": "now/d", "in_zone": "contact"}


@pytest.mark.parametrize(
    ("leaf", "where"),
    [
        ({"visit": {"d": IN_THEIR_ZONE}}, ("visit", "d")),
        ({"activity": {"o": {"has_item": {"d": IN_THEIR_ZONE}}}}, ("activity", "o", "has_item", "d")),
        (
            {"visit": {"o": {"has_item": {"k": {"eq": 1}, "p": {"has_item": {"d": IN_THEIR_ZONE}}}}}},
            ("visit", "o", "has_item", "p", "has_item", "d"),
        ),
        ({"visit": {}, "last": {"o": {"has_item": {"d": IN_THEIR_ZONE}}}}, ("last", "o", "has_item", "d")),
        (
            {"sequence": [{"visit": {}}, {"activity": {"o": {"has_item": {"d": IN_THEIR_ZONE}}}}], "within": "7d"},
            ("sequence", 1, "activity", "o", "has_item", "d"),
        ),
    ],
)
def test_a_filter_never_uses_the_contacts_zone(leaf: dict[str, Any], where: tuple[str | int, ...]) -> None:
    with pytest.raises(ConditionRefused, match="cannot be contact in a filter") as refused:
        compile_dict(leaf)
    assert refused.value.path == (*where, "in_zone")
