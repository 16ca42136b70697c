"""The objects and fields of the stand-in org: the part of Salesforce's standard schema that Leadstream touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `required` speaks of creation, a length of 0 sets no bound."""

    name: str
    type: str = "string"
    length: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = True
    """Of an external id: whether the org refuses a second live record with it."""
    default: Any = None
    refers_to: str | None = None

    def describe(self) -> dict[str, Any]:
        """The field as `describe` shows it."""
        return {
            "name": self.name,
            "type": self.type,
            "length": self.length,
            "nillable": not self.required,
            "createable": self.createable,
            "updateable": self.updateable,
            "defaultedOnCreate": self.default is not None,
            "externalId": self.external_id,
            "unique": self.external_id and self.unique,
            "idLookup": self.external_id or self.type == "id",
            "referenceTo": [self.refers_to] if self.refers_to else [],
        }


@dataclass(frozen=True, slots=True)
class SObject:
    """One object type: its name, the first three characters of its ids, its fields by name."""

    name: str
    prefix: str
    fields: Mapping[str, Field]

    def describe(self) -> dict[str, Any]:
        """The answer of `/sobjects/{name}/describe`."""
        return {
            "name": self.name,
            "keyPrefix": self.prefix,
            "createable": True,
            "updateable": True,
            "deletable": True,
            "queryable": True,
            "fields": [field.describe() for field in self.fields.values()],
        }


def _set_by_the_org(name: str, kind: str, **more: Any) -> Field:
    return Field(name, kind, createable=False, updateable=False, **more)


def _sobject(name: str, prefix: str, *own: Field) -> SObject:
    system = (
        _set_by_the_org("Id", "id", length=18),
        _set_by_the_org("IsDeleted", "boolean", default=False),
        _set_by_the_org("CreatedDate", "datetime"),
        _set_by_the_org("LastModifiedDate", "datetime"),
        _set_by_the_org("SystemModstamp", "datetime"),
    )
    return SObject(name, prefix, MappingProxyType({field.name: field for field in (*system, *own)}))


_PERSON = (
    Field("LastName", length=80, required=True),
    Field("FirstName", length=40),
    Field("Title", length=128),
    Field("Phone", "phone", length=40),
    Field("MobilePhone", "phone", length=40),
    Field("Email", "email", length=80),
    Field("LeadSource", "picklist", length=255),
    Field("Description", "textarea", length=32_000),
    Field("OwnerId", "reference", length=18, default="0055A000000000BQAQ", refers_to="User"),
)

LEAD = _sobject(
    "Lead",
    "00Q",
    *_PERSON,
    Field("Company", length=255, required=True),
    Field("Street", "textarea", length=255),
    Field("City", length=40),
    Field("State", length=80),
    Field("PostalCode", length=20),
    Field("Country", length=80),
    Field("Website", "url", length=255),
    Field("Status", "picklist", length=255, default="Open - Not Contacted"),
    Field("Industry", "picklist", length=255),
    Field("Rating", "picklist", length=255),
    Field("AnnualRevenue", "currency"),
    Field("NumberOfEmployees", "int"),
    _set_by_the_org("IsConverted", "boolean", default=False),
    _set_by_the_org("ConvertedDate", "date"),
    _set_by_the_org("ConvertedAccountId", "reference", length=18, refers_to="Account"),
    _set_by_the_org("ConvertedContactId", "reference", length=18, refers_to="Contact"),
    _set_by_the_org("ConvertedOpportunityId", "reference", length=18, refers_to="Opportunity"),
    Field("Leadstream_Id__c", length=255, external_id=True),
    Field("Legacy_Id__c", length=255, external_id=True, unique=False),
    Field("Leadstream_Number__c", length=64),
    Field("Leadstream_Campaign__c", length=255),
)

ACCOUNT = _sobject("Account", "001", Field("Name", length=255, required=True), Field("Website", "url", length=255))

CONTACT = _sobject(
    "Contact",
    "003",
    *_PERSON,
    Field("AccountId", "reference", length=18, refers_to="Account"),
    Field("MailingCity", length=40),
    Field("MailingCountry", length=80),
)

OPPORTUNITY = _sobject(
    "Opportunity",
    "006",
    Field("Name", length=120, required=True),
    Field("AccountId", "reference", length=18, refers_to="Account"),
    Field("StageName", "picklist", length=255, required=True),
    Field("Amount", "currency"),
    Field("CloseDate", "date", required=True),
    Field("CampaignId", "reference", length=18, refers_to="Campaign"),
    _set_by_the_org("IsClosed", "boolean", default=False),
    _set_by_the_org("IsWon", "boolean", default=False),
)

CAMPAIGN = _sobject(
    "Campaign",
    "701",
    Field("Name", length=80, required=True),
    Field("IsActive", "boolean", default=False),
    Field("Status", "picklist", length=255),
)

CAMPAIGN_MEMBER = _sobject(
    "CampaignMember",
    "00v",
    Field("CampaignId", "reference", length=18, required=True, updateable=False, refers_to="Campaign"),
    Field("LeadId", "reference", length=18, updateable=False, refers_to="Lead"),
    Field("ContactId", "reference", length=18, updateable=False, refers_to="Contact"),
    Field("Status", "picklist", length=40, default="Sent"),
)

SOBJECTS: Mapping[str, SObject] = MappingProxyType(
    {each.name: each for each in (LEAD, ACCOUNT, CONTACT, OPPORTUNITY, CAMPAIGN, CAMPAIGN_MEMBER)}
)
