"""The batch evaluator's hand-overs and updates, from the specification alone: no engine decides anything here."""

from __future__ import annotations

from typing import Any

from schemas.values import instant_text
from tests.harness.engine.engine_driver import day
from tests.harness.verify.batch_driver import BatchDriver

_Record = tuple[int, str, tuple[str, ...], bool]
FIELDS = {"Status": {"value": "Unqualified"}}
UPDATES = [
    {"on": "lead.rejected", "fields": FIELDS},
    {"on": {"property": "consent"}, "fields": FIELDS},
    {"on": "contact.status", "fields": FIELDS},
]


def driver_of(**mapping: Any) -> BatchDriver:
    driver = BatchDriver(campaigns=[{"id": "spring"}], salesforce=mapping)
    driver.send("lead.added", day(0), campaign="spring")
    return driver


def told(driver: BatchDriver) -> list[_Record]:
    """Instant, status of the lead, occasions, and whether it is kept back, of each record."""
    return [(each.at, each.status, each.occasions, each.is_kept_back) for each in driver.contact().hand_overs]


def test_a_lead_is_handed_over_each_time_it_becomes_qualified() -> None:
    driver = driver_of()
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.send("lead.qualified", day(2), campaign="spring")
    driver.send("lead.reactivated", day(3), campaign="spring")
    driver.send("lead.qualified", day(4), campaign="spring")
    assert told(driver) == [(day(1), "qualified", (), False), (day(4), "qualified", (), False)]


def test_what_happens_later_is_told_once_for_each_record() -> None:
    driver = driver_of(updates=UPDATES)
    driver.change_contact(day(1), consent="yes")
    driver.send("lead.qualified", day(2), campaign="spring")
    driver.change_contact(day(3), consent="yes")
    driver.send("contact.changed", day(4), status="bounced", properties={"consent": "no"})
    occasions = ("lead.rejected", "property/consent", "contact.status")
    assert told(driver) == [(day(2), "qualified", (), False), (day(4), "rejected", occasions, False)]


def test_the_condition_is_asked_once_the_record_is_settled() -> None:
    rule = {"id": "hush", "when": {"lead_status": {"eq": "active"}}, "then": {"add_to_segment": "silent"}}
    driver = BatchDriver(
        segments=[{"id": "silent"}],
        campaigns=[{"id": "spring", "auto_qualify": True}, {"id": "winter", "automation": [rule]}],
        salesforce={"do_not_sync": {"segment": "silent"}, "updates": UPDATES},
    )
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("lead.added", day(1), campaign="winter")
    driver.send("lead.qualified", day(2), campaign="winter")
    driver.change_contact(day(3), consent="no")
    assert told(driver) == [
        (day(0), "qualified", (), False),
        (day(1), "qualified", (), True),
        (day(2), "qualified", (), True),
        (day(3), "qualified", ("property/consent",), True),
    ]
    assert driver.contact().leads["spring"].crm == {"handed_over": instant_text(day(0))}
    assert driver.contact().leads["winter"].crm == {"kept_back": instant_text(day(2))}


def test_a_window_leaves_a_contact_in_at_its_last_millisecond() -> None:
    for at, is_kept_back in ((day(7, -1), True), (day(7), False)):
        driver = driver_of(do_not_sync={"visit": {}, "within": "7d"})
        driver.visit(day(0))
        driver.send("lead.qualified", at, campaign="spring")
        assert told(driver) == [(at, "qualified", (), is_kept_back)]


def test_the_opt_out_itself_is_told_and_nothing_after_it() -> None:
    driver = driver_of(updates=UPDATES, do_not_sync={"property": "consent", "eq": "no"})
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.send("contact.changed", day(2), status="bounced", properties={"consent": "no"})
    driver.send("contact.changed", day(3), status="active")
    driver.change_contact(day(4), consent="yes")
    assert told(driver) == [
        (day(1), "qualified", (), False),
        (day(2), "rejected", ("property/consent",), False),
        (day(3), "rejected", ("contact.status",), True),
        (day(4), "rejected", ("property/consent",), False),
    ]


def test_consent_that_behaviour_and_time_turn_is_told() -> None:
    driver = driver_of(do_not_sync={"activity": {"name": {"eq": "unsubscribed"}}, "within": "7d"})
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.send("activity.recorded", day(2), name="unsubscribed")
    driver.visit(day(2))
    driver.visit(day(9), path="/later")
    driver.visit(day(9))
    driver.send("activity.recorded", day(10), name="unsubscribed")
    driver.visit(day(20))
    assert told(driver) == [
        (day(1), "qualified", (), False),
        (day(2), "qualified", (), True),
        (day(9), "qualified", (), False),
        (day(10), "qualified", (), True),
        (day(17), "qualified", (), False),
    ]
    assert driver.contact().leads["spring"].crm == {"handed_over": instant_text(day(1))}


def test_consent_turns_by_time_also_where_the_campaign_is_gone() -> None:
    mapping = {"do_not_sync": {"inactive_for": "30d"}}
    driver = driver_of(**mapping)
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.apply(day(2), campaigns=[], salesforce=mapping)
    driver.visit(day(3))
    driver.visit(day(40))
    assert told(driver) == [
        (day(1), "qualified", (), False),
        (day(33), "qualified", (), True),
        (day(40), "qualified", (), False),
    ]


def test_the_newest_answer_names_the_record_of_the_next_hand_over() -> None:
    driver = BatchDriver(campaigns=[{"id": "spring"}, {"id": "winter"}])
    for campaign in ("spring", "winter"):
        driver.send("lead.added", day(0), campaign=campaign)
    driver.send("crm.linked", day(1), campaign="winter", record="00Q2", number=[0, 9, 0])
    driver.send("crm.linked", day(2), campaign="spring", record="00Q1", number=[0, 5, 0])
    driver.send("lead.qualified", day(3), campaign="spring")
    [hand_over] = driver.contact().hand_overs
    assert hand_over.record == "00Q2"


def test_the_answer_of_a_retry_is_newer_than_what_it_repeats() -> None:
    driver = driver_of()
    answer = {"campaign": "spring", "number": [0, 5, 0]}
    driver.send("crm.failed", day(1), **answer, code="LOCKED", message="locked")
    driver.send("crm.linked", day(2), **answer, record="00Q1", retry=1)
    driver.send("crm.failed", day(3), **answer, code="LOCKED", message="locked")
    crm = driver.contact().leads["spring"].crm
    assert (crm["result"], crm["retry"], "code" in crm) == ("crm.linked", 1, False)
