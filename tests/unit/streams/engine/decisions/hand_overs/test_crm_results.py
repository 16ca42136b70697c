"""SPEC section 8: what a lead keeps of the CRM's results, and who gave a command."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.engine.decisions.hand_overs.crm_results import former_next_crm, next_crm
from tests.harness.engine.engine_driver import EngineDriver, day, outputs_of_topic

FIT = {"id": "fit", "dynamic": True, "when": {"property": "fits", "eq": True}}
SPRING = {"id": "spring", "audience": ["fit"]}


def driver_with_lead(**definitions: Any) -> EngineDriver:
    driver = EngineDriver(segments=[FIT], campaigns=[SPRING, {"id": "autumn"}], **definitions)
    driver.change_contact(day(0), fits=True)
    return driver


def linked(number: int, retry: int | None = None, **fields: Any) -> dict[str, Any]:
    answer = {"record": "00Q1", "hand_over": f"h{number}", "number": [0, number, 0], **fields}
    return answer if retry is None else {**answer, "retry": retry}


def failed(number: int, retry: int | None = None, **fields: Any) -> dict[str, Any]:
    answer = {"code": "LOCKED", "message": "locked", "hand_over": f"h{number}", "number": [0, number, 0], **fields}
    return answer if retry is None else {**answer, "retry": retry}


NOTE = {"field": "Company", "note": "cut", "reason": "longer than 40 characters"}


def crm_after(*results: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    driver = driver_with_lead()
    for number, (kind, fields) in enumerate(results):
        driver.send(f"crm.{kind}", day(1, number), campaign="spring", **fields)
    return driver.contact().leads["spring"].crm


def test_a_retry_by_hand_replaces_the_answer_that_it_repeats() -> None:
    crm = crm_after(("failed", failed(5)), ("linked", linked(5, retry=1)))
    assert (crm["result"], crm["record"], crm.get("retry")) == ("crm.linked", "00Q1", 1)
    assert crm.keys().isdisjoint({"code", "message"})


def test_an_answer_that_comes_after_the_one_of_its_retry_is_older() -> None:
    crm = crm_after(("linked", linked(5, retry=2)), ("failed", failed(5, retry=1)), ("failed", failed(5)))
    assert (crm["result"], crm.get("retry")) == ("crm.linked", 2)


def test_a_newer_hand_over_counts_more_than_any_retry_of_an_older_one() -> None:
    crm = crm_after(("failed", failed(5)), ("failed", failed(9)), ("linked", linked(5, retry=3)))
    assert (crm["result"], list(crm["number"])) == ("crm.failed", [0, 9, 0])
    assert "retry" not in crm


def test_a_newer_answer_does_not_keep_the_retry_of_the_former_one() -> None:
    crm = crm_after(("failed", failed(5, retry=4)), ("failed", failed(9)), ("linked", linked(9, retry=1)))
    assert (crm["result"], crm.get("retry")) == ("crm.linked", 1)


def test_a_failure_without_a_reason_does_not_keep_the_former_reason() -> None:
    crm = crm_after(("failed", failed(5)), ("failed", failed(9, code="OTHER", message="")))
    assert crm["code"] == "OTHER"
    assert crm["message"] == ""


def test_a_failure_leaves_the_link_of_before() -> None:
    crm = crm_after(("linked", linked(5, member="00v1")), ("failed", failed(9, code="deleted_in_crm", record="00Q1")))
    assert (crm["record"], crm["member"], crm["code"]) == ("00Q1", "00v1", "deleted_in_crm")


def test_a_link_that_follows_a_survivor_names_its_record_and_only_its_membership() -> None:
    crm = crm_after(("linked", linked(5, member="00v1")), ("linked", linked(9, record="00Q2")))
    assert crm["record"] == "00Q2"
    assert "member" not in crm
    crm = crm_after(("linked", linked(5, member="00v1")), ("linked", linked(9)))
    assert crm["member"] == "00v1"


def test_an_outcome_answers_no_hand_over_and_speaks_for_itself() -> None:
    won = {"outcome": "won", "opportunity": "006", "amount": "10", "currency": "EUR", "number": [0, 99, 0]}
    lost = {"outcome": "lost", "opportunity": "007", "currency": "EUR"}
    crm = crm_after(("linked", linked(5)), ("outcome", won), ("outcome", lost), ("failed", failed(6)))
    assert (crm["outcome"], crm["opportunity"], crm.get("code")) == ("lost", "007", "LOCKED")
    assert "amount" not in crm
    assert list(crm["number"]) == [0, 6, 0]


def test_an_answer_without_a_number_is_taken_as_the_newest() -> None:
    crm = crm_after(("linked", linked(5, retry=1)), ("failed", {"code": "LOCKED"}))
    assert (crm["code"], list(crm["number"]), crm.get("retry")) == ("LOCKED", [0, 5, 0], 1)


def test_what_a_lead_keeps_has_no_more_fields_than_results_have() -> None:
    crm: dict[str, Any] = {}
    for number in range(50):
        answer = failed(number) if number % 3 else linked(number, retry=number, member="00v", notes=[NOTE])
        crm = next_crm(crm, "crm.failed" if number % 3 else "crm.linked", answer) or crm
        crm = next_crm(crm, "crm.outcome", {"outcome": "open", "opportunity": f"006{number}"}) or crm
    known = {"record", "member", "hand_over", "number", "retry", "code", "message", "notes", "more_notes", "result"}
    assert crm.keys() <= known | {"outcome", "opportunity", "amount", "currency"}


def test_the_failure_of_an_update_stands_beside_the_answer_to_the_hand_over() -> None:
    crm = crm_after(("linked", linked(5, member="00v1")), ("failed", failed(7, update=True)))
    assert (crm["result"], crm["record"], crm["member"], list(crm["number"])) == (
        "crm.linked",
        "00Q1",
        "00v1",
        [0, 5, 0],
    )
    assert "code" not in crm
    update = {"result": "crm.failed", "number": [0, 7, 0], "hand_over": "h7", "code": "LOCKED", "message": "locked"}
    assert {**crm["update"], "number": list(crm["update"]["number"])} == update


def test_the_link_of_an_update_leaves_a_hand_over_refused() -> None:
    crm = crm_after(
        ("failed", failed(5, code="campaign_unknown", record="00Q1")),
        ("linked", linked(7, record="00Q2", update=True)),
    )
    assert (crm["result"], crm["code"], list(crm["number"])) == ("crm.failed", "campaign_unknown", [0, 5, 0])
    assert crm["record"] == "00Q2"
    assert crm["update"]["result"] == "crm.linked"


def test_the_link_of_an_update_ends_what_an_update_left() -> None:
    crm = crm_after(("failed", failed(7, update=True)), ("linked", linked(7, retry=1, update=True)))
    assert "code" not in crm["update"]
    crm = crm_after(
        ("failed", failed(7, update=True)), ("linked", linked(8, update=True)), ("failed", failed(7, update=True))
    )
    assert list(crm["update"]["number"]) == [0, 8, 0]


def test_an_update_that_follows_a_survivor_names_no_membership_of_the_former_record() -> None:
    crm = crm_after(("linked", linked(5, member="00v1")), ("linked", linked(7, record="00Q2", update=True)))
    assert (crm["record"], "member" in crm) == ("00Q2", False)
    crm = crm_after(("linked", linked(5, member="00v1")), ("linked", linked(7, update=True)))
    assert (crm["record"], crm["member"]) == ("00Q1", "00v1")


def test_a_hand_over_as_new_as_an_update_replaces_its_answer() -> None:
    update = ("failed", failed(7, code="no_record", update=True))
    for newer in (linked(7, retry=1), linked(9)):
        assert "update" not in crm_after(update, ("linked", newer))
        assert "update" not in crm_after(update, ("linked", newer), update)
    crm = crm_after(("failed", failed(5)), update, ("linked", linked(5, retry=1)))
    assert (crm["result"], crm["update"]["code"], "code" in crm) == ("crm.linked", "no_record", False)


def test_a_hand_over_names_the_record_that_an_update_found_last() -> None:
    driver = driver_with_lead()
    driver.send("lead.added", day(1), campaign="autumn")
    driver.send("crm.linked", day(2), campaign="spring", **linked(5, record="00Q1"))
    driver.send("crm.linked", day(3), campaign="autumn", **linked(6, record="00Q1"))
    driver.send("crm.linked", day(4), campaign="spring", **linked(7, record="00Q2", update=True))
    driver.send("crm.failed", day(5), campaign="autumn", **failed(8, update=True))
    [output] = outputs_of_topic(driver.send("lead.qualified", day(6), campaign="autumn"), "qualified-leads")
    assert output["lead"]["record"] == "00Q2"


def test_a_lead_keeps_what_was_cut_of_its_last_hand_over_within_bounds() -> None:
    notes = [{"field": f"Field{number}__c", "note": "left_out", "reason": "x" * 1000} for number in range(25)]
    crm = crm_after(("linked", linked(5, notes=notes)))
    assert [each["field"] for each in crm["notes"]] == [f"Field{number}__c" for number in range(20)]
    assert {len(each["reason"]) for each in crm["notes"]} == {200}
    assert crm["more_notes"] == 5
    crm = crm_after(("linked", linked(5, notes=notes)), ("linked", linked(9, notes=[NOTE])))
    assert (crm["notes"], "more_notes" in crm) == ([NOTE], False)
    assert "notes" not in crm_after(("linked", linked(5, notes=[NOTE])), ("failed", failed(9)))


def test_before_version_4_an_update_is_answered_as_a_hand_over_and_notes_are_not_kept() -> None:
    fields = {"number": (0, 5, 0), "record": "00Q1", "update": True, "notes": [NOTE]}
    assert former_next_crm({"code": "LOCKED"}, "crm.linked", fields) == {
        "number": (0, 5, 0),
        "record": "00Q1",
        "result": "crm.linked",
    }


def test_before_version_4_a_retry_is_a_field_like_any_other() -> None:
    former = {"number": [0, 5, 0], "code": "LOCKED", "message": "locked", "result": "crm.failed"}
    fields = {"number": (0, 5, 0), "record": "00Q1"}
    assert former_next_crm({**former, "retry": 2}, "crm.linked", fields) == {
        "number": (0, 5, 0),
        "retry": 2,
        "record": "00Q1",
        "result": "crm.linked",
    }
    assert next_crm({**former, "retry": 2}, "crm.linked", fields) is None


def test_a_hand_over_names_the_record_of_the_newest_answer() -> None:
    driver = driver_with_lead()
    driver.send("lead.added", day(1), campaign="autumn")
    driver.send("crm.linked", day(2), campaign="spring", **linked(5, record="00Q1"))
    driver.send("crm.linked", day(3), campaign="autumn", **linked(9, record="00Q2"))
    [output] = outputs_of_topic(driver.send("lead.qualified", day(4), campaign="spring"), "qualified-leads")
    assert output["lead"]["record"] == "00Q2"


@pytest.mark.parametrize("topic", ["lead-changes", "leads", "qualified-leads"])
def test_the_cause_says_who_gave_a_command(topic: str) -> None:
    driver = driver_with_lead()
    outputs = driver.send("lead.qualified", day(1), campaign="spring", by="anna")
    assert [output["cause"].get("by") for output in outputs_of_topic(outputs, topic)] == ["anna"]


def test_a_command_of_nobody_names_nobody() -> None:
    outputs = driver_with_lead().send("lead.qualified", day(1), campaign="spring")
    assert "by" not in outputs_of_topic(outputs, "lead-changes")[0]["cause"]


def test_what_a_rule_does_after_a_command_is_not_done_by_the_person() -> None:
    rule = {"id": "first", "when": {"lead_status": {"eq": "active"}}, "then": {"set_status": "qualified"}}
    driver = EngineDriver(campaigns=[{"id": "spring", "automation": [rule]}])
    changes = outputs_of_topic(driver.send("lead.added", day(1), campaign="spring", by="anna"), "lead-changes")
    assert [(change["to"], change["cause"].get("by")) for change in changes] == [
        ("active", "anna"),
        ("qualified", None),
    ]


def test_the_id_of_a_change_does_not_depend_on_who_gave_the_command() -> None:
    def change_id(**fields: Any) -> str:
        outputs = driver_with_lead().send("lead.qualified", day(1), campaign="spring", **fields)
        return str(outputs_of_topic(outputs, "lead-changes")[0]["id"])

    assert change_id(by="anna") == change_id()


def test_who_listed_a_contact_is_named_too() -> None:
    driver = EngineDriver(segments=[{"id": "vip"}])
    outputs = driver.send("segment.member_added", day(1), segment="vip", by="anna")
    assert outputs_of_topic(outputs, "segment-changes")[0]["cause"].get("by") == "anna"


def test_before_version_4_nobody_is_named() -> None:
    driver = EngineDriver(engine_version=3, campaigns=[{"id": "spring"}])
    outputs = driver.send("lead.added", day(1), campaign="spring", by="anna")
    assert "by" not in outputs_of_topic(outputs, "lead-changes")[0]["cause"]
    assert outputs_of_topic(outputs, "lead-changes")[0]["at"] == instant_text(day(1))
