"""Assignment rules: they give a lead to a person or a queue when it is created and, unless told not to, changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.records.schema import (
    SObject,
    SObjectField,
    define_sobject,
    read_only_field,
)
from connectors.salesforce_sandbox.records.store import RecordStore, SandboxRow

HEADER = "Sforce-Auto-Assign"
ASSIGNMENT_RULE = define_sobject(
    "AssignmentRule",
    "01Q",
    SObjectField("Name", length=120, required=True),
    read_only_field("SobjectType", "picklist", length=40, picklist=("Case", "Lead")),
    read_only_field("Active", "boolean", default=False),
)


@dataclass(slots=True)
class AssignmentRules:
    """The rules of an org for leads: the owner that each gives, and a log of the records that were assigned."""

    owners: dict[str, str] = field(default_factory=dict)
    """The id of a rule -> the owner that it gives."""
    log: list[dict[str, Any]] = field(default_factory=list)

    def add(self, store: RecordStore, name: str, owner: str, *, active: bool = True) -> SandboxRow:
        """Adds a rule and returns its record; at most one rule is active, so a new active one ends the former."""
        if active:
            for other in list(store.rows("AssignmentRule")):
                store.update(ASSIGNMENT_RULE, other, {"Active": False})
        rule = store.insert(ASSIGNMENT_RULE, {"Name": name, "SobjectType": "Lead", "Active": active})
        self.owners[rule["Id"]] = ids.to_18(owner)
        return rule

    def choose(self, store: RecordStore, header: str | None) -> str | None:
        """Returns the id of the rule that a request asks for; None for none. Raises ApiError for an unknown one.

        Without the header it is the active rule: Salesforce assigns by default, on changes too.
        """
        wanted = (header or "TRUE").strip()
        if wanted.upper() == "FALSE":
            return None
        if wanted.upper() == "TRUE":
            return next((rule["Id"] for rule in store.rows("AssignmentRule") if rule["Active"]), None)
        if ids.to_18(wanted) not in self.owners:
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
        return ids.to_18(wanted)

    def assign(self, store: RecordStore, sobject: SObject, row: SandboxRow, rule: str | None, operation: str) -> None:
        """Gives a lead its owner by a rule and logs it; nothing for other objects or without a rule."""
        if sobject.name != "Lead" or rule is None:
            return
        owner = self.owners[rule]
        store.update(sobject, row, {"OwnerId": owner})
        self.log.append({"id": row["Id"], "rule": rule, "owner": owner, "operation": operation})
