"""The field mapping of hand-overs comes from the account's latest release."""

from __future__ import annotations

from typing import Any

import msgspec

from agents.crm.factory import active_mapping
from connectors.salesforce.handover.mapping import DEFAULT_LEAD_FIELDS
from streams.engine.releases.release_log import ReleaseLog

LEAD_FIELDS = {"LastName": {"value": "Mapped"}, "Company": {"property": "company", "default": "none"}}


def log_with(definitions: dict[str, Any]) -> ReleaseLog:
    """The log of one account, `acme`, with one release."""
    log = ReleaseLog("wall")
    record = {"type": "definitions.applied", "id": "r1", "account": "acme", "based_on": 0}
    marker = log.add(0, 1, b"acme", msgspec.json.encode(record | {"definitions": {"account": "acme", **definitions}}))
    assert marker is not None
    return log


def test_an_account_with_lead_fields_has_these() -> None:
    log = log_with({"salesforce": {"lead_fields": LEAD_FIELDS}})
    assert set(active_mapping(log.latest)("acme")) == {"LastName", "Company"}
    assert active_mapping(log.latest)("acme") != DEFAULT_LEAD_FIELDS


def test_without_a_release_or_lead_fields_the_default_ones_hold() -> None:
    assert active_mapping(log_with({}).latest)("acme") == DEFAULT_LEAD_FIELDS
    assert active_mapping(ReleaseLog("wall").latest)("acme") == DEFAULT_LEAD_FIELDS
