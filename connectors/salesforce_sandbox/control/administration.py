"""Control calls for what an administrator does: fields, rules, access, settings; and for the org's clock."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.control.actions import ControlActions, ControlBody
from connectors.salesforce_sandbox.org import Org, OrgSettings
from connectors.salesforce_sandbox.records import writes
from connectors.salesforce_sandbox.records.currencies import activate_currencies
from connectors.salesforce_sandbox.records.duplicates import DuplicateRule
from connectors.salesforce_sandbox.records.schema import FIELD_TYPES, SObjectField
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.records.validation import ValidationRule
from connectors.salesforce_sandbox.soql.parser import parse_condition

_ACCESS = ("none", "read", "edit")
_ORG_SETTINGS = frozenset(each.name for each in fields(OrgSettings))
_OTHER_SETTINGS = frozenset({"duplicate_rule", "refuse_login", "expire_tokens"})


def _define_field(org: Org, body: ControlBody) -> ControlBody:
    former = writes.require_sobject(org, body["sobject"])
    name = body["name"]
    if body.get("remove"):
        sobject = former.without_field(name)
    else:
        parts = {key: value for key, value in body.items() if key not in ("sobject", "remove")}
        known = former.fields.get(name)
        if parts.setdefault("type", known.type if known else "string") not in FIELD_TYPES:
            raise ValueError(f"unknown type {parts['type']!r}: one of {', '.join(FIELD_TYPES)}")
        for key in ("picklist", "refers_to"):
            if key in parts:
                parts[key] = tuple(parts[key])
        given = {each.name: getattr(known, each.name) for each in fields(SObjectField)} if known else {}
        sobject = former.with_field(SObjectField(**{**given, **parts}))
    org.schema[sobject.name] = sobject
    org.store.redefine(former, sobject)
    return {} if body.get("remove") else sobject.fields[name].describe()


def _set_object_access(org: Org, body: ControlBody) -> None:
    name = body["sobject"]
    if name not in org.schema:
        raise ValueError(f"no such object: {name}")
    if body.get("visible", True):
        org.hidden_objects.discard(name)
    else:
        org.hidden_objects.add(name)


def _add_duplicate_rule(org: Org, body: ControlBody) -> None:
    parts: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
    parts.setdefault("match", (parts.get("sobject", "Lead"),))
    org.duplicate_rules.append(DuplicateRule(**parts))


def _add_validation_rule(org: Org, body: ControlBody) -> None:
    sobject = writes.require_sobject(org, body["sobject"])
    rule = ValidationRule(sobject.name, parse_condition(body["when"]), body["message"], body.get("field"))
    org.validation_rules.append(rule)


def _add_assignment_rule(org: Org, body: ControlBody) -> SandboxRow:
    name = body.get("name", "Standard")
    return org.assignment_rules.add(org.store, name, body["owner"], active=bool(body.get("active", True)))


def _restrict_record(org: Org, body: ControlBody) -> None:
    access = body.get("access", "none")
    if access not in _ACCESS:
        raise ValueError(f"unknown access {access!r}: one of {', '.join(_ACCESS)}")
    org.store.restrict(ids.to_18(body["id"]), access)


def _hide_record(org: Org, body: ControlBody) -> None:
    record_id = ids.to_18(body["id"])
    sobject = next(each for each in org.schema.values() if org.store.get(each.name, record_id) is not None)
    org.store.hide(sobject, record_id, float(body["seconds"]), float(body.get("stamped_ago", 0)))


def _set_clock(org: Org, body: ControlBody) -> None:
    if "at" in body:
        org.store.set_clock(datetime.fromisoformat(body["at"]))
    else:
        org.store.advance_clock(float(body["advance"]))


def _activate_currencies(org: Org, body: ControlBody) -> None:
    activate_currencies(org.store, org.schema, body["corporate"], body.get("rates", {}))


def _start_outage(org: Org, body: ControlBody) -> None:
    org.outage_end = org.store.now() + timedelta(seconds=float(body["seconds"]))


def _set_certificate(org: Org, body: ControlBody) -> None:
    client = org.oauth_client
    client.public_key = str(body["public_key"])
    client.username = str(body["username"])
    client.is_approved = bool(body.get("approved", True))
    client.is_test_org = bool(body.get("test_org", False))


def _apply_settings(org: Org, body: ControlBody) -> None:
    names = _ORG_SETTINGS | _OTHER_SETTINGS
    if unknown := set(body) - names:
        raise ValueError(f"unknown setting {sorted(unknown)[0]!r}: one of {', '.join(sorted(names))}")
    for name in _ORG_SETTINGS & set(body):
        setattr(org.settings, name, type(getattr(org.settings, name))(body[name]))
    if "duplicate_rule" in body:
        org.duplicate_rules[:] = [DuplicateRule()] if body["duplicate_rule"] else []
    if "refuse_login" in body:
        org.oauth_client.is_refused = bool(body["refuse_login"])
    if body.get("expire_tokens"):
        org.oauth_client.tokens.clear()


ACTIONS: ControlActions = {
    "field": _define_field,
    "object": _set_object_access,
    "duplicate_rule": _add_duplicate_rule,
    "validation_rule": _add_validation_rule,
    "assignment_rule": _add_assignment_rule,
    "restrict": _restrict_record,
    "hide": _hide_record,
    "clock": _set_clock,
    "currencies": _activate_currencies,
    "outage": _start_outage,
    "certificate": _set_certificate,
    "settings": _apply_settings,
}
