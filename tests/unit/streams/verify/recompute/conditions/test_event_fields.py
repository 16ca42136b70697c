"""Which value a field of a filter has in one event: its own, a part of its address, or a property."""

from __future__ import annotations

from typing import Any

import pytest

from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.conditions.event_fields import field_value
from streams.verify.recompute.model import ContactModel, HistoryActivity


def form(properties: dict[str, Any], **fields: Any) -> HistoryActivity:
    return HistoryActivity(0, {"name": "form", **fields, "properties": properties}, "form", is_visit=False)


def visit(properties: dict[str, Any], **fields: Any) -> HistoryActivity:
    return HistoryActivity(0, {**fields, "properties": properties})


def value(event: HistoryActivity, key: str, version: int = 4) -> Any:
    return field_value(event, key, version)


@pytest.mark.parametrize("name", ["title", "url", "referrer", "campaign"])
def test_the_property_is_meant_where_the_event_has_no_such_field(name: str) -> None:
    assert value(form({name: "Demo"}), name) == "Demo"
    assert value(visit({name: "Demo"}), name) == "Demo"
    assert value(visit({name: "Demo"}, **{name: "Own"}), name) == "Own"
    assert value(visit({name: "Demo"}, **{name: ""}), name) == ""
    assert value(visit({}), name) is None


def test_the_field_is_decided_for_each_event() -> None:
    model = ContactModel(activities=[form({"title": "Demo"}), visit({"title": "Demo"}, title="Home")])
    assert holds({"activity": {"title": {"eq": "Demo"}}, "count": {"eq": 1}}, model, 0)
    assert holds({"activity": {"title": {"eq": "Home"}}, "count": {"eq": 1}}, model, 0)


def test_a_part_of_the_address_is_one_of_the_address_so_found() -> None:
    event = form({"url": "https://acme.example/b?x=1", "path": "/other", "host": "other"})
    assert (value(event, "path"), value(event, "host"), value(event, "query.x")) == ("/b", "acme.example", "1")
    own = visit({"url": "https://acme.example/b"}, url="https://www.example.com/a")
    assert (value(own, "path"), value(own, "host")) == ("/a", "www.example.com")
    assert value(form({"path": "/other"}), "path") is None
    assert value(form({"url": 5}), "path") is None
    assert value(form({"url": "http://[x"}), "host") is None


def test_a_visit_is_called_visit_unless_it_brings_a_name() -> None:
    assert value(visit({"name": "Ada"}), "name") == "visit"
    assert value(form({"name": "Ada"}), "name") == "form"


def test_a_dot_leads_into_objects_where_no_property_has_that_literal_name() -> None:
    nested = {"a": {"b": {"c": 1}, "b.c": 2}, "x": "text"}
    assert value(form(nested), "a.b") == {"c": 1}
    assert value(form(nested), "a.b.c") == 1
    assert value(form({**nested, "a.b": "literal"}), "a.b") == "literal"
    assert value(form({**nested, "a.b": None}), "a.b") is None
    assert value(form({**nested, "a.b": "literal"}), "a.b.c") == 1
    for missing in ("a.x", "x.y", "a.b.c.d", "a..b"):
        assert value(form(nested), missing) is None
    assert value(form({"title": {"de": "Start"}}), "title.de") == "Start"


def test_before_version_4_properties_hide_behind_the_names_of_fields() -> None:
    event = form({"title": "Demo", "url": "https://acme.example/b", "a": {"b": 1}, "a.c": 2})
    for key in ("title", "url", "path", "a.b"):
        assert value(event, key, version=3) is None
        assert value(event, key) is not None
    assert value(event, "a.c", version=3) == 2
