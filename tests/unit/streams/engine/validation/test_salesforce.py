"""SPEC section 8: what a mapping to Salesforce may say, and what is refused with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.engine_versions import EngineVersion
from streams.engine.validation import validate_definitions

SPRING_ID = "701xx0000000001AAA"
SHORT_ID = "701xx0000000001"


def faults(mapping: Any, *targets: Any, **definitions: Any) -> dict[str, str]:
    """Path below the document -> message, of an account with this mapping and a campaign for each target."""
    campaigns = [{"id": f"c{number}", "salesforce": target} for number, target in enumerate(targets)]
    raw = {"segments": [{"id": "silent"}], "salesforce": mapping, "campaigns": campaigns, **definitions}
    return {".".join(map(str, problem.path)): problem.message for problem in validate_definitions(raw).problems}


def test_the_whole_grammar_is_accepted() -> None:
    mapping = {
        "lead_fields": {
            "Company": {"property": "company", "default": "[not provided]"},
            "Plan__c": {"property": "plan", "write": "empty"},
            "LeadSource": {"value": "Web", "write": "always"},
        },
        "match": ["email"],
        "assign": "01Qxx0000000001AAA",
        "do_not_sync": {"any": [{"segment": "silent"}, {"visit": {"path": {"eq": "/opt-out"}}, "within": "30d"}]},
        "updates": [
            {"on": "lead.rejected", "fields": {"Status": {"value": "Unqualified"}}},
            {"on": "contact.status", "fields": {"HasOptedOutOfEmail": {"value": True, "write": "always"}}},
            {"on": {"property": "consent"}, "fields": {"Consent__c": {"property": "consent"}}},
        ],
        "attribution": "contact_roles",
        "opportunities": {"since": "2026-01-01"},
    }
    assert faults(mapping, {"campaign": SPRING_ID, "member_status": "Responded"}) == {}
    assert faults({"assign": True}) == {}


@pytest.mark.parametrize(
    "assign", ["01Q", "00Qxx0000000001AAA", "01Qxx000000000 AAA", "01Qxx0000000001AA", "", "True"]
)
def test_assign_is_a_switch_or_the_id_of_a_rule(assign: str) -> None:
    message = faults({"assign": assign})["salesforce.assign"]
    assert "15 or 18 letters and digits that begin with 01Q" in message
    assert ("write assign: true without quotes" in message) is (assign == "True")


@pytest.mark.parametrize("campaign", ["701", "00Qxx0000000001AAA", "spring", "701xx0000000001AA", "701xx000000000-"])
def test_the_id_of_a_campaign_has_15_or_18_characters_and_begins_with_701(campaign: str) -> None:
    message = faults({}, {"campaign": campaign})["campaigns.0.salesforce.campaign"]
    assert "has 15 or 18 letters and digits and begins with 701" in message


@pytest.mark.parametrize("campaign", ["", "  "])
def test_an_empty_id_of_a_campaign_is_named_so(campaign: str) -> None:
    assert faults({}, {"campaign": campaign})["campaigns.0.salesforce.campaign"].startswith("it is empty")


@pytest.mark.parametrize("second", [SPRING_ID, SHORT_ID])
def test_a_salesforce_campaign_stands_in_one_campaign_only(second: str) -> None:
    message = f"campaign c0 has {second} too: a Salesforce campaign stands in one campaign only"
    found = faults({}, {"campaign": SPRING_ID}, {"campaign": second})
    assert found == {"campaigns.1.salesforce.campaign": message}


def test_ids_that_differ_in_case_are_two() -> None:
    assert faults({}, {"campaign": "701xx000000000a"}, {"campaign": "701xx000000000A"}) == {}


@pytest.mark.parametrize("status", ["", " "])
def test_a_member_status_is_not_empty(status: str) -> None:
    target = {"campaign": SPRING_ID, "member_status": status}
    assert "it is empty" in faults({}, target)["campaigns.0.salesforce.member_status"]


@pytest.mark.parametrize(
    ("source", "place", "part"),
    [
        ({}, "", "takes its value from property: or value:, one of them"),
        ({"property": "a", "value": 1}, "", "takes its value from property: or value:, one of them"),
        ({"value": 1, "default": 2}, ".default", "a fixed value is always there"),
        ({"value": None}, ".value", "null is no value to write"),
        ({"property": ""}, ".property", "the name of a property is needed"),
        ({"property": "a", "write": "alway"}, ".write", "did you mean always?"),
        ({"property": "a", "wirte": "always"}, ".wirte", "did you mean write?"),
    ],
)
def test_a_field_says_where_its_value_comes_from(source: dict[str, Any], place: str, part: str) -> None:
    assert part in faults({"lead_fields": {"Company": source}})[f"salesforce.lead_fields.Company{place}"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "no API name of a field"),
        ("First Name", "no API name of a field"),
        ("Leadstream_Id__c", "not for the mapping"),
        ("leadstream_written__C", "not for the mapping"),
        ("Id", "not for the mapping"),
    ],
)
def test_a_field_has_an_api_name_of_its_own(name: str, part: str) -> None:
    assert part in faults({"lead_fields": {name: {"value": 1}}})[f"salesforce.lead_fields.{name}"]


def test_names_of_fields_do_not_differ_in_case_alone() -> None:
    fields = {"Company": {"value": 1}, "company": {"value": 2}}
    assert "are one field" in faults({"lead_fields": fields})["salesforce.lead_fields.company"]


def update(on: Any, **source: Any) -> dict[str, Any]:
    return {"on": on, "fields": {"Status": source or {"value": "Unqualified"}}}


@pytest.mark.parametrize(
    ("on", "place", "part"),
    [
        ("lead.reject", "", "did you mean lead.rejected?"),
        ("bounced", "", "one of: lead.rejected, contact.status, {property: NAME}"),
        (7, "", "one of: lead.rejected, contact.status, {property: NAME}"),
        ({"propery": "a"}, ".propery", "did you mean property?"),
        ({"property": ""}, ".property", "the name of a property is needed"),
    ],
)
def test_an_update_names_its_occasion(on: Any, place: str, part: str) -> None:
    assert part in faults({"updates": [update(on)]})[f"salesforce.updates.0.on{place}"]


@pytest.mark.parametrize("on", ["lead.rejected", "contact.status", {"property": "a"}])
def test_an_occasion_stands_in_one_update_only(on: Any) -> None:
    found = faults({"updates": [update(on), update(on)]})
    assert "put all of its fields into one" in found["salesforce.updates.1.on"]
    assert faults({"updates": [update(on), update({"property": "b"})]}) == {}


@pytest.mark.parametrize(
    ("source", "place", "part"),
    [
        ({"property": "a", "default": 1}, ".default", "an update makes none"),
        ({"property": "a", "write": "create"}, ".write", "one of: empty, always"),
        ({}, "", "property: or value:"),
    ],
)
def test_an_update_never_makes_a_record(source: dict[str, Any], place: str, part: str) -> None:
    found = faults({"updates": [{"on": "lead.rejected", "fields": {"Status": source}}]})
    assert part in found[f"salesforce.updates.0.fields.Status{place}"]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ({"on": "lead.rejected", "fields": {}}, "0.fields"),
        ({"on": "lead.rejected"}, "0"),
        ({"fields": {"Status": {"value": 1}}}, "0"),
        ("lead.rejected", "0"),
    ],
)
def test_an_update_says_when_and_what(written: Any, place: str) -> None:
    assert f"salesforce.updates.{place}" in faults({"updates": [written]})


def test_match_names_each_field_once() -> None:
    assert "leave one out" in faults({"match": ["email", "email"]})["salesforce.match"]
    assert "did you mean email?" in faults({"match": ["emial"]})["salesforce.match.0"]


@pytest.mark.parametrize(
    ("condition", "place", "part"),
    [
        ({"segment": "silnt"}, ".segment", "did you mean silent?"),
        ({"points": {"gte": 1}}, "", "only in automation rules"),
        ({"propert": "a"}, ".propert", "unknown condition"),
        ({"property": "email", "gt": 1}, ".gt", "gt"),
        ({"not": {"all": [{"property": "a", "eq": None}]}}, ".not.all.0.eq", "null is no value"),
    ],
)
def test_do_not_sync_is_a_condition_like_any_other(condition: dict[str, Any], place: str, part: str) -> None:
    assert part in faults({"do_not_sync": condition})[f"salesforce.do_not_sync{place}"]


def test_what_the_plan_lacks_is_refused_by_name() -> None:
    found = faults({"do_not_sync": {"property": "consent", "eq": "no"}}, plan="premium")
    assert found["salesforce.do_not_sync.property"] == (
        "do_not_sync of salesforce: conditions on custom properties (consent) need the plan enterprise;"
        " this account's is premium"
    )


def test_a_property_that_is_not_declared_may_be_meant_so_only_a_similar_name_is_asked_about() -> None:
    mapping = {
        "lead_fields": {"Company": {"property": "compny"}, "Shoe__c": {"property": "shoe_size"}},
        "updates": [{"on": {"property": "contry"}, "fields": {"Country": {"property": "country"}}}],
        "do_not_sync": {"property": "emial", "exists": True},
    }
    result = validate_definitions({"salesforce": mapping})
    assert result.problems == []
    assert {".".join(map(str, each.path)): each.message.split("; ")[1] for each in result.warnings} == {
        "salesforce.lead_fields.Company.property": "is company meant?",
        "salesforce.updates.0.on.property": "is country meant?",
        "salesforce.do_not_sync.property": "is email meant?",
    }


@pytest.mark.parametrize(
    "mapping",
    [
        {"match": ["email"]},
        {"assign": False},
        {"do_not_sync": {"any": []}},
        {"updates": []},
        {"attribution": "contact_roles"},
        {"opportunities": {}},
        {"lead_fields": {"Company": {"property": "company", "write": "always"}}},
    ],
)
def test_the_newer_words_need_engine_version_4(mapping: dict[str, Any]) -> None:
    [message] = faults(mapping, engine_version=3).values()
    assert "needs engine version 4" in message


@pytest.mark.parametrize("version", [3, 4])
def test_what_a_release_of_version_3_said_of_campaigns_and_fields_stays_valid(version: EngineVersion) -> None:
    mapping = {"lead_fields": {"First Name": {"value": 1, "default": 2}}}
    targets = ({"campaign": "spring"}, {"campaign": "spring", "member_status": ""})
    assert bool(faults(mapping, *targets, engine_version=version)) is (version == 4)
