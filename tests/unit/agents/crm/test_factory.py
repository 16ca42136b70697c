"""The field mapping of hand-overs comes from the account's latest release."""

from __future__ import annotations

from typing import Any

import msgspec

from agents.crm.factory import active_mapping, active_time_zone
from schemas.definitions import Salesforce
from streams.engine.releases.release_log import ReleaseLog

LEAD_FIELDS = {"LastName": {"value": "Mapped"}, "Company": {"property": "company", "default": "none"}}


def log_with(definitions: dict[str, Any]) -> ReleaseLog:
    """The log of one account, `acme`, with one release."""
    log = ReleaseLog("wall")
    record = {"type": "definitions.applied", "id": "r1", "account": "acme", "based_on": 0}
    marker = log.add(
        0,
        1,
        b"acme",
        msgspec.json.encode(record | {"definitions": {"account": "acme", "engine_version": 4, **definitions}}),
    )
    assert marker is not None
    return log


def test_an_account_with_lead_fields_has_these() -> None:
    log = log_with({"salesforce": {"lead_fields": LEAD_FIELDS, "assign": True}})
    mapping = active_mapping(log.latest)("acme")
    assert (set(mapping.lead_fields), mapping.assign) == ({"LastName", "Company"}, True)


def test_without_a_release_or_a_mapping_the_default_one_holds() -> None:
    assert active_mapping(log_with({}).latest)("acme") == Salesforce()
    assert active_mapping(ReleaseLog("wall").latest)("acme") == Salesforce()


def test_the_days_of_an_account_are_those_of_its_time_zone() -> None:
    assert active_time_zone(log_with({"time_zone": "Asia/Tokyo"}).latest)("acme") == "Asia/Tokyo"
    assert active_time_zone(ReleaseLog("wall").latest)("acme") == "UTC"
