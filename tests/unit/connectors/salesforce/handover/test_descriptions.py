"""Objects are described once in ten minutes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from connectors.salesforce.handover.descriptions import DescriptionCache, FieldDescription, spelling_hint
from connectors.salesforce.org.client import OrgClient

DOCUMENT: dict[str, Any] = {
    "name": "Employees__c",
    "type": "int",
    "length": 0,
    "digits": 8,
    "precision": 0,
    "scale": 0,
    "createable": True,
    "updateable": False,
    "nillable": False,
    "defaultedOnCreate": False,
    "picklistValues": [{"value": "A", "active": True}, {"value": "B", "active": False}],
    "restrictedPicklist": True,
}


class CountingOrg:
    def __init__(self) -> None:
        self.described: list[str] = []

    def describe(self, sobject: str) -> dict[str, Any]:
        self.described.append(sobject)
        return {"fields": [DOCUMENT]}


def test_a_description_is_kept_for_ten_minutes_or_until_it_is_forgotten() -> None:
    org, now = CountingOrg(), [0.0]
    cache = DescriptionCache(cast("OrgClient", org), lambda: now[0])
    assert cache.get("Lead") is cache.get("Lead")
    assert cache.get("Contact")["Employees__c"].precision == 8
    now[0] = 601.0
    cache.get("Lead")
    cache.forget()
    cache.get("Lead")
    assert org.described == ["Lead", "Contact", "Lead", "Lead"]


def test_a_description_expires_half_a_minute_after_it_was_read() -> None:
    org, now = CountingOrg(), [0.0]
    cache = DescriptionCache(cast("OrgClient", org), lambda: now[0])
    for now[0] in (100.0, 129.0, 130.0):
        cache.get("Lead")
        cache.expire()
    cache.get("Lead")
    assert org.described == ["Lead", "Lead"]


def test_a_field_says_what_may_be_written() -> None:
    field = FieldDescription.from_document(DOCUMENT)
    assert (field.required, field.updateable, field.values, field.restricted) == (True, False, ("A",), True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("company", " (there is Company)"), ("Compny", " (there is Company)"), ("Plan__c", "")],
)
def test_of_a_field_that_is_not_there_the_one_is_named_that_may_be_meant(name: str, hint: str) -> None:
    assert spelling_hint(name, {each: FieldDescription(each) for each in ("LastName", "Company")}) == hint
