"""Merge of duplicates, which Salesforce offers to people, Apex and SOAP but not over REST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.records import rules
from connectors.salesforce_sandbox.records.campaigns import move_memberships
from connectors.salesforce_sandbox.records.store import SandboxRow

MERGEABLE = ("Lead", "Contact", "Account")
_REFERENCES = {
    "Contact": (
        ("OpportunityContactRole", "ContactId"),
        ("Opportunity", "ContactId"),
        ("Lead", "ConvertedContactId"),
    ),
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Lead", "ConvertedAccountId")),
}


def merge_records(
    org: Org, name: str, master_id: str, loser_ids: Sequence[str], fields: dict[str, Any]
) -> SandboxRow:
    """Merges the losers into the master, which gets the values of `fields`, and returns it.

    The losers are in the recycle bin afterwards, their MasterRecordId names the master, and what belonged to them
    (memberships, contact roles, opportunities, contacts) belongs to it. Raises ValueError for records that cannot be
    merged, ApiError for values that the master cannot have.
    """
    if name not in MERGEABLE:
        raise ValueError(f"{name} cannot be merged: one of {', '.join(MERGEABLE)}")
    master = _require_live(org, name, master_id)
    losers = [_require_live(org, name, each) for each in loser_ids]
    if master in losers:
        raise ValueError("a record cannot be merged into itself")
    sobject = org.schema[name]
    for loser in losers:
        org.store.update(sobject, loser, {"IsDeleted": True, "MasterRecordId": master["Id"]})
        if name != "Account":
            move_memberships(org.store, f"{name}Id", loser["Id"], {f"{name}Id": master["Id"]})
        for other, field in _REFERENCES.get(name, ()):
            for row in org.store.find(other, field, loser["Id"]):
                org.store.update(org.schema[other], row, {field: master["Id"]})
    values = rules.parse_values(org.store, sobject, fields, is_create=False)
    rules.check_unique(org.store, sobject, values, master["Id"])
    org.store.update(sobject, master, values)
    return master


def _require_live(org: Org, name: str, record_id: str) -> SandboxRow:
    row = org.store.get(name, record_id)
    if row is None or row["IsDeleted"]:
        raise ValueError(f"no such {name.lower()}: {record_id}")
    if row.get("IsConverted"):
        raise ValueError(f"{record_id} is converted: a converted lead cannot be merged")
    return row
