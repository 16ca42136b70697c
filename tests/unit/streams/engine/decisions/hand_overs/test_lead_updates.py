"""SPEC section 8: who is not handed over, and what goes out of a lead after its hand-over."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.outputs.handovers import LeadHandedOver, LeadUpdated
from schemas.values import instant_text
from tests.harness.engine.engine_driver import EngineDriver, day, outputs_of_topic

ASK = {"id": "ask", "dynamic": True, "when": {"property": "asks", "eq": True}}
SPRING = {"id": "spring", "name": "Spring", "audience": ["ask"], "auto_qualify": True}
REJECTED = {"on": "lead.rejected", "fields": {"Status": {"value": "Unqualified"}}}
STATUS = {"on": "contact.status", "fields": {"HasOptedOutOfEmail": {"value": True}}}
CONSENT = {"on": {"property": "consent"}, "fields": {"Consent__c": {"property": "consent"}}}


def driver_of(*updates: dict[str, Any], **mapping: Any) -> EngineDriver:
    driver = EngineDriver(
        segments=[ASK, {"id": "silent"}],
        campaigns=[SPRING, {"id": "autumn"}],
        salesforce={"updates": list(updates), **mapping},
    )
    driver.change_contact(day(0), asks=True, consent="yes")
    return driver


def updates_of(outputs: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    told = [each for each in outputs_of_topic(outputs, "qualified-leads") if each["type"] == "lead.updated"]
    return [(each["campaign"]["id"], each["occasions"]) for each in told]


@pytest.mark.parametrize(("type_", "fields"), [("lead.rejected", {"campaign": "spring"}), ("contact.changed", {})])
def test_a_lead_rejected_after_its_hand_over_goes_out(type_: str, fields: dict[str, Any]) -> None:
    driver = driver_of(REJECTED)
    event = fields or {"status": "bounced"}
    [update] = outputs_of_topic(driver.send(type_, day(1), **event), "qualified-leads")
    assert LeadUpdated.model_validate_json(driver.table("qualified-leads")[b"default/ann"])
    assert (update["type"], update["occasions"]) == ("lead.updated", ["lead.rejected"])
    assert update["campaign"] == {"id": "spring", "name": "Spring"}
    assert update["lead"] == {"status": "rejected", "points": 0, "made": instant_text(day(0))}
    assert update["snapshot"]["properties"] == {"asks": True, "consent": "yes"}
    assert update["cause"]["kind"] == ("command" if fields else "cascade")
    assert "do_not_sync" not in update


def test_a_lead_that_a_rule_rejects_names_the_rule() -> None:
    rule = {"id": "away", "when": {"property": "away", "eq": True}, "then": {"set_status": "rejected"}}
    driver = EngineDriver(
        segments=[ASK], campaigns=[{**SPRING, "automation": [rule]}], salesforce={"updates": [REJECTED]}
    )
    driver.change_contact(day(0), asks=True)
    driver.send("lead.reactivated", day(1), campaign="spring")
    [update] = outputs_of_topic(driver.change_contact(day(2), away=True), "qualified-leads")
    assert (update["occasions"], update["cause"].get("rule")) == (["lead.rejected"], "away")


def test_one_record_tells_all_that_happened_to_a_lead_in_the_order_of_the_mapping() -> None:
    driver = driver_of(CONSENT, STATUS, REJECTED)
    outputs = driver.change_contact(day(1), status="bounced", consent="no")
    assert updates_of(outputs) == [("spring", ["property/consent", "contact.status", "lead.rejected"])]


def test_updates_come_after_the_steps_of_the_leads_and_before_their_rows() -> None:
    outputs = driver_of(STATUS).change_contact(day(1), status="bounced")
    topics = ["segment-changes", "segment-members", "lead-changes", "qualified-leads", "leads", "contacts"]
    assert [output["topic"] for output in outputs] == topics
    numbers = [output["number"]["ordinal"] for output in outputs if "number" in output]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"consent": "no"}, True),
        ({"consent": None}, True),
        ({"consent": "yes"}, False),
        ({"other": 1}, False),
    ],
)
def test_a_property_goes_out_when_its_value_changes(properties: dict[str, Any], told: bool) -> None:
    assert bool(updates_of(driver_of(CONSENT).change_contact(day(1), **properties))) is told


@pytest.mark.parametrize(("before", "after", "told"), [(1, True, True), (1, 1.0, True), ({"a": 1}, {"a": 1}, False)])
def test_a_value_is_another_one_where_a_reader_of_json_sees_that(before: Any, after: Any, told: bool) -> None:
    driver = driver_of(CONSENT)
    driver.change_contact(day(1), consent=before)
    assert bool(updates_of(driver.change_contact(day(2), consent=after))) is told


def test_a_lead_that_was_never_handed_over_is_not_told_of() -> None:
    driver = driver_of(REJECTED, STATUS, CONSENT)
    driver.send("lead.added", day(1), campaign="autumn")
    assert updates_of(driver.send("lead.rejected", day(2), campaign="autumn")) == []
    assert updates_of(driver.change_contact(day(3), consent="no")) == [("spring", ["property/consent"])]


def test_the_hand_over_itself_tells_the_contact_as_it_is() -> None:
    driver = driver_of(CONSENT)
    driver.change_contact(day(0), "bob", consent="yes")
    outputs = driver.change_contact(day(1), "bob", asks=True, consent="no")
    assert [each["type"] for each in outputs_of_topic(outputs, "qualified-leads")] == ["lead.handed_over"]


def test_what_happens_to_a_deleted_lead_and_its_contact_still_goes_out() -> None:
    driver = driver_of(REJECTED, STATUS, CONSENT)
    assert updates_of(driver.send("lead.removed", day(1), campaign="spring")) == []
    assert updates_of(driver.change_contact(day(2), consent="no")) == [("spring", ["property/consent"])]
    assert updates_of(driver.send("contact.deleted", day(3))) == [("spring", ["contact.status"])]


def test_a_lead_made_again_has_its_hand_over_of_before() -> None:
    driver = driver_of(CONSENT)
    driver.send("lead.removed", day(1), campaign="spring")
    outputs = driver.send("lead.added", day(2), campaign="spring")
    assert [each["type"] for each in outputs_of_topic(outputs, "qualified-leads")] == ["lead.handed_over"]
    driver.send("lead.reactivated", day(3), campaign="spring")
    assert updates_of(driver.change_contact(day(4), consent="no")) == [("spring", ["property/consent"])]


def test_a_lead_rejected_before_the_crm_answered_is_told_of_all_the_same() -> None:
    driver = driver_of(REJECTED, CONSENT)
    assert driver.contact().leads["spring"].crm == {"handed_over": instant_text(day(0))}
    assert updates_of(driver.send("lead.rejected", day(1), campaign="spring")) == [("spring", ["lead.rejected"])]
    assert updates_of(driver.change_contact(day(2), consent="no")) == [("spring", ["property/consent"])]


def test_a_lead_of_a_campaign_that_the_release_has_no_more_is_named_by_its_id() -> None:
    driver = driver_of(STATUS)
    driver.apply(segments=[ASK], salesforce={"updates": [STATUS]})
    [update] = outputs_of_topic(driver.change_contact(day(1), status="bounced"), "qualified-leads")
    assert (update["campaign"], update["lead"]["status"]) == ({"id": "spring", "name": "spring"}, "rejected")


def test_a_release_tells_nothing_of_the_past() -> None:
    driver = EngineDriver(segments=[ASK], campaigns=[SPRING])
    driver.change_contact(day(0), asks=True, consent="yes")
    driver.change_contact(day(1), consent="no")
    mapping = {"updates": [REJECTED, STATUS, CONSENT]}
    outputs = driver.apply(segments=[ASK], campaigns=[SPRING], salesforce=mapping)
    assert outputs_of_topic(outputs, "qualified-leads") == []
    # A lead that was qualified before the mapping had updates is one that was handed over.
    assert updates_of(driver.change_contact(day(2), consent="yes")) == [("spring", ["property/consent"])]


def test_a_rejection_by_the_release_itself_goes_out() -> None:
    driver = driver_of(REJECTED)
    driver.send("lead.reactivated", day(1), campaign="spring")
    rule = {"id": "all", "when": {"all": []}, "then": {"set_status": "rejected"}, "apply_to_existing": True}
    campaigns = [{**SPRING, "automation": [rule]}]
    outputs = driver.apply(segments=[ASK], campaigns=campaigns, salesforce={"updates": [REJECTED]})
    assert updates_of(outputs) == [("spring", ["lead.rejected"])]


def test_without_updates_nothing_but_hand_overs_is_told() -> None:
    driver = driver_of()
    assert outputs_of_topic(driver.change_contact(day(1), status="bounced"), "qualified-leads") == []
    assert driver.contact().leads["spring"].crm == {}


NEVER = {"property": "consent", "eq": "no"}


def test_a_contact_whose_consent_forbids_it_is_kept_back() -> None:
    driver = driver_of(do_not_sync=NEVER)
    driver.change_contact(day(0), "bob", consent="no")
    [output] = outputs_of_topic(driver.change_contact(day(1), "bob", asks=True), "qualified-leads")
    assert output.get("do_not_sync") is True
    assert LeadHandedOver.model_validate_json(driver.table("qualified-leads")[b"default/bob"]).do_not_sync
    assert not LeadHandedOver.model_validate_json(driver.table("qualified-leads")[b"default/ann"]).do_not_sync


def test_what_the_record_itself_makes_true_counts() -> None:
    driver = driver_of(do_not_sync={"segment": "silent"})
    rule = {"id": "hush", "when": {"all": []}, "then": {"add_to_segment": "silent"}}
    campaigns = [{"id": "spring", "audience": ["ask"], "automation": [rule]}, {**SPRING, "id": "winter"}]
    driver.apply(
        segments=[ASK, {"id": "silent"}], campaigns=campaigns, salesforce={"do_not_sync": {"segment": "silent"}}
    )
    [output] = outputs_of_topic(driver.change_contact(day(1), "bob", asks=True), "qualified-leads")
    assert (output["campaign"]["id"], output.get("do_not_sync")) == ("winter", True)


def test_a_command_hands_over_by_what_holds_once_all_is_settled() -> None:
    """A command takes effect before the segments of its instant are settled."""
    recent = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "1d"}}
    driver = EngineDriver(
        segments=[recent], campaigns=[{"id": "spring"}], salesforce={"do_not_sync": {"segment": "recent"}}
    )
    driver.visit(day(0))
    driver.send("lead.added", day(0, 1), campaign="spring")
    [output] = outputs_of_topic(driver.send("lead.qualified", day(1), campaign="spring"), "qualified-leads")
    assert "do_not_sync" not in output


@pytest.mark.parametrize(("at", "is_kept_back"), [(day(7, -1), True), (day(7), False)])
def test_a_window_is_asked_at_the_instant_of_the_hand_over(at: int, is_kept_back: bool) -> None:
    driver = EngineDriver(
        segments=[ASK],
        campaigns=[SPRING],
        salesforce={"do_not_sync": {"visit": {"path": {"eq": "/opt-out"}}, "within": "7d"}},
    )
    driver.visit(day(0), "/opt-out")
    [output] = outputs_of_topic(driver.change_contact(at, asks=True), "qualified-leads")
    assert output.get("do_not_sync", False) is is_kept_back


def test_a_new_condition_counts_the_past() -> None:
    driver = EngineDriver(segments=[ASK], campaigns=[SPRING])
    driver.visit(day(0), "/opt-out")
    driver.apply(
        segments=[ASK], campaigns=[SPRING], salesforce={"do_not_sync": {"visit": {"path": {"eq": "/opt-out"}}}}
    )
    [output] = outputs_of_topic(driver.change_contact(day(1), asks=True), "qualified-leads")
    assert output.get("do_not_sync") is True


def test_a_property_held_for_long_keeps_a_contact_back() -> None:
    silent = {"property": "consent", "eq": "no", "held_for": "3d"}
    driver = EngineDriver(segments=[ASK], campaigns=[SPRING], salesforce={"do_not_sync": silent})
    driver.change_contact(day(0), consent="no")
    driver.change_contact(day(0), "bob", consent="no")
    [early] = outputs_of_topic(driver.change_contact(day(3, -1), "bob", asks=True), "qualified-leads")
    [late] = outputs_of_topic(driver.change_contact(day(3), asks=True), "qualified-leads")
    assert ("do_not_sync" in early, late.get("do_not_sync")) == (False, True)


def test_a_lead_that_was_kept_back_was_not_handed_over() -> None:
    driver = EngineDriver(segments=[ASK], campaigns=[SPRING], salesforce={"updates": [CONSENT], "do_not_sync": NEVER})
    driver.change_contact(day(0), asks=True, consent="no")
    assert driver.contact().leads["spring"].crm == {"kept_back": instant_text(day(0))}
    assert updates_of(driver.change_contact(day(1), consent="yes")) == []
    driver.send("crm.failed", day(1), campaign="spring", code="do_not_sync", hand_over="h", number=[0, 1, 0])
    assert updates_of(driver.change_contact(day(2), consent="yes!")) == []
    driver.send("lead.reactivated", day(3), campaign="spring")
    driver.send("lead.qualified", day(4), campaign="spring")
    assert updates_of(driver.change_contact(day(5), consent="maybe")) == [("spring", ["property/consent"])]


def test_the_crm_learns_of_the_opt_out_itself_and_of_nothing_else_any_more() -> None:
    driver = driver_of(CONSENT, STATUS, REJECTED, do_not_sync=NEVER)
    [update] = outputs_of_topic(driver.change_contact(day(1), status="bounced", consent="no"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["property/consent"], None)
    [update] = outputs_of_topic(driver.change_contact(day(2), status="active"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["contact.status"], True)
    [update] = outputs_of_topic(driver.change_contact(day(3), consent="yes"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["property/consent"], None)


OPTED_OUT = {"id": "opted-out", "dynamic": True, "when": NEVER}
SILENT_ONES = {"id": "silent-ones", "dynamic": True, "when": {"any": [{"segment": "opted-out"}, {"segment": "bulk"}]}}


@pytest.mark.parametrize("segment", ["opted-out", "silent-ones"])
def test_the_opt_out_is_told_also_where_a_segment_says_so(segment: str) -> None:
    segments = [ASK, OPTED_OUT, SILENT_ONES, {"id": "bulk"}]
    mapping = {"updates": [CONSENT, STATUS, REJECTED], "do_not_sync": {"segment": segment}}
    driver = EngineDriver(segments=segments, campaigns=[SPRING], salesforce=mapping)
    driver.change_contact(day(0), asks=True, consent="yes")
    [update] = outputs_of_topic(driver.change_contact(day(1), consent="no"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["property/consent"], None)
    [update] = outputs_of_topic(driver.send("lead.rejected", day(2), campaign="spring"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["lead.rejected"], True)
    [update] = outputs_of_topic(driver.change_contact(day(3), consent="yes"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["property/consent"], None)


def test_a_status_that_ends_a_membership_is_told_where_only_members_are_handed_over() -> None:
    subscribed = {"id": "subscribed", "dynamic": True, "when": {"property": "consent", "eq": "yes"}}
    mapping = {"updates": [CONSENT, STATUS], "do_not_sync": {"not": {"segment": "subscribed"}}}
    driver = EngineDriver(segments=[ASK, subscribed], campaigns=[SPRING], salesforce=mapping)
    driver.change_contact(day(0), asks=True, consent="yes")
    [update] = outputs_of_topic(driver.change_contact(day(1), status="bounced"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["contact.status"], None)


def test_a_contact_that_leaves_the_segment_in_time_is_handed_over_by_its_next_hand_over() -> None:
    quiet = {"id": "quiet", "dynamic": True, "when": {"visit": {"path": {"eq": "/opt-out"}}, "within": "7d"}}
    segments, mapping = [ASK, quiet], {"updates": [CONSENT], "do_not_sync": {"segment": "quiet"}}
    driver = EngineDriver(segments=segments, campaigns=[SPRING, {"id": "autumn"}], salesforce=mapping)
    driver.visit(day(0), "/opt-out")
    [kept_back] = outputs_of_topic(driver.change_contact(day(1), asks=True), "qualified-leads")
    assert kept_back.get("do_not_sync") is True
    driver.send("lead.added", day(6), campaign="autumn")
    assert outputs_of_topic(driver.tick(day(8)), "qualified-leads") == []
    [output] = outputs_of_topic(driver.send("lead.qualified", day(9), campaign="autumn"), "qualified-leads")
    assert (output["campaign"]["id"], output.get("do_not_sync")) == ("autumn", None)


def test_a_new_definition_of_the_segment_tells_nothing_and_holds_from_the_next_hand_over_on() -> None:
    campaigns = [SPRING, {"id": "autumn"}]
    mapping = {"updates": [CONSENT, REJECTED], "do_not_sync": {"segment": "opted-out"}}
    nobody = {**OPTED_OUT, "when": {"property": "consent", "eq": "never"}}
    driver = EngineDriver(segments=[ASK, nobody], campaigns=campaigns, salesforce=mapping)
    driver.change_contact(day(0), asks=True, consent="no")
    driver.send("lead.added", day(1), campaign="autumn")
    outputs = driver.apply(segments=[ASK, OPTED_OUT], campaigns=campaigns, salesforce=mapping)
    assert outputs_of_topic(outputs, "qualified-leads") == []
    [output] = outputs_of_topic(driver.send("lead.qualified", day(3), campaign="autumn"), "qualified-leads")
    assert output.get("do_not_sync") is True
    [update] = outputs_of_topic(driver.send("lead.rejected", day(4), campaign="spring"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["lead.rejected"], True)


def test_a_status_that_forbids_it_is_told_too() -> None:
    gone = {"any": [{"status": {"eq": "bounced"}}, {"property": ["consents", "mail"], "eq": False}]}
    driver = driver_of(CONSENT, STATUS, do_not_sync=gone)
    [update] = outputs_of_topic(driver.change_contact(day(1), status="bounced", consent="no"), "qualified-leads")
    assert (update["occasions"], update.get("do_not_sync")) == (["contact.status"], None)


def test_a_lead_kept_back_before_the_mapping_had_updates_was_not_handed_over() -> None:
    of_old_contacts = {
        "do_not_sync": {"created": {"before": "2030-01-01"}}
    }  # nothing can turn it, so nothing is told
    driver = EngineDriver(segments=[ASK], campaigns=[SPRING], salesforce=of_old_contacts)
    driver.change_contact(day(0), asks=True, consent="no")
    assert driver.contact().leads["spring"].crm == {}
    driver.send("crm.failed", day(1), campaign="spring", code="do_not_sync", hand_over="h", number=[0, 1, 0])
    driver.apply(segments=[ASK], campaigns=[SPRING], salesforce={"updates": [CONSENT]})
    assert updates_of(driver.change_contact(day(2), consent="yes")) == []


def test_only_a_property_that_the_mapping_names_is_looked_at() -> None:
    driver = driver_of(CONSENT, {"on": {"property": "email_domain"}, "fields": {"Domain__c": {"value": "x"}}})
    outputs = driver.change_contact(day(1), email="ann@example.com")
    assert updates_of(outputs) == [("spring", ["property/email_domain"])]


def test_a_rejected_lead_is_not_rejected_by_another_occasion() -> None:
    driver = driver_of(REJECTED, CONSENT)
    driver.send("lead.rejected", day(1), campaign="spring")
    assert updates_of(driver.change_contact(day(2), consent="no")) == [("spring", ["property/consent"])]


def test_a_lead_that_is_rejected_already_is_not_told_of_again() -> None:
    driver = driver_of(REJECTED)
    driver.send("lead.rejected", day(1), campaign="spring")
    assert updates_of(driver.change_contact(day(2), status="bounced")) == []
