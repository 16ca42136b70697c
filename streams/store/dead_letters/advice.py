"""What an operator can do about a dead letter, by its code."""

from __future__ import annotations

from collections.abc import Mapping

_EDIT = "mend it and send it: `retry --edit`; see that its producer writes it right from now on"
_DEFINE = "define it, if it should be there, then `retry`; or correct the name: `retry --set {0}=NAME`"

ADVICE: Mapping[str, str] = {
    "no_value": "nothing to repair: a tombstone says nothing to an in-topic; `retry --edit-with FILE` sends an event",
    "invalid_json": _EDIT,
    "not_an_object": _EDIT,
    "too_deep": _EDIT,
    "too_large": "make it smaller, or split it into several events: `retry --edit-with FILE`",
    "no_id": "`retry`: what is sent again gets an id of its own; its producer must give one, or repeats count twice",
    "invalid_id": "`retry`: what is sent again gets an id of its own; see that its producer gives a shorter text",
    "no_contact": "say whose event it is: `retry --set contact=ID`",
    "invalid_contact": "say whose event it is: `retry --set contact=ID`",
    "no_opportunity": "say which opportunity it is: `retry --set opportunity=ID`",
    "invalid_opportunity": "say which opportunity it is: `retry --set opportunity=ID`",
    "no_at": "say when it happened: `retry --set at=INSTANT`",
    "invalid_at": "say when it happened: `retry --set at=INSTANT`",
    "invalid_account": "correct the account: `retry --set account=NAME`",
    "unknown_type": "correct it: `retry --set type=NAME`; or `retry` after upgrading to an engine that knows it",
    "wrong_topic": "`retry` sends it to the topic of its type; see that its producer does so, too",
    "not_served": "`retry` after upgrading to an engine that serves it",
    "invalid_field": _EDIT,
    "in_the_future": "`retry` once that instant has come; see that the clock of its producer is right",
    "wrong_property_type": "`retry --set properties.NAME=VALUE`, or declare another type and `retry`",
    "derived_property": "nothing to repair: it follows from another property; see that its producer leaves it out",
    "contact_too_large": "remove properties of the contact, or make the patch smaller: `retry --edit`",
    "too_many_scores": "use one of the contact's scores: `retry --set score=NAME`",
    "unknown_campaign": _DEFINE.format("campaign"),
    "unknown_segment": _DEFINE.format("segment"),
    "segment_not_static": "nothing to repair: its condition decides; `retry --set segment=NAME` names a static one",
    "no_lead": "make the contact a lead first (`leads add`), then `retry`",
    "lead_deleted": "add or reactivate the lead first (`leads add`, `leads reactivate`), then `retry`",
    "contact_not_active": "make the contact active first, then `retry`",
    "campaign_not_running": "`retry` while the campaign runs",
}


def advice_for(code: str) -> str:
    """What to do about a letter of this code."""
    return ADVICE.get(code, "a later engine may know this code; `leadstream dead-letters show` has what was refused")
