"""Leads, contacts and accounts: the part of Salesforce's standard schema that Leadstream and its tests use."""

from __future__ import annotations

from connectors.salesforce_sandbox.records.schema import (
    STAMP_FIELDS,
    SObjectField,
    define_sobject,
    read_only_field,
    reference_field,
)

INTEGRATION_USER = "0055A000000000BQAQ"
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
_INDUSTRIES = (
    *("Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction"),
    *("Consulting", "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance"),
    *("Food & Beverage", "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing"),
    *("Media", "Not For Profit", "Recreation", "Retail", "Shipping", "Technology", "Telecommunications"),
    *("Transportation", "Utilities", "Other"),
)

LEADSTREAM_FIELDS = (
    SObjectField("Leadstream_Id__c", length=255, external_id=True, unique=True, label="Leadstream Id"),
    SObjectField("Leadstream_Number__c", length=64, label="Leadstream Number"),
    SObjectField("Leadstream_Campaign__c", length=255, label="Leadstream Campaign"),
    SObjectField("Leadstream_Written__c", "textarea", length=32_768, label="Leadstream Written"),
)
"""The fields that Leadstream needs on Lead and Contact."""

_NAMES = (
    SObjectField("LastName", length=80, required=True, label="Last Name"),
    SObjectField("FirstName", length=40, label="First Name"),
    SObjectField("Salutation", "picklist", length=40, picklist=("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx.")),
    read_only_field("Name", "string", length=121, is_always_set=True, label="Full Name"),
)
_PHONES = (
    SObjectField("Phone", "phone", length=40),
    SObjectField("MobilePhone", "phone", length=40, label="Mobile Phone"),
    SObjectField("Email", "email", length=80, id_lookup=True),
)
_TITLE = SObjectField("Title", length=128)
_DESCRIPTION = SObjectField("Description", "textarea", length=32_000)
_LEAD_SOURCE = SObjectField("LeadSource", "picklist", length=255, picklist=LEAD_SOURCES, label="Lead Source")
_OPTED_OUT = SObjectField("HasOptedOutOfEmail", "boolean", default=False, label="Email Opt Out")
_OWNER = reference_field("OwnerId", "Group", "User", required=True, default=INTEGRATION_USER, label="Owner ID")

LEAD = define_sobject(
    "Lead",
    "00Q",
    read_only_field("MasterRecordId", "reference", length=18, refers_to=("Lead",)),
    *_NAMES,
    _TITLE,
    SObjectField("Company", length=255, required=True),
    SObjectField("Street", "textarea", length=255),
    SObjectField("City", length=40),
    SObjectField("State", length=80, label="State/Province"),
    SObjectField("PostalCode", length=20, label="Zip/Postal Code"),
    SObjectField("Country", length=80),
    *_PHONES,
    SObjectField("Website", "url", length=255),
    _DESCRIPTION,
    _LEAD_SOURCE,
    SObjectField(
        "Status",
        "picklist",
        length=255,
        required=True,
        default="Open - Not Contacted",
        picklist=("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"),
        label="Lead Status",
    ),
    SObjectField("Industry", "picklist", length=255, picklist=_INDUSTRIES),
    SObjectField("Rating", "picklist", length=255, picklist=("Hot", "Warm", "Cold")),
    SObjectField("AnnualRevenue", "currency", precision=18, label="Annual Revenue"),
    SObjectField("NumberOfEmployees", "int", precision=8, label="Employees"),
    _OWNER,
    _OPTED_OUT,
    read_only_field("IsConverted", "boolean", default=False),
    read_only_field("ConvertedDate", "date"),
    read_only_field("ConvertedAccountId", "reference", length=18, refers_to=("Account",)),
    read_only_field("ConvertedContactId", "reference", length=18, refers_to=("Contact",)),
    read_only_field("ConvertedOpportunityId", "reference", length=18, refers_to=("Opportunity",)),
    *STAMP_FIELDS,
    SObjectField(
        "CleanStatus",
        "picklist",
        length=40,
        restricted=True,
        picklist=(
            "Matched",
            "Different",
            "Acknowledged",
            "NotFound",
            "Inactive",
            "Pending",
            "SelectMatch",
            "Skipped",
        ),
        label="Clean Status",
    ),
    reference_field("RecordTypeId", "RecordType", label="Record Type ID"),
    SObjectField("Legacy_Id__c", length=255, external_id=True, label="Legacy Id"),
    *LEADSTREAM_FIELDS,
)

ACCOUNT = define_sobject(
    "Account",
    "001",
    read_only_field("MasterRecordId", "reference", length=18, refers_to=("Account",)),
    SObjectField("Name", length=255, required=True, label="Account Name"),
    SObjectField("Phone", "phone", length=40),
    SObjectField("Website", "url", length=255),
    SObjectField("Industry", "picklist", length=255, picklist=_INDUSTRIES),
    SObjectField("Description", "textarea", length=32_000),
    SObjectField("AnnualRevenue", "currency", precision=18, label="Annual Revenue"),
    SObjectField("NumberOfEmployees", "int", precision=8, label="Employees"),
    reference_field("OwnerId", "User", required=True, default=INTEGRATION_USER, label="Owner ID"),
)

CONTACT = define_sobject(
    "Contact",
    "003",
    read_only_field("MasterRecordId", "reference", length=18, refers_to=("Contact",)),
    reference_field("AccountId", "Account", label="Account ID"),
    *_NAMES,
    SObjectField("MailingStreet", "textarea", length=255, label="Mailing Street"),
    SObjectField("MailingCity", length=40, label="Mailing City"),
    SObjectField("MailingState", length=80, label="Mailing State/Province"),
    SObjectField("MailingPostalCode", length=20, label="Mailing Zip/Postal Code"),
    SObjectField("MailingCountry", length=80, label="Mailing Country"),
    *_PHONES,
    _TITLE,
    SObjectField("Department", length=80),
    _LEAD_SOURCE,
    _DESCRIPTION,
    _OWNER,
    _OPTED_OUT,
    *STAMP_FIELDS,
    *LEADSTREAM_FIELDS,
)
