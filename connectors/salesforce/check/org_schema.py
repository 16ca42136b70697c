"""What an org lets the integration user see and do: its objects and fields, as `describe` shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.salesforce.handover.descriptions import ObjectDescription, parse_description
from connectors.salesforce.org.client import OrgClient


class OrgSchema:
    """Describes each object once; an object that the org lacks or hides has no fields and allows nothing.

    `sobjects` are described in one request, any other one when it is asked for.
    """

    def __init__(self, org: OrgClient, sobjects: Iterable[str] = ()) -> None:
        self._org = org
        self._documents: dict[str, Mapping[str, Any] | None] = {**org.describe_visible(sobjects)}

    def fields(self, sobject: str) -> ObjectDescription:
        """The fields of an object that the user may see, by name."""
        document = self._document(sobject)
        return {} if document is None else parse_description(document)

    def is_visible(self, sobject: str) -> bool:
        """Whether the user may see the object at all."""
        return self._document(sobject) is not None

    def allows(self, sobject: str, act: str) -> bool:
        """Whether the user may do with an object's records what `act` says: queryable, createable or updateable."""
        document = self._document(sobject)
        return document is not None and bool(document.get(act, True))

    def _document(self, sobject: str) -> Mapping[str, Any] | None:
        if sobject not in self._documents:
            self._documents.update(self._org.describe_visible([sobject]))
        return self._documents[sobject]
