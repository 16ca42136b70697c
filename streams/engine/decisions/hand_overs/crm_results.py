"""What a lead keeps of the CRM's results: the answer to its last hand-over, its record, and its outcome (SPEC 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OUTCOME = "crm.outcome"
_ANSWER_FIELDS = ("retry", "code", "message", "notes")
"""Fields of an answer that the next one removes where it does not state them."""
_OUTCOME_FIELDS = ("opportunity", "amount", "currency", "amounts")
"""The same of an outcome."""
_HAND_OVER_FIELDS = frozenset({"hand_over", "number", "retry"})


def next_crm(crm: Mapping[str, Any], event_type: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the lead keeps after a result with these fields; None where it answers an older hand-over or retry.

    `crm` is what it kept before. An outcome says nothing of a hand-over, whatever numbers it brings.
    """
    if event_type == _OUTCOME:
        outcome = {name: value for name, value in fields.items() if name not in _HAND_OVER_FIELDS}
        return _merge(crm, outcome, event_type, _OUTCOME_FIELDS)
    if "number" not in fields:
        return _merge(crm, fields, event_type, _ANSWER_FIELDS[1:])
    if answer_rank(fields) < answer_rank(crm):
        return None
    merged = _merge(crm, fields, event_type, _ANSWER_FIELDS)
    if merged.get("record") != crm.get("record") and "member" not in fields:
        merged.pop("member", None)  # a member of the campaign is that of one record
    return merged


def former_next_crm(crm: Mapping[str, Any], event_type: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same before engine version 4: a retry is none, and a failure without a message keeps the former one."""
    last_number: list[int] = crm.get("number", [])
    if list(fields.get("number", last_number)) < last_number:
        return None
    resolved = {"code", "message"} if event_type == "crm.linked" else set()
    remaining = {name: value for name, value in crm.items() if name not in resolved}
    known = {name: value for name, value in fields.items() if name != "amounts"}
    return {**remaining, **known, "result": event_type}


def _merge(
    crm: Mapping[str, Any], fields: Mapping[str, Any], event_type: str, replaced: tuple[str, ...]
) -> dict[str, Any]:
    merged = {**crm, **fields, "result": event_type}
    for name in replaced:
        if name not in fields:
            merged.pop(name, None)
    return merged


def answer_rank(fields: Mapping[str, Any]) -> tuple[list[int], int]:
    """Rises with each hand-over, and with each retry of one."""
    return list(fields.get("number", ())), fields.get("retry", 0)
