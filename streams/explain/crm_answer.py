"""Says who decided about a lead, and what the CRM answered to its hand-overs, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OUTCOMES = {
    "won": "an opportunity of it is won",
    "open": "an opportunity of it is open",
    "lost": "its opportunities are lost",
}
_RETRY_HINT = "`leadstream salesforce refused retry` sends it again"


def decision_text(change: Mapping[str, Any]) -> str | None:
    """Who decided a change of status, from its output: `qualified by anna on ...`; None where none is named."""
    cause = change["cause"]
    if cause["kind"] == "command":
        return f"{change['to']} by {cause.get('by', 'a command that names nobody')} on {change['at']}"
    if cause["kind"] == "automation" and "rule" in cause:
        return f"{change['to']} by rule {cause['rule']} on {change['at']}"
    if cause["kind"] == "cascade":
        return f"{change['to']} on {change['at']} because the contact's status changed"
    return None


def crm_reasons(crm: Mapping[str, Any]) -> Iterator[str]:
    """Yields what the CRM said of the lead; nothing where it said nothing and nothing is on its way."""
    if "record" in crm:
        member = f", member {crm['member']} of the campaign" if "member" in crm else ""
        yield f"the CRM has the contact as record {crm['record']}{member}"
    if "code" in crm:
        yield _failure_text(crm)
    elif "kept_back" in crm:
        yield f"not handed over on {crm['kept_back']}: the account's condition do_not_sync held"
    elif "handed_over" in crm and not crm.keys() & {"hand_over", "number", "record"}:
        yield f"handed over on {crm['handed_over']}; the CRM has not answered yet"
    elif "retry" in crm:
        yield f"the last hand-over went through when it was repeated by hand ({_repeat_text(crm)})"
    yield from _notes_texts(crm, "the last hand-over")
    update = crm.get("update", {})
    if "code" in update:
        yield _failure_text(update, "update")
    yield from _notes_texts(update, "the last update")
    if "outcome" in crm:
        yield _outcome_text(crm)


def _failure_text(crm: Mapping[str, Any], what: str = "hand-over") -> str:
    code, message = crm["code"], crm.get("message", "")
    reason = f"{code}: {message}" if message else str(code)
    if code == "do_not_sync":
        told = "not handed over" if what == "hand-over" else f"the last {what} was not sent"
        return f"{told}: the account's condition do_not_sync held"
    if code == "deleted_in_crm":
        return "somebody deleted its record in the CRM; it is not made again"
    repeat = f", {_repeat_text(crm)} by hand" if "retry" in crm else ""
    number = f" {'/'.join(map(str, crm['number']))}" if "number" in crm else ""
    return f"the CRM refused {what}{number}{repeat}: {reason}; {_RETRY_HINT}"


def _notes_texts(answer: Mapping[str, Any], what: str) -> Iterator[str]:
    """What was cut or left out of the values that the CRM took, field by field."""
    for note in answer.get("notes", ()):
        did = "cut" if note["note"] == "cut" else "left out"
        yield f"{note['field']} was {did} in {what}: {note['reason']}"
    if more := answer.get("more_notes"):
        yield f"{more} more values were cut or left out in {what}; crm-results names them"


def _repeat_text(crm: Mapping[str, Any]) -> str:
    return f"repeat {crm['retry']}"


def _outcome_text(crm: Mapping[str, Any]) -> str:
    """What the lead's opportunities say together: the one that changed last may be none of those that are won."""
    text = _OUTCOMES.get(crm["outcome"], "no opportunity of it is left")
    amounts = crm.get("amounts") or ({crm.get("currency", ""): crm["amount"]} if "amount" in crm else {})
    sums = ", ".join(f"{amount} {currency}".rstrip() for currency, amount in amounts.items())
    shown = f" ({sums})" if sums and crm["outcome"] in _OUTCOMES else ""
    return f"{text}{shown}, the last that changed is {crm.get('opportunity', 'unknown')}"
