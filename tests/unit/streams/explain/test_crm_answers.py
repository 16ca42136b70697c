"""Who decided about a lead, and what the CRM answered, as `explain` says it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.explain.crm_answer import crm_reasons, decision_text
from tests.harness.engine.engine_driver import day
from tests.unit.streams.explain.test_campaigns import explain_now, explain_past, lead_driver

ANSWER: dict[str, Any] = {"hand_over": "h1", "number": [0, 5, 0]}
AGAIN = "`leadstream salesforce refused retry` sends it again"


def test_a_decision_in_person_names_who_and_when() -> None:
    driver = lead_driver()
    driver.send("lead.qualified", day(1), campaign="spring", by="anna")
    answer = explain_past(driver)
    assert f"qualified by anna on {instant_text(day(1))}" in answer["reasons"]
    assert answer["lead"]["cause"]["by"] == "anna"


def test_the_rule_or_the_contact_is_named_where_nobody_decided() -> None:
    driver = lead_driver()
    driver.visit(day(0, 1))
    driver.visit(day(0, 2), "/b")
    assert f"qualified by rule hot on {instant_text(day(0, 2))}" in explain_past(driver)["reasons"]
    driver.change_contact(day(1), status="bounced")
    reason = f"rejected on {instant_text(day(1))} because the contact's status changed"
    assert reason in explain_past(driver)["reasons"]


def test_a_command_of_nobody_and_a_lead_made_by_its_audience() -> None:
    change: dict[str, Any] = {"at": "2026-01-01T00:00:00.000Z", "to": "active", "cause": {"kind": "command"}}
    assert decision_text(change) == "active by a command that names nobody on 2026-01-01T00:00:00.000Z"
    assert decision_text({**change, "cause": {"kind": "audience"}}) is None


@pytest.mark.parametrize(
    ("crm", "reasons"),
    [
        ({}, []),
        ({"handed_over": "T"}, ["handed over on T; the CRM has not answered yet"]),
        (
            {**ANSWER, "handed_over": "T", "record": "00Q1", "member": "00v1"},
            ["the CRM has the contact as record 00Q1, member 00v1 of the campaign"],
        ),
        (
            {**ANSWER, "code": "LOCKED", "message": "the record is locked", "retry": 2},
            [
                "the CRM refused hand-over 0/5/0, repeat 2 by hand: LOCKED: the record is locked;"
                " `leadstream salesforce refused retry` sends it again"
            ],
        ),
        (
            {**ANSWER, "record": "00Q1", "retry": 1},
            [
                "the CRM has the contact as record 00Q1",
                "the last hand-over went through when it was repeated by hand (repeat 1)",
            ],
        ),
        (
            {
                **ANSWER,
                "record": "00Q1",
                "code": "campaign_unknown",
                "update": {"number": [0, 7, 0], "code": "STRING_TOO_LONG", "message": "no", "result": "crm.failed"},
            },
            [
                "the CRM has the contact as record 00Q1",
                f"the CRM refused hand-over 0/5/0: campaign_unknown; {AGAIN}",
                f"the CRM refused update 0/7/0: STRING_TOO_LONG: no; {AGAIN}",
            ],
        ),
        (
            {"update": {"number": [0, 7, 0], "code": "do_not_sync"}},
            ["the last update was not sent: the account's condition do_not_sync held"],
        ),
        (
            {
                "record": "00Q1",
                "notes": [{"field": "Company", "note": "cut", "reason": "longer than 255 characters"}],
                "more_notes": 2,
                "update": {"notes": [{"field": "Phone", "note": "left_out", "reason": "longer than 40 characters"}]},
            },
            [
                "the CRM has the contact as record 00Q1",
                "Company was cut in the last hand-over: longer than 255 characters",
                "2 more values were cut or left out in the last hand-over; crm-results names them",
                "Phone was left out in the last update: longer than 40 characters",
            ],
        ),
        ({"kept_back": "T"}, ["not handed over on T: the account's condition do_not_sync held"]),
        ({"code": "do_not_sync"}, ["not handed over: the account's condition do_not_sync held"]),
        ({"code": "deleted_in_crm"}, ["somebody deleted its record in the CRM; it is not made again"]),
        (
            {"outcome": "won", "opportunity": "006", "amount": "15000.50", "currency": "EUR"},
            ["an opportunity of it is won (15000.50 EUR), the last that changed is 006"],
        ),
        (
            {
                "outcome": "won",
                "opportunity": "006",
                "amount": "5",
                "currency": "EUR",
                "amounts": {"EUR": "5", "USD": "7"},
            },
            ["an opportunity of it is won (5 EUR, 7 USD), the last that changed is 006"],
        ),
        (
            {"outcome": "deleted", "opportunity": "006", "amount": "5"},
            ["no opportunity of it is left, the last that changed is 006"],
        ),
    ],
)
def test_what_the_crm_said(crm: dict[str, Any], reasons: list[str]) -> None:
    assert list(crm_reasons(crm)) == reasons


def test_the_present_says_what_the_crm_answered_without_a_scan() -> None:
    driver = lead_driver()
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.send("crm.failed", day(2), campaign="spring", code="LOCKED", **ANSWER)
    assert "the CRM refused hand-over 0/5/0: LOCKED" in explain_now(driver)["reasons"][-1]
