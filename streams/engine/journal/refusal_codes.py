"""Lists every code of a dead letter and its meaning.

`python -m streams.engine.journal.refusal_codes` prints the table of docs/dead-letters.md.
"""

from __future__ import annotations

from collections.abc import Mapping

INGEST_CODES: Mapping[str, str] = {
    "no_value": "the record has no value; an in-topic has no use for a tombstone",
    "invalid_json": "the value is not JSON in UTF-8",
    "not_an_object": "the value is JSON, but not an object",
    "too_deep": "objects and lists are nested too deeply",
    "too_large": "the event in its journal form is larger than a record may be",
    "no_id": "`id` is missing or empty",
    "invalid_id": "`id` is not text of at most 255 characters",
    "no_contact": "neither `contact` nor the record's key says whose event it is",
    "invalid_contact": "`contact` (or the key) is not text up to 255 characters without control characters",
    "no_opportunity": "neither `opportunity` nor the record's key says which opportunity it is",
    "invalid_opportunity": "`opportunity` (or the key in its place) is not text up to 255 characters",
    "no_at": "`at` is missing",
    "invalid_at": "`at` is not an RFC 3339 instant between the years 1900 and 2999",
    "invalid_account": "`account` is not a slug: letters, digits, `-`, `_`",
    "unknown_type": "`type` is missing, or no event type has this name",
    "wrong_topic": "events of this type belong in another topic",
    "not_served": "the type, or events of anonymous visitors, are not served yet",
    "invalid_field": "a field of the event's type is missing or of the wrong kind",
    "in_the_future": "on the wall clock: `at` is further ahead of the record's arrival than allowed",
}

DECISION_CODES: Mapping[str, str] = {
    "wrong_property_type": "the property is declared with another type, or holds a number that no double can hold;"
    " the rest of the patch applied",
    "derived_property": "the property is derived and cannot be set; the rest of the patch applied",
    "contact_too_large": "the contact's properties would be larger than is kept of a contact; none was changed",
    "too_many_scores": "the contact has as many named scores as are kept of a contact",
    "unknown_campaign": "the release in force has no campaign of that name",
    "unknown_segment": "the release in force has no segment of that name",
    "segment_not_static": "a dynamic segment's condition alone decides who is a member",
    "no_lead": "the contact has no lead in that campaign",
    "lead_deleted": "the lead is deleted; it can only be added anew or reactivated",
    "contact_not_active": "the contact's status does not allow it to become a lead",
    "campaign_not_running": "the campaign is paused, not yet started or over, and takes no new leads",
}

REFUSAL_CODES: Mapping[str, str] = {**INGEST_CODES, **DECISION_CODES}


def codes_table() -> str:
    """The codes as a Markdown table."""
    rows = [f"| `{code}` | {meaning} |" for code, meaning in REFUSAL_CODES.items()]
    return "\n".join(["| code | what it means |", "|---|---|", *rows])


if __name__ == "__main__":
    print(codes_table())  # noqa: T201 - that is what the module is run for
