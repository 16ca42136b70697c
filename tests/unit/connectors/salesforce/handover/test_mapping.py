"""The mapping of an account: what its fields are, and why none can be written."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.handover.descriptions import FieldDescription, ObjectDescription
from connectors.salesforce.handover.mapping import (
    DEFAULT_LEAD_FIELDS,
    lead_fields_of,
    mapped_fields,
    misfits,
    update_fields_of,
)
from connectors.salesforce.org.connection import Connection
from schemas.definitions import Salesforce

ORG = Connection("acme.my", "id", "secret")
LEAD: ObjectDescription = {
    each.name: each
    for each in (
        FieldDescription("LastName", required=True),
        FieldDescription("Email", "email"),
        FieldDescription("Spot__c", "location"),
        FieldDescription("IsConverted", "boolean", createable=False, updateable=False),
    )
}
UPDATES = [
    {"on": "lead.rejected", "fields": {"Status": {"value": "No"}, "Rating": {"value": "Cold"}}},
    {"on": {"property": "phone"}, "fields": {"Phone": {"property": "phone"}, "Rating": {"value": "Hot"}}},
]


def mapping(**fields: Any) -> Salesforce:
    return Salesforce.model_validate({"lead_fields": {"LastName": {"property": "last_name"}, **fields}})


def test_without_lead_fields_the_default_ones_hold() -> None:
    assert lead_fields_of(Salesforce()) is DEFAULT_LEAD_FIELDS
    assert set(lead_fields_of(mapping())) == {"LastName"}


@pytest.mark.parametrize(
    ("occasions", "names"),
    [
        (["lead.rejected"], {"Status": "No", "Rating": "Cold"}),
        (["property/phone", "lead.rejected"], {"Status": "No", "Phone": None, "Rating": "Hot"}),
        (["property/fax", "contact.status"], {}),
    ],
)
def test_an_update_writes_the_fields_of_its_occasions(occasions: list[str], names: dict[str, str | None]) -> None:
    fields = update_fields_of(Salesforce.model_validate({"updates": UPDATES}), occasions)
    assert {name: source.value for name, source in fields.items()} == names


def test_the_fields_of_updates_are_among_the_mapped_ones() -> None:
    assert mapped_fields(Salesforce.model_validate({"updates": UPDATES})) > {"Status", "Rating", "Phone", "LastName"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"Shoe__c": {"value": 1}}, "the Lead has no field Shoe__c"),
        ({"email": {"value": "x"}}, "the Lead has no field email (there is Email)"),
        ({"IsConverted": {"value": True}}, "the integration user may not write IsConverted"),
        ({"Spot__c": {"property": "spot"}}, "Spot__c is a field of type location, which Leadstream does not write"),
        (
            {"Leadstream_Written__c": {"value": "x"}},
            "Leadstream_Written__c is written by Leadstream itself: leave it out",
        ),
    ],
)
def test_a_field_that_cannot_be_written_is_a_misfit(fields: dict[str, Any], problem: str) -> None:
    assert misfits(mapping(**fields), LEAD, ORG) == [problem]


def test_a_field_that_the_org_needs_has_to_be_mapped() -> None:
    assert misfits(mapping(), LEAD, ORG) == []
    only_email = Salesforce.model_validate({"lead_fields": {"Email": {"property": "email"}}})
    assert misfits(only_email, LEAD, ORG) == ["the Lead needs LastName: map it, with a default"]


def test_matching_needs_to_see_the_address() -> None:
    salesforce = Salesforce.model_validate(
        {"lead_fields": {"LastName": {"property": "last_name"}}, "match": ["email"]}
    )
    assert misfits(salesforce, LEAD, ORG) == []
    hidden = {name: field for name, field in LEAD.items() if name != "Email"}
    assert misfits(salesforce, hidden, ORG) == ["match: the integration user may not see the Lead's Email"]
