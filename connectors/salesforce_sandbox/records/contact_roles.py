"""Contact roles of opportunities, of which at most one is the primary one."""

from __future__ import annotations

from connectors.salesforce_sandbox.records.sales import OPPORTUNITY_CONTACT_ROLE
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import RecordStore, SandboxRow


def keep_primary(store: RecordStore, sobject: SObject, row: SandboxRow) -> None:
    """Does what follows from a write: a new primary role ends the former, a new opportunity's contact gets one."""
    if sobject.name == "Opportunity" and row["ContactId"] is not None:
        add_contact_role(store, row["Id"], row["ContactId"])
    if sobject.name == "OpportunityContactRole" and row["IsPrimary"]:
        for other in store.find(sobject.name, "OpportunityId", row["OpportunityId"]):
            if other["Id"] != row["Id"] and other["IsPrimary"]:
                store.update(OPPORTUNITY_CONTACT_ROLE, other, {"IsPrimary": False})


def add_contact_role(store: RecordStore, opportunity_id: str, contact_id: str) -> None:
    """Gives a contact a role in an opportunity, the primary one where there is none; nothing if it has one."""
    roles = store.find("OpportunityContactRole", "OpportunityId", opportunity_id)
    if any(role["ContactId"] == contact_id for role in roles):
        return
    is_primary = not any(role["IsPrimary"] for role in roles)
    values = {"OpportunityId": opportunity_id, "ContactId": contact_id, "IsPrimary": is_primary}
    store.insert(OPPORTUNITY_CONTACT_ROLE, values)
