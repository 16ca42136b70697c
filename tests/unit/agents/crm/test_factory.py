"""The field mapping of hand-overs comes from the account's latest release."""

from __future__ import annotations

from typing import Any

import msgspec

from agents.crm.factory import active_mapping, active_target, active_time_zone
from connectors.salesforce.handover.handover_records import CampaignTarget, HandOverCause, LeadHandOver
from schemas.definitions import Salesforce
from streams.engine.releases.release_log import ReleaseLog
from tests.harness.salesforce.handovers import lead_of
from tests.harness.salesforce.sandbox import AUTUMN, SPRING

LEAD_FIELDS = {"LastName": {"value": "Mapped"}, "Company": {"property": "company", "default": "none"}}


def log_with(*releases: dict[str, Any]) -> ReleaseLog:
    """The log of one account, `acme`, with these releases."""
    log = ReleaseLog("wall")
    for number, definitions in enumerate(releases):
        record = {"type": "definitions.applied", "id": f"r{number + 1}", "account": "acme", "based_on": number}
        document = {"account": "acme", "engine_version": 4, **definitions}
        marker = log.add(number, number + 1, b"acme", msgspec.json.encode(record | {"definitions": document}))
        assert marker is not None
    return log


def naming(crm: str | None, of: str = "spring-trial") -> dict[str, Any]:
    """Definitions with a campaign that names one of Salesforce."""
    salesforce = {} if crm is None else {"salesforce": {"campaign": crm, "member_status": "Sent"}}
    return {"campaigns": [{"id": of, **salesforce}]}


def decided_by(release: int | None) -> LeadHandOver:
    """A hand-over to SPRING that a release decided."""
    return msgspec.structs.replace(lead_of(account="acme"), cause=HandOverCause(release))


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


def test_the_salesforce_campaign_is_the_one_that_the_latest_release_names() -> None:
    target = active_target(log_with(naming(SPRING), naming(AUTUMN)).latest)
    assert target(decided_by(1)) == target(decided_by(None)) == CampaignTarget(AUTUMN, "Sent")


def test_a_campaign_that_names_none_of_salesforce_any_more_has_no_members() -> None:
    assert active_target(log_with(naming(SPRING), naming(None)).latest)(decided_by(1)) is None


def test_a_campaign_that_is_defined_no_more_keeps_its_salesforce_campaign() -> None:
    kept = CampaignTarget(SPRING, "Responded")
    assert active_target(log_with(naming(SPRING), naming(AUTUMN, "other")).latest)(decided_by(1)) == kept
    assert active_target(ReleaseLog("wall").latest)(decided_by(1)) == kept


def test_a_hand_over_of_a_release_that_is_not_read_yet_says_itself_where_it_goes() -> None:
    """The pipeline knew release 2 before this process did: what release 1 says is out of date."""
    assert active_target(log_with(naming(None)).latest)(decided_by(2)) == CampaignTarget(SPRING, "Responded")
