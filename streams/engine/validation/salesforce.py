"""Validates the mapping to Salesforce: the account's part, and that of each campaign.

What it refuses is part of an engine version: a release of an older version stays as valid as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from schemas.definitions import FieldWrite, LeadField, LeadUpdate, PropertyChange, Salesforce
from streams.engine.validation.conditions import PLACEHOLDER_CONDITION, condition_problems
from streams.engine.validation.context import ValidationContext
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.schema import schema_problems
from streams.hints import describe_value, suggestion

MAPPING_VERSION = 4
"""The engine version from which on the names and sources of fields and the ids of campaigns are looked at closely.

The other parts of the mapping are none of an older version (`versions`), so they are looked at in each.
"""

_OWN_FIELDS = frozenset(
    {"leadstream_id__c", "leadstream_number__c", "leadstream_campaign__c", "leadstream_written__c", "id"}
)
"""Fields that nobody maps, folded: Leadstream writes them, or the CRM does."""

_OCCASIONS = ("lead.rejected", "contact.status")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_CAMPAIGN_ID = re.compile(r"701[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\Z")
_RULE_ID = re.compile(r"01Q[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\Z")
_CASE_SENSITIVE_LENGTH = 15
"""The first characters of an id; the three that may follow say nothing more."""

_SALESFORCE: DocumentPath = ("salesforce",)


def salesforce_problems(raw: object, context: ValidationContext) -> list[Problem]:
    """Returns the faults of the account's mapping, beside what `mapping_frame` lets the schema find."""
    if not isinstance(raw, Mapping):
        return []
    problems = list(_field_problems(raw.get("lead_fields"), (*_SALESFORCE, "lead_fields"), context))
    problems += _update_problems(raw.get("updates"), (*_SALESFORCE, "updates"), context)
    problems += _match_problems(raw.get("match"))
    problems += _assign_problems(raw.get("assign", False))
    if raw.get("do_not_sync") is not None:
        problems += condition_problems(raw["do_not_sync"], context, "segment", (*_SALESFORCE, "do_not_sync"))
    return problems


def mapping_frame(raw: object) -> object:
    """Returns the mapping without the parts that `salesforce_problems` looks at by itself, for its schema."""
    if not isinstance(raw, Mapping):
        return raw
    frame = dict(raw)
    if frame.get("do_not_sync") is not None:
        frame["do_not_sync"] = PLACEHOLDER_CONDITION
    if isinstance(frame.get("updates"), list):
        frame["updates"] = []
    if isinstance(frame.get("assign"), str):
        frame["assign"] = False
    return frame


def campaign_id_problems(campaigns: Iterable[object], context: ValidationContext) -> list[Problem]:
    """Returns what is wrong with the Salesforce campaigns that campaigns name; one stands in one campaign only."""
    if context.engine_version < MAPPING_VERSION:
        return []
    problems: list[Problem] = []
    owners: dict[str, object] = {}
    for number, campaign in enumerate(campaigns):
        if not isinstance(campaign, Mapping) or not isinstance(campaign.get("salesforce"), Mapping):
            continue
        target = campaign["salesforce"]
        path: DocumentPath = ("campaigns", number, "salesforce")
        problems += _member_status_problems(target, path)
        crm_id = target.get("campaign")
        if not isinstance(crm_id, str):
            continue  # the schema reports it
        owner = owners.setdefault(crm_id[:_CASE_SENSITIVE_LENGTH], campaign.get("id"))
        if not _CAMPAIGN_ID.match(crm_id):
            problems.append(Problem((*path, "campaign"), _campaign_id_fault(crm_id)))
        elif owner != campaign.get("id"):
            message = f"campaign {owner} has {crm_id} too: a Salesforce campaign stands in one campaign only"
            problems.append(Problem((*path, "campaign"), message))
    return problems


def _campaign_id_fault(crm_id: str) -> str:
    needed = "the id of a Salesforce campaign has 15 or 18 letters and digits and begins with 701"
    if not crm_id.strip():
        return f"it is empty; {needed}; without salesforce: the campaign has none"
    return f"{describe_value(crm_id)} is none: {needed}, as in the address of its page"


def _member_status_problems(target: Mapping[str, Any], path: DocumentPath) -> list[Problem]:
    status = target.get("member_status")
    if not isinstance(status, str) or status.strip():
        return []
    message = "it is empty; name a status of the campaign's members, or leave it out for the campaign's default"
    return [Problem((*path, "member_status"), message)]


def _field_problems(fields: object, path: DocumentPath, context: ValidationContext) -> Iterator[Problem]:
    """Yields what is wrong with a mapping of field names to where their values come from."""
    if not isinstance(fields, Mapping):
        return
    is_strict = context.engine_version >= MAPPING_VERSION
    names: dict[str, str] = {}
    for name, source in fields.items():
        here = (*path, str(name))
        if is_strict and isinstance(name, str):
            yield from _name_problems(name, names, here)
        if not isinstance(source, Mapping):
            continue  # the schema reports it
        if ("property" in source) == ("value" in source):
            yield Problem(here, "a field takes its value from property: or value:, one of them")
        elif is_strict:
            yield from _source_problems(source, here)


def _name_problems(name: str, names: dict[str, str], path: DocumentPath) -> Iterator[Problem]:
    """Yields what is wrong with the name of a field; `names` are those before it, by their folded form."""
    former = names.setdefault(name.casefold(), name)
    if not _FIELD_NAME.match(name):
        yield Problem(path, f"{describe_value(name)} is no API name of a field, such as Company or Plan__c")
    elif name.casefold() in _OWN_FIELDS:
        yield Problem(path, f"{name} is not for the mapping: it is written by Leadstream or by Salesforce itself")
    elif former != name:
        yield Problem(path, f"{former} and {name} are one field for Salesforce: leave one out")


def _source_problems(source: Mapping[str, Any], path: DocumentPath) -> Iterator[Problem]:
    if "property" in source and (source["property"] is None or source["property"] == ""):
        yield Problem((*path, "property"), "the name of a property is needed")
    if "value" in source and source["value"] is None:
        yield Problem((*path, "value"), "null is no value to write; leave the field out to leave it as it is")
    if "value" in source and "default" in source:
        message = (
            "a default stands in for a property without a value, and a fixed value is always there: leave it out"
        )
        yield Problem((*path, "default"), message)


def _update_problems(updates: object, path: DocumentPath, context: ValidationContext) -> Iterator[Problem]:
    if not isinstance(updates, list):
        return  # the schema reports it
    occasions: set[str] = set()
    for number, update in enumerate(updates):
        here = (*path, number)
        if not isinstance(update, Mapping):
            yield from schema_problems(LeadUpdate, update, here)
            continue
        framed = {**update, "on": _OCCASIONS[0]} if "on" in update else update
        yield from schema_problems(LeadUpdate, framed, here)
        if "on" in update:
            yield from _occasion_problems(update["on"], occasions, (*here, "on"))
        fields = update.get("fields")
        if fields == {}:
            yield Problem((*here, "fields"), "an update writes something: fields: {Status: {value: Unqualified}}")
        yield from _field_problems(fields, (*here, "fields"), context)
        yield from _update_field_problems(fields, (*here, "fields"))


def _update_field_problems(fields: object, path: DocumentPath) -> Iterator[Problem]:
    """Yields what cannot be meant in an update, because that never makes a record."""
    for name, source in fields.items() if isinstance(fields, Mapping) else ():
        if not isinstance(source, Mapping):
            continue
        here = (*path, str(name))
        if "default" in source and "value" not in source:
            message = "a default is written where a record is made, and an update makes none: leave it out"
            yield Problem((*here, "default"), message)
        if source.get("write") == "create":
            others = ", ".join(each for each in get_args(FieldWrite) if each != "create")
            message = f"an update makes no record, so this would never be written; one of: {others}"
            yield Problem((*here, "write"), message)


def _occasion_problems(on: object, occasions: set[str], path: DocumentPath) -> Iterator[Problem]:
    """Yields what is wrong with an occasion; `occasions` are those before it."""
    choices = [*_OCCASIONS, "{property: NAME}"]
    if isinstance(on, Mapping):
        problems = schema_problems(PropertyChange, on, path)
        if not problems and not on["property"]:
            problems = [Problem((*path, "property"), "the name of a property is needed")]
        if problems:
            yield from problems
            return
        occasion = f"property {on['property']}"
    elif isinstance(on, str) and on in _OCCASIONS:
        occasion = on
    else:
        yield Problem(path, f"{describe_value(on)} is no occasion{suggestion(on, choices)}")
        return
    if occasion in occasions:
        yield Problem(path, f"there is another update on {occasion}: put all of its fields into one")
    occasions.add(occasion)


def _match_problems(match: object) -> list[Problem]:
    if not isinstance(match, list) or len({str(each) for each in match}) == len(match):
        return []
    return [Problem((*_SALESFORCE, "match"), "one of them stands here twice: leave one out")]


def _assign_problems(assign: object) -> list[Problem]:
    path = (*_SALESFORCE, "assign")
    if isinstance(assign, bool) or not isinstance(assign, str):
        return []  # the schema reports it
    if _RULE_ID.match(assign):
        return []
    needed = "true, false, or the id of an assignment rule: 15 or 18 letters and digits that begin with 01Q"
    hint = f"; write assign: {assign.lower()} without quotes" if assign.lower() in ("true", "false") else ""
    return [Problem(path, f"{describe_value(assign)} is none of these: {needed}{hint}")]


def mapped_properties(salesforce: Salesforce) -> Iterator[str]:
    """Yields every property that the mapping reads, without those of `do_not_sync`."""
    for fields in (salesforce.lead_fields, *(update.fields for update in salesforce.updates)):
        yield from (source.property for source in fields.values() if source.property is not None)
    for update in salesforce.updates:
        if isinstance(update.on, PropertyChange):
            yield update.on.property


def newer_mapping_words(salesforce: Salesforce) -> Iterator[tuple[DocumentPath, str]]:
    """Yields the words of the mapping that engine version 3 does not know, each with its place."""
    for word in ("match", "assign", "do_not_sync", "updates", "attribution", "opportunities"):
        if word in salesforce.model_fields_set:
            yield (*_SALESFORCE, word), word
    for name, source in salesforce.lead_fields.items():
        if _has_write(source):
            yield (*_SALESFORCE, "lead_fields", name, "write"), "write"


def _has_write(source: LeadField) -> bool:
    return "write" in source.model_fields_set
