"""SPEC section 8: consent that changes after a hand-over is told, so that one that waits is not handed over."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.outputs.handovers import LeadUpdated
from schemas.values import instant_text
from tests.harness.engine.engine_driver import EngineDriver, day, outputs_of_topic

ASK = {"id": "ask", "dynamic": True, "when": {"property": "asks", "eq": True}}
OPTED_OUT = {"id": "opted-out", "dynamic": True, "when": {"property": "consent", "eq": "no"}}
SPRING = {"id": "spring", "audience": ["ask"], "auto_qualify": True}
NEVER = {"property": "consent", "eq": "no"}
UPDATE = {"on": {"property": "consent"}, "fields": {"Consent__c": {"property": "consent"}}}


def driver_of(do_not_sync: dict[str, Any] = NEVER, **mapping: Any) -> EngineDriver:
    """An engine whose contact `ann` was handed over at the start."""
    driver = EngineDriver(
        segments=[ASK, OPTED_OUT, {"id": "listed"}],
        campaigns=[SPRING, {"id": "autumn"}],
        salesforce={"do_not_sync": do_not_sync, **mapping},
    )
    driver.change_contact(day(0), asks=True, consent="yes", email="ann@acme.example")
    return driver


def told(outputs: list[dict[str, Any]]) -> list[tuple[str, list[str], bool, bool]]:
    """Campaign, occasions, `do_not_sync` and `opted_out` of each update."""
    updates = [each for each in outputs_of_topic(outputs, "qualified-leads") if each["type"] == "lead.updated"]
    flags = ("do_not_sync", "opted_out")
    return [
        (each["campaign"]["id"], each["occasions"], *(each.get(flag, False) for flag in flags)) for each in updates
    ]


def test_an_opt_out_and_its_end_are_told_also_where_no_update_is_for_them() -> None:
    driver = driver_of()
    assert told(driver.change_contact(day(1), consent="no")) == [("spring", [], True, False)]
    assert LeadUpdated.model_validate_json(driver.table("qualified-leads")[b"default/ann"]).do_not_sync
    assert told(driver.change_contact(day(2), plan="basic")) == []
    assert told(driver.change_contact(day(3), consent="yes")) == [("spring", [], False, False)]


def test_an_update_that_tells_the_crm_of_the_opt_out_says_so() -> None:
    driver = driver_of(updates=[UPDATE])
    assert told(driver.change_contact(day(1), consent="no")) == [("spring", ["property/consent"], False, True)]
    assert LeadUpdated.model_validate_json(driver.table("qualified-leads")[b"default/ann"]).opted_out
    assert told(driver.change_contact(day(2), consent="yes")) == [("spring", ["property/consent"], False, False)]


@pytest.mark.parametrize(
    ("do_not_sync", "change"),
    [
        ({"segment": "opted-out"}, {"properties": {"consent": "no"}}),
        ({"not": {"segment": "ask"}}, {"status": "inactive"}),
        ({"status": {"eq": "bounced"}}, {"status": "bounced"}),
        ({"property": "email_domain", "eq": "rival.example"}, {"properties": {"email": "ann@rival.example"}}),
    ],
)
def test_whatever_the_condition_looks_at_is_told(do_not_sync: dict[str, Any], change: dict[str, Any]) -> None:
    outputs = driver_of(do_not_sync).send("contact.changed", day(1), **change)
    assert told(outputs) == [("spring", [], True, False)]


def test_a_lead_that_was_rejected_meanwhile_is_told_of_too() -> None:
    driver = driver_of()
    assert driver.contact().leads["spring"].crm == {"handed_over": instant_text(day(0))}
    driver.send("lead.rejected", day(1), campaign="spring")
    assert told(driver.change_contact(day(2), consent="no")) == [("spring", [], True, False)]


def test_of_leads_that_were_never_handed_over_nothing_is_told() -> None:
    driver = driver_of()
    driver.send("lead.added", day(1), campaign="autumn")
    assert told(driver.change_contact(day(2), consent="no")) == [("spring", [], True, False)]
    driver.change_contact(day(3), "bob", consent="yes")
    assert told(driver.change_contact(day(4), "bob", consent="no")) == []


def test_the_hand_over_itself_says_whether_it_is_kept_back() -> None:
    driver = driver_of()
    [handed_over] = outputs_of_topic(driver.change_contact(day(1), "bob", asks=True, consent="no"), "qualified-leads")
    assert (handed_over["type"], handed_over["do_not_sync"]) == ("lead.handed_over", True)
    assert driver.contact("bob").leads["spring"].crm == {"kept_back": instant_text(day(1))}
