"""What `describe` says of an object's fields, kept for ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from connectors.salesforce.org.client import OrgClient

MAX_AGE_SECONDS = 600.0
EXPIRY_SECONDS = 30.0
_CLOSE = 0.8
"""How similar a field's name must be to be proposed; an org has hundreds of them."""


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """One field: its type, its bounds, and whether the integration user may write it.

    `length` counts characters, 0 is no bound; `precision` and `scale` count decimal digits, a precision of 0 is no
    bound. `values` are the active values of a picklist, whose other values the org refuses where it is `restricted`.
    """

    name: str
    type: str = "string"
    length: int = 0
    precision: int = 0
    scale: int = 0
    createable: bool = True
    updateable: bool = True
    required: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    is_external_id: bool = False
    is_unique: bool = False

    @classmethod
    def from_document(cls, field: Mapping[str, Any]) -> FieldDescription:
        """Returns the field in the body of a `describe`."""
        kind = str(field["type"])
        return cls(
            name=str(field["name"]),
            type=kind,
            length=int(field.get("length") or 0),
            precision=int((field.get("digits") if kind == "int" else None) or field.get("precision") or 0),
            scale=int(field.get("scale") or 0),
            createable=bool(field["createable"]),
            updateable=bool(field["updateable"]),
            required=bool(field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]),
            values=tuple(
                str(each["value"]) for each in field.get("picklistValues") or () if each.get("active", True)
            ),
            restricted=bool(field.get("restrictedPicklist")),
            is_external_id=bool(field.get("externalId")),
            is_unique=bool(field.get("unique")),
        )


ObjectDescription = Mapping[str, FieldDescription]
"""The fields of an object, by name."""


class DescriptionCache:
    """The descriptions of an org's objects; each is read again after ten minutes, or after `forget`."""

    def __init__(self, org: OrgClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._org = org
        self._clock = clock
        self._descriptions: dict[str, tuple[float, ObjectDescription]] = {}

    def get(self, sobject: str) -> ObjectDescription:
        """Returns the fields of an object. Raises as OrgClient."""
        read_at, description = self._descriptions.get(sobject, (0.0, {}))
        if not description or self._clock() - read_at > MAX_AGE_SECONDS:
            description = parse_description(self._org.describe(sobject))
            self._descriptions[sobject] = (self._clock(), description)
        return description

    def forget(self) -> None:
        """Has every object described again, since the org answered that a field is not as it was."""
        self._descriptions.clear()

    def expire(self) -> None:
        """Has objects described again that were described 30 seconds ago or earlier: somebody may mend them."""
        limit = self._clock() - EXPIRY_SECONDS
        self._descriptions = {name: entry for name, entry in self._descriptions.items() if entry[0] > limit}


def parse_description(document: Mapping[str, Any]) -> ObjectDescription:
    """Returns the fields in the body of a `describe`, by name."""
    return {str(field["name"]): FieldDescription.from_document(field) for field in document["fields"]}


def spelling_hint(name: str, description: ObjectDescription) -> str:
    """Returns what to say of a field that is not there: the one that may be meant; "" without one."""
    folded = {each.lower(): each for each in description}
    close = get_close_matches(name.lower(), list(folded), n=1, cutoff=_CLOSE)
    return f" (there is {folded[close[0]]})" if close else ""
