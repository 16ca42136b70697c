"""Campaigns, opportunities and what belongs to them: the part of Salesforce's standard schema used here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connectors.salesforce_sandbox.records.people import ACCOUNT, CONTACT, INTEGRATION_USER, LEAD, LEAD_SOURCES
from connectors.salesforce_sandbox.records.schema import (
    STAMP_FIELDS,
    SObject,
    SObjectField,
    define_sobject,
    read_only_field,
    reference_field,
)

WON_STAGE = "Closed Won"
LOST_STAGE = "Closed Lost"

OPPORTUNITY = define_sobject(
    "Opportunity",
    "006",
    reference_field("AccountId", "Account", label="Account ID"),
    SObjectField("Name", length=120, required=True, id_lookup=True),
    SObjectField(
        "StageName",
        "picklist",
        length=255,
        required=True,
        picklist=(
            "Prospecting",
            "Qualification",
            "Needs Analysis",
            "Value Proposition",
            "Id. Decision Makers",
            "Perception Analysis",
            "Proposal/Price Quote",
            "Negotiation/Review",
            WON_STAGE,
            LOST_STAGE,
        ),
        label="Stage",
    ),
    SObjectField("Amount", "currency", precision=18, scale=2),
    SObjectField("CloseDate", "date", required=True, label="Close Date"),
    SObjectField("LeadSource", "picklist", length=255, picklist=LEAD_SOURCES, label="Lead Source"),
    read_only_field("IsClosed", "boolean", default=False),
    read_only_field("IsWon", "boolean", default=False),
    reference_field("CampaignId", "Campaign", label="Campaign ID"),
    reference_field("OwnerId", "User", required=True, default=INTEGRATION_USER, label="Owner ID"),
    *STAMP_FIELDS,
    read_only_field("LastStageChangeDate", "datetime"),
    reference_field("ContactId", "Contact", updateable=False, label="Contact ID"),
)

CAMPAIGN = define_sobject(
    "Campaign",
    "701",
    SObjectField("Name", length=80, required=True),
    SObjectField("IsActive", "boolean", default=False, label="Active"),
    SObjectField(
        "Status", "picklist", length=255, picklist=("Planned", "In Progress", "Completed", "Aborted"), label="Status"
    ),
    reference_field("ParentId", "Campaign", label="Parent Campaign ID"),
    reference_field("OwnerId", "User", required=True, default=INTEGRATION_USER, label="Owner ID"),
)

CAMPAIGN_MEMBER = define_sobject(
    "CampaignMember",
    "00v",
    reference_field("CampaignId", "Campaign", required=True, updateable=False, label="Campaign ID"),
    reference_field("LeadId", "Lead", updateable=False, label="Lead ID"),
    reference_field("ContactId", "Contact", updateable=False, label="Contact ID"),
    SObjectField("Status", "picklist", length=40, picklist=("Sent", "Responded")),
    read_only_field("HasResponded", "boolean", default=False, label="Responded"),
    read_only_field("FirstRespondedDate", "date"),
)

CAMPAIGN_MEMBER_STATUS = define_sobject(
    "CampaignMemberStatus",
    "01Y",
    reference_field("CampaignId", "Campaign", required=True, updateable=False, label="Campaign ID"),
    SObjectField("Label", length=765, required=True, label="Member Status"),
    SObjectField("SortOrder", "int", precision=9, label="Sort Order"),
    SObjectField("IsDefault", "boolean", default=False, label="Is Default"),
    SObjectField("HasResponded", "boolean", default=False, label="Responded"),
)

OPPORTUNITY_CONTACT_ROLE = define_sobject(
    "OpportunityContactRole",
    "00K",
    reference_field("OpportunityId", "Opportunity", required=True, updateable=False, label="Opportunity ID"),
    reference_field("ContactId", "Contact", required=True, label="Contact ID"),
    SObjectField(
        "Role",
        "picklist",
        length=40,
        picklist=("Business User", "Decision Maker", "Economic Buyer", "Executive Sponsor", "Influencer", "Other"),
    ),
    SObjectField("IsPrimary", "boolean", default=False, label="Primary"),
)

SOBJECTS: Mapping[str, SObject] = MappingProxyType(
    {
        each.name: each
        for each in (
            LEAD,
            ACCOUNT,
            CONTACT,
            OPPORTUNITY,
            CAMPAIGN,
            CAMPAIGN_MEMBER,
            CAMPAIGN_MEMBER_STATUS,
            OPPORTUNITY_CONTACT_ROLE,
        )
    }
)
"""The objects that an org starts with."""
