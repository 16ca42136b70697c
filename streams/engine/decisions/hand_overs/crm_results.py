"""What a lead keeps of the CRM's results: the answer to its last hand-over, its record, and its outcome (SPEC 8).

Beside the answer to the last hand-over stands under `update` that to an update after it, where there was one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_NOTES = 20
MAX_REASON_LENGTH = 200
"""A lead keeps so many notes of an answer, and characters of each reason; `more_notes` counts the others."""

_LINKED = "crm.linked"
_OUTCOME = "crm.outcome"
_UPDATE = "update"
_ANSWER_FIELDS = ("retry", "code", "message", "notes", "more_notes")
"""Fields of an answer that the next one removes where it does not state them."""
_OUTCOME_FIELDS = ("opportunity", "amount", "currency", "amounts")
"""The same of an outcome."""
_HAND_OVER_FIELDS = frozenset({"hand_over", "number", "retry"})
_UPDATE_FIELDS = ("hand_over", "number", *_ANSWER_FIELDS)
_FORMERLY_IGNORED = frozenset({"amounts", "notes", _UPDATE})

_Rank = tuple[list[int], int]


def next_crm(crm: Mapping[str, Any], event_type: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the lead keeps after a result with these fields; None where it answers an older hand-over or retry.

    `crm` is what it kept before. An outcome says nothing of a hand-over, whatever numbers it brings; the answer to
    an update says nothing of the hand-over before it.
    """
    if event_type == _OUTCOME:
        outcome = {name: value for name, value in fields.items() if name not in _HAND_OVER_FIELDS}
        return _merge(crm, outcome, event_type, _OUTCOME_FIELDS)
    answer = _bounded(fields)
    if answer.pop(_UPDATE, False):
        return _next_after_update(crm, event_type, answer)
    if "number" not in answer:
        merged = _merge(crm, answer, event_type, _ANSWER_FIELDS[1:])
        merged.pop(_UPDATE, None)
        return merged
    if answer_rank(answer) < answer_rank(crm):
        return None
    merged = _merge(crm, answer, event_type, _ANSWER_FIELDS)
    if list(answer["number"]) >= answer_rank(crm.get(_UPDATE, {}))[0]:
        merged.pop(_UPDATE, None)  # the snapshot of this hand-over is as new as that update, or newer
    _drop_former_member(crm, answer, merged)
    return merged


def former_next_crm(crm: Mapping[str, Any], event_type: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same before engine version 4: a retry is none, and a failure without a message keeps the former one."""
    last_number: list[int] = crm.get("number", [])
    if list(fields.get("number", last_number)) < last_number:
        return None
    resolved = {"code", "message"} if event_type == _LINKED else set()
    remaining = {name: value for name, value in crm.items() if name not in resolved}
    known = {name: value for name, value in fields.items() if name not in _FORMERLY_IGNORED}
    return {**remaining, **known, "result": event_type}


def _next_after_update(crm: Mapping[str, Any], event_type: str, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to an update: its link names the record, its failure stands beside the answer to the hand-over."""
    former: Mapping[str, Any] = crm.get(_UPDATE, {})
    if "number" in answer and answer_rank(answer) < max(answer_rank(crm), answer_rank(former)):
        return None
    numbers = {} if "number" in answer else {name: former[name] for name in ("number", "retry") if name in former}
    said = {name: answer[name] for name in _UPDATE_FIELDS if name in answer}
    merged = {**crm, _UPDATE: {**numbers, **said, "result": event_type}}
    if event_type == _LINKED:
        merged |= {name: answer[name] for name in ("record", "member") if name in answer}
        _drop_former_member(crm, answer, merged)
    return merged


def _drop_former_member(crm: Mapping[str, Any], answer: Mapping[str, Any], merged: dict[str, Any]) -> None:
    """Drops the member of another record: a membership of the campaign is that of one record."""
    if merged.get("record") != crm.get("record") and "member" not in answer:
        merged.pop("member", None)


def _merge(
    crm: Mapping[str, Any], fields: Mapping[str, Any], event_type: str, replaced: tuple[str, ...]
) -> dict[str, Any]:
    merged = {**crm, **fields, "result": event_type}
    for name in replaced:
        if name not in fields:
            merged.pop(name, None)
    return merged


def _bounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with no more of their notes than a lead keeps."""
    answer = dict(fields)
    notes = answer.get("notes")
    if notes:
        answer["notes"] = [{**each, "reason": each["reason"][:MAX_REASON_LENGTH]} for each in notes[:MAX_NOTES]]
        if len(notes) > MAX_NOTES:
            answer["more_notes"] = len(notes) - MAX_NOTES
    return answer


def answer_rank(fields: Mapping[str, Any]) -> _Rank:
    """Rises with each hand-over, and with each retry of one."""
    return list(fields.get("number", ())), fields.get("retry", 0)


def record_rank(crm: Mapping[str, Any]) -> _Rank:
    """Rises with each answer that may have named the record: to a hand-over, and to an update that was linked."""
    update: Mapping[str, Any] = crm.get(_UPDATE, {})
    rank = answer_rank(crm)
    return max(rank, answer_rank(update)) if update.get("result") == _LINKED else rank
