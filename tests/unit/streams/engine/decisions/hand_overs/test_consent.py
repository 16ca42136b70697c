"""SPEC section 8: consent that changes after a hand-over is told, so that one that waits is not handed over."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.outputs.handovers import LeadUpdated
from schemas.values import instant_text
from tests.harness.engine.engine_driver import EngineDriver, day, outputs_of_topic

ASK = {"id": "ask", "dynamic": True, "when": {"property": "asks", "eq": True}}
OPTED_OUT = {"id": "opted-out", "dynamic": True, "when": {"property": "consent", "eq": "no"}}
UNSUBSCRIBED = {"activity": {"name": {"eq": "unsubscribed"}}}
SPRING = {"id": "spring", "audience": ["ask"], "auto_qualify": True}
NEVER = {"property": "consent", "eq": "no"}
UPDATE = {"on": {"property": "consent"}, "fields": {"Consent__c": {"property": "consent"}}}


def driver_of(do_not_sync: dict[str, Any] = NEVER, **mapping: Any) -> EngineDriver:
    """An engine whose contact `ann` was handed over at the start."""
    driver = EngineDriver(
        segments=[
            *(ASK, OPTED_OUT, {"id": "listed"}),
            {"id": "left", "dynamic": True, "when": UNSUBSCRIBED},
            {"id": "cold", "dynamic": True, "when": {"not": {"segment": "left"}}},
        ],
        campaigns=[SPRING, {"id": "autumn"}, {"id": "winter", "half_life": "1d"}],
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


@pytest.mark.parametrize(
    ("do_not_sync", "event_type", "fields"),
    [
        (UNSUBSCRIBED, "activity.recorded", {"name": "unsubscribed"}),
        ({"segment": "left"}, "activity.recorded", {"name": "unsubscribed"}),
        ({"not": {"segment": "cold"}}, "activity.recorded", {"name": "unsubscribed"}),
        ({"last_visit": {"within_last": "7d"}}, "web.visited", {"url": "https://www.example.com/"}),
        ({"score": {"lt": 0}}, "score.adjusted", {"points": -1}),
        ({"score": {"name": "trust", "exists": True}}, "score.adjusted", {"points": 1, "score": "trust"}),
        ({"lead": {"campaign": "autumn"}}, "lead.added", {"campaign": "autumn"}),
        ({"segment": "listed"}, "segment.member_added", {"segment": "listed"}),
    ],
)
def test_whatever_turns_the_condition_is_told_to_hand_overs_that_wait(
    do_not_sync: dict[str, Any], event_type: str, fields: dict[str, Any]
) -> None:
    driver = driver_of(do_not_sync)
    assert told(driver.visit(day(0, 1), "/terms") if "last_visit" not in do_not_sync else []) == []
    assert told(driver.send(event_type, day(1), **fields)) == [("spring", [], True, False)]
    assert told(driver.send(event_type, day(2), **fields)) == []


def test_a_contact_that_subscribes_again_is_told_of_too() -> None:
    no = {"activity": {}, "last": {"name": {"eq": "unsubscribed"}}}
    driver = driver_of(no)
    assert told(driver.send("activity.recorded", day(1), name="unsubscribed")) == [("spring", [], True, False)]
    assert told(driver.send("activity.recorded", day(2), name="subscribed")) == [("spring", [], False, False)]


def test_time_alone_tells_of_consent_at_its_own_instant() -> None:
    driver = driver_of({**UNSUBSCRIBED, "within": "7d"})
    driver.send("activity.recorded", day(1), name="unsubscribed")
    outputs = driver.tick(day(9))
    assert told(outputs) == [("spring", [], False, False)]
    [update] = outputs_of_topic(outputs, "qualified-leads")
    assert (update["at"], update["cause"]["kind"]) == (instant_text(day(8)), "clock")
    assert driver.contact().due is None


def test_a_record_at_the_instant_at_which_time_turns_consent_tells_it() -> None:
    driver = driver_of({**UNSUBSCRIBED, "within": "7d"})
    driver.send("activity.recorded", day(1), name="unsubscribed")
    driver.tick(day(8))
    assert told(driver.visit(day(8))) == [("spring", [], False, False)]
    assert told(driver.visit(day(8))) == []


def test_two_records_at_one_instant_tell_each_its_own_turn() -> None:
    driver = driver_of({"activity": {"name": {"in": ["on", "off"]}}, "count": {"eq": 1}, "within": "7d"})
    assert told(driver.send("activity.recorded", day(1), name="off")) == [("spring", [], True, False)]
    assert told(driver.visit(day(1))) == []
    assert told(driver.send("activity.recorded", day(1), name="on")) == [("spring", [], False, False)]


def test_consent_may_hang_on_points_that_decay() -> None:
    """Beside time, a record at the very instant of the decay tells the turn, and only once."""
    for is_alone in (True, False):
        driver = driver_of({"lead": {"campaign": "winter", "points": {"gt": 2}}})
        driver.send("lead.added", day(1), campaign="winter")
        points: dict[str, Any] = {"campaign": "winter", "points": 4}
        assert told(driver.send("score.adjusted", day(1), **points)) == [("spring", [], True, False)]
        due = driver.contact().due
        assert due is not None
        assert day(1.99) < due <= day(2)
        if is_alone:
            assert told(driver.tick(due + 1)) == [("spring", [], False, False)]
        else:
            assert told(driver.visit(due)) == [("spring", [], False, False)]
        assert told(driver.visit(due + 1)) == []


def test_contacts_that_were_never_handed_over_cost_no_instant() -> None:
    driver = driver_of({"inactive_for": "30d"})
    driver.change_contact(day(0), "bob", plan="basic")
    assert (driver.contact("ann").due, driver.contact("bob").due) == (day(30), None)


def test_a_release_tells_nothing_of_what_its_condition_says_otherwise() -> None:
    driver = driver_of({"score": {"lt": 0}})
    definitions = {"segments": [ASK], "campaigns": [SPRING], "salesforce": {"do_not_sync": {"score": {"lt": 5}}}}
    assert told(driver.apply(day(1), **definitions)) == []
    assert told(driver.send("score.adjusted", day(2), points=9)) == [("spring", [], False, False)]


def test_a_lead_that_was_rejected_before_the_crm_answered_is_told_of_by_behaviour_too() -> None:
    driver = driver_of(UNSUBSCRIBED)
    assert driver.contact().leads["spring"].crm == {"handed_over": instant_text(day(0))}
    driver.send("lead.rejected", day(1), campaign="spring")
    assert told(driver.send("activity.recorded", day(2), name="unsubscribed")) == [("spring", [], True, False)]
