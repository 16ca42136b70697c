"""What an org lets the integration user see and do: its objects and fields, as `describe` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.salesforce.org.client import OrgClient

FieldDescription = Mapping[str, Any]


class OrgSchema:
    """Describes each object once; an object that the org lacks or hides has no fields and allows nothing."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org
        self._descriptions: dict[str, Mapping[str, Any] | None] = {}

    def fields(self, sobject: str) -> Mapping[str, FieldDescription]:
        """The fields of an object that the user may see, by name."""
        description = self._describe(sobject)
        return {} if description is None else {field["name"]: field for field in description["fields"]}

    def is_visible(self, sobject: str) -> bool:
        """Whether the user may see the object at all."""
        return self._describe(sobject) is not None

    def allows(self, sobject: str, act: str) -> bool:
        """Whether the user may do with an object's records what `act` says: queryable, createable or updateable."""
        description = self._describe(sobject)
        return description is not None and bool(description.get(act, True))

    def _describe(self, sobject: str) -> Mapping[str, Any] | None:
        if sobject not in self._descriptions:
            self._descriptions[sobject] = self._org.describe_if_visible(sobject)
        return self._descriptions[sobject]


def picklist_values(field: FieldDescription) -> frozenset[str]:
    """The active values of a picklist."""
    return frozenset(str(each["value"]) for each in field.get("picklistValues") or () if each.get("active", True))
