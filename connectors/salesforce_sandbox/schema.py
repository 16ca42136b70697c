"""The objects and fields of the sandbox: the part of Salesforce's standard schema that Leadstream uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class SObjectField:
    """One field; `required` concerns creation only, a length of 0 sets no limit."""

    name: str
    type: str = "string"
    length: int = 0
    required: bool = False
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    unique: bool = True
    """For an external id: whether the org refuses a second live record with the same one."""
    default: Any = None
    refers_to: str | None = None

    def describe(self) -> dict[str, Any]:
        """Returns the field as `describe` shows it."""
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
    fields: Mapping[str, SObjectField]

    def describe(self) -> dict[str, Any]:
        """Returns the body of `/sobjects/{name}/describe`."""
        return {
            "name": self.name,
            "keyPrefix": self.prefix,
            "createable": True,
            "updateable": True,
            "deletable": True,
            "queryable": True,
            "fields": [field.describe() for field in self.fields.values()],
        }


def _read_only_field(name: str, kind: str, **more: Any) -> SObjectField:
    return SObjectField(name, kind, createable=False, updateable=False, **more)


def _sobject(name: str, prefix: str, *own: SObjectField) -> SObject:
    system = (
        _read_only_field("Id", "id", length=18),
        _read_only_field("IsDeleted", "boolean", default=False),
        _read_only_field("CreatedDate", "datetime"),
        _read_only_field("LastModifiedDate", "datetime"),
        _read_only_field("SystemModstamp", "datetime"),
    )
    return SObject(name, prefix, MappingProxyType({field.name: field for field in (*system, *own)}))


_PERSON_FIELDS = (
    SObjectField("LastName", length=80, required=True),
    SObjectField("FirstName", length=40),
    SObjectField("Title", length=128),
    SObjectField("Phone", "phone", length=40),
    SObjectField("MobilePhone", "phone", length=40),
    SObjectField("Email", "email", length=80),
    SObjectField("LeadSource", "picklist", length=255),
    SObjectField("Description", "textarea", length=32_000),
    SObjectField("OwnerId", "reference", length=18, default="0055A000000000BQAQ", refers_to="User"),
)

LEAD = _sobject(
    "Lead",
    "00Q",
    *_PERSON_FIELDS,
    SObjectField("Company", length=255, required=True),
    SObjectField("Street", "textarea", length=255),
    SObjectField("City", length=40),
    SObjectField("State", length=80),
    SObjectField("PostalCode", length=20),
    SObjectField("Country", length=80),
    SObjectField("Website", "url", length=255),
    SObjectField("Status", "picklist", length=255, default="Open - Not Contacted"),
    SObjectField("Industry", "picklist", length=255),
    SObjectField("Rating", "picklist", length=255),
    SObjectField("AnnualRevenue", "currency"),
    SObjectField("NumberOfEmployees", "int"),
    _read_only_field("IsConverted", "boolean", default=False),
    _read_only_field("ConvertedDate", "date"),
    _read_only_field("ConvertedAccountId", "reference", length=18, refers_to="Account"),
    _read_only_field("ConvertedContactId", "reference", length=18, refers_to="Contact"),
    _read_only_field("ConvertedOpportunityId", "reference", length=18, refers_to="Opportunity"),
    SObjectField("Leadstream_Id__c", length=255, external_id=True),
    SObjectField("Legacy_Id__c", length=255, external_id=True, unique=False),
    SObjectField("Leadstream_Number__c", length=64),
    SObjectField("Leadstream_Campaign__c", length=255),
)

ACCOUNT = _sobject(
    "Account", "001", SObjectField("Name", length=255, required=True), SObjectField("Website", "url", length=255)
)

CONTACT = _sobject(
    "Contact",
    "003",
    *_PERSON_FIELDS,
    SObjectField("AccountId", "reference", length=18, refers_to="Account"),
    SObjectField("MailingCity", length=40),
    SObjectField("MailingCountry", length=80),
)

OPPORTUNITY = _sobject(
    "Opportunity",
    "006",
    SObjectField("Name", length=120, required=True),
    SObjectField("AccountId", "reference", length=18, refers_to="Account"),
    SObjectField("StageName", "picklist", length=255, required=True),
    SObjectField("Amount", "currency"),
    SObjectField("CloseDate", "date", required=True),
    SObjectField("CampaignId", "reference", length=18, refers_to="Campaign"),
    _read_only_field("IsClosed", "boolean", default=False),
    _read_only_field("IsWon", "boolean", default=False),
)

CAMPAIGN = _sobject(
    "Campaign",
    "701",
    SObjectField("Name", length=80, required=True),
    SObjectField("IsActive", "boolean", default=False),
    SObjectField("Status", "picklist", length=255),
)

CAMPAIGN_MEMBER = _sobject(
    "CampaignMember",
    "00v",
    SObjectField("CampaignId", "reference", length=18, required=True, updateable=False, refers_to="Campaign"),
    SObjectField("LeadId", "reference", length=18, updateable=False, refers_to="Lead"),
    SObjectField("ContactId", "reference", length=18, updateable=False, refers_to="Contact"),
    SObjectField("Status", "picklist", length=40, default="Sent"),
)

SOBJECTS: Mapping[str, SObject] = MappingProxyType(
    {each.name: each for each in (LEAD, ACCOUNT, CONTACT, OPPORTUNITY, CAMPAIGN, CAMPAIGN_MEMBER)}
)
