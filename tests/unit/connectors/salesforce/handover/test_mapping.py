"""Properties are mapped to the fields of a Lead."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.handover.mapping import lead_values
from schemas.definitions import LeadField


@pytest.mark.parametrize(
    ("source", "properties", "values"),
    [
        (LeadField(property="email"), {"email": "a@b.example"}, {"F": "a@b.example"}),
        (LeadField(property="email"), {}, {}),
        (LeadField(property="company", default="-"), {"company": ""}, {"F": "-"}),
        (LeadField(property="vip", default=True), {"vip": False}, {"F": False}),
        (LeadField(property="size", default=9), {"size": 0}, {"F": 0}),
        (LeadField(value="Web"), {"x": 1}, {"F": "Web"}),
        (LeadField(property="tags"), {"tags": ["a", "b"]}, {"F": "a;b"}),
        (LeadField(property="shop"), {"shop": {"b": 1, "a": "ü"}}, {"F": '{"a": "ü", "b": 1}'}),
    ],
)
def test_a_field_takes_its_property_its_default_or_its_value(
    source: LeadField, properties: dict[str, Any], values: dict[str, Any]
) -> None:
    assert lead_values({"F": source}, properties) == values
