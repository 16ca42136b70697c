"""The values of a contact that conditions test one at a time: a property, the status, a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from streams.engine.state.contact import Contact


@dataclass(frozen=True, slots=True)
class Subject:
    """One such value; `name` is the property's or the named score's, empty for the status and the own score."""

    kind: Literal["property", "status", "own_score", "named_score"]
    name: str = ""

    def read(self, contact: Contact) -> Any:
        """The contact's value: a JSON value, None where it is missing; a score in millionths."""
        if self.kind == "property":
            return contact.properties.get(self.name)
        if self.kind == "status":
            return contact.status
        return contact.score if self.kind == "own_score" else contact.scores.get(self.name, 0)


def property_subject(name: str) -> Subject:
    """The value of a top-level property."""
    return Subject("property", name)


def status_subject() -> Subject:
    """The contact's status."""
    return Subject("status")


def score_subject(name: str | None) -> Subject:
    """The own score (None) or a named one."""
    return Subject("own_score") if name is None else Subject("named_score", name)
