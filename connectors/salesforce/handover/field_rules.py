"""Decides which fields of a record a hand-over writes, so that what people typed in Salesforce stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any

from connectors.salesforce.handover.coercion import FieldNote, coerce, is_missing
from connectors.salesforce.handover.descriptions import ObjectDescription
from schemas.definitions import FieldWrite, LeadField

LeadFields = Mapping[str, LeadField]
FieldDigests = Mapping[str, str]
"""Field -> digest of the value last written there by us, as in `Leadstream_Written__c`."""
HANDED_OVER = "@handed_over"
"""The entry among the digests, no field's name, with the number of the last hand-over where an update wrote since."""


@dataclass(frozen=True, slots=True)
class RecordState:
    """A record before a write: whether it exists, its present values, and the digests of what we wrote.

    `digests` is None on a record that has none: one that was matched, or written by the release without digests;
    `was_written` tells them apart. Where `keeps_digests` is false the object has no field for them.
    """

    exists: bool = False
    present: Mapping[str, Any] = field(default_factory=dict)
    digests: FieldDigests | None = None
    was_written: bool = False
    keeps_digests: bool = True


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """The values to write, the digests after the write, and what was cut or left out."""

    values: Mapping[str, Any]
    digests: FieldDigests
    notes: tuple[FieldNote, ...] = ()

    def apply_to(self, state: RecordState) -> RecordState:
        """Returns the record after this write."""
        return replace(
            state,
            exists=True,
            present={**state.present, **self.values},
            digests=self.digests if state.keeps_digests else None,
            was_written=True,
        )


def plan_fields(
    fields: LeadFields,
    properties: Mapping[str, Any],
    state: RecordState,
    description: ObjectDescription,
    *,
    zone: tzinfo = UTC,
    value_write: FieldWrite = "create",
) -> FieldChanges:
    """Returns what to write of `fields`, by their rules; `value_write` is the rule of a fixed value that names none.

    A property without value changes nothing, neither the field nor its digest.
    """
    values: dict[str, Any] = {}
    digests = dict(state.digests or {})
    notes: list[FieldNote] = []
    for name, source in fields.items():
        described = description[name]
        ours = coerce(_source_value(source, properties, is_new=not state.exists), described, zone)
        if ours.value is None and not state.exists and ours.note is not None and source.default is not None:
            notes.append(ours.note)
            ours = coerce(source.default, described, zone)
        rule = source.write or (value_write if source.value is not None else "always")
        digest = value_digest(ours.value)
        adopts = _adopts_present(state, name) and rule == "always"
        if ours.value is None:
            if ours.note is not None and _may_write(rule, state, name, None):
                notes.append(ours.note)
        elif adopts:
            digests[name] = digest
        elif _may_write(rule, state, name, digest):
            values[name] = ours.value
            digests[name] = digest
            if ours.note is not None:
                notes.append(ours.note)
    return FieldChanges(values, digests, tuple(notes))


def value_digest(value: Any) -> str:
    """Returns 8 hexadecimal digits of a written value; 1 and 1.0 have the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:8]


def parse_digests(text: Any) -> FieldDigests | None:
    """Returns the digests in a record's field; None where it is empty or holds something else."""
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    return {str(name): str(digest) for name, digest in document.items()}


def digests_that_hold(text: Any, number: str | None, number_field: str) -> FieldDigests | None:
    """Returns the digests of a record with this number; none of them holds where it was changed without them.

    So does a worker of the release before digests, when it wakes late and writes an older hand-over.
    """
    digests = parse_digests(text)
    if digests and number is not None and digests.get(number_field) not in (None, value_digest(number)):
        return {}
    return digests


def digests_text(digests: FieldDigests) -> str:
    """Returns the text for a record's field."""
    return json.dumps(dict(digests), sort_keys=True, separators=(",", ":"))


def _source_value(source: LeadField, properties: Mapping[str, Any], *, is_new: bool) -> Any:
    value = source.value
    if value is None and source.property is not None:
        value = properties.get(source.property)
    return source.default if is_new and is_missing(value) else value


def _adopts_present(state: RecordState, name: str) -> bool:
    """Whether the org's value counts as the one written last, because a release without digests wrote the record.

    Whether that value is still ours cannot be known then, so it stays until ours changes.
    """
    return (
        state.exists
        and state.keeps_digests
        and state.was_written
        and state.digests is None
        and not is_missing(state.present.get(name))
    )


def _may_write(rule: FieldWrite, state: RecordState, name: str, digest: str | None) -> bool:
    if not state.exists:
        return True
    if rule == "empty" or (rule == "always" and not state.keeps_digests):
        return is_missing(state.present.get(name))
    if rule == "always":
        return state.digests is None or digest is None or state.digests.get(name) != digest
    return False
