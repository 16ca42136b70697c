"""SPEC section 7: how leads are created and end, cascade, periods, pauses."""

from __future__ import annotations

from typing import Any

from tests.harness.engine.engine_driver import EngineDriver, day, lead_changes, outputs_of_topic, segment_changes

FIT = {"id": "fit", "dynamic": True, "when": {"property": "fits", "eq": True}}


def campaign(**fields: Any) -> dict[str, Any]:
    return {"id": "spring", "audience": ["fit"], **fields}


def test_a_contact_becomes_a_lead_when_it_becomes_a_member_of_an_audience_segment() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    outputs = driver.change_contact(day(0), fits=True)
    topics = ["segment-changes", "segment-members", "lead-changes", "leads", "contacts"]
    assert [output["topic"] for output in outputs] == topics
    change = outputs_of_topic(outputs, "lead-changes")[0]
    assert (change["from"], change["to"], change["cause"]["kind"]) == (None, "active", "audience")
    assert outputs_of_topic(outputs, "leads")[0]["key"] == "default/spring/ann"


def test_defining_a_campaign_takes_in_those_who_already_are_members() -> None:
    driver = EngineDriver(segments=[FIT])
    driver.change_contact(day(0), fits=True)
    assert lead_changes(driver.apply(segments=[FIT], campaigns=[campaign()])) == [("spring", None, "active")]


def test_only_an_active_contact_makes_new_leads_and_becoming_active_as_a_member_makes_them() -> None:
    anyone = {**FIT, "statuses": ["active", "bounced"]}
    driver = EngineDriver(segments=[anyone], campaigns=[campaign()])
    driver.change_contact(day(0), status="bounced", fits=True)
    assert (driver.members(), driver.status("spring")) == (["fit"], None)
    driver.send("lead.added", day(1), campaign="spring")
    assert driver.refused == ["contact_not_active"]
    assert lead_changes(driver.change_contact(day(2), status="active")) == [("spring", None, "active")]


def test_auto_qualify_starts_leads_as_qualified_and_hands_them_over() -> None:
    salesforce = {"campaign": "701xx0000000001AAA", "member_status": "Responded"}
    driver = EngineDriver(
        segments=[FIT], campaigns=[campaign(name="Spring", auto_qualify=True, salesforce=salesforce)]
    )
    outputs = driver.change_contact(day(0), fits=True, email="ann@example.com")
    handed = outputs_of_topic(outputs, "qualified-leads")[0]
    assert handed["key"] == "default/ann"
    assert handed["campaign"] == {"id": "spring", "name": "Spring", "salesforce": salesforce}
    assert handed["snapshot"]["properties"]["email"] == "ann@example.com"
    assert lead_changes(outputs) == [("spring", None, "qualified")]


def test_a_hand_over_names_the_record_that_the_crm_keeps_of_the_contact() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign(), campaign(id="autumn")])
    driver.change_contact(day(0), fits=True)
    first = outputs_of_topic(driver.send("lead.qualified", day(1), campaign="spring"), "qualified-leads")[0]
    assert "record" not in first["lead"]
    driver.send("crm.linked", day(2), campaign="spring", record="00Qxx0000000001AAA", hand_over=first["id"])
    second = outputs_of_topic(driver.send("lead.qualified", day(3), campaign="autumn"), "qualified-leads")[0]
    assert second["lead"]["record"] == "00Qxx0000000001AAA"


def test_each_time_a_lead_becomes_qualified_it_is_handed_over() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    assert len(outputs_of_topic(driver.send("lead.qualified", day(1), campaign="spring"), "qualified-leads")) == 1
    assert outputs_of_topic(driver.send("lead.qualified", day(2), campaign="spring"), "qualified-leads") == []
    driver.send("lead.reactivated", day(3), campaign="spring")
    assert len(outputs_of_topic(driver.send("lead.qualified", day(4), campaign="spring"), "qualified-leads")) == 1


def test_a_bounced_contact_loses_every_lead() -> None:
    second = {"id": "summer", "audience": ["fit"], "auto_qualify": True}
    driver = EngineDriver(segments=[FIT], campaigns=[campaign(), second])
    driver.change_contact(day(0), fits=True)
    outputs = driver.change_contact(day(1), status="bounced")
    assert lead_changes(outputs) == [("spring", "active", "rejected"), ("summer", "qualified", "rejected")]
    assert {output["cause"]["kind"] for output in outputs_of_topic(outputs, "lead-changes")} == {"cascade"}
    assert lead_changes(driver.change_contact(day(2), status="active")) == []


def test_a_campaign_token_makes_a_lead_which_the_visit_then_scores() -> None:
    scoring = [{"id": "page", "when": {"visit": {"path": {"eq": "/pricing"}}}, "points": 10}]
    driver = EngineDriver(segments=[], campaigns=[{"id": "spring", "scoring": scoring}])
    outputs = driver.visit(day(0), "/pricing", campaign="spring")
    assert lead_changes(outputs) == [("spring", None, "active")]
    assert outputs_of_topic(outputs, "lead-changes")[0]["cause"]["kind"] == "event"
    assert driver.points("spring") == 10


def test_leaving_all_audience_segments_keeps_the_lead_unless_the_campaign_says_delete() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    assert lead_changes(driver.change_contact(day(1), fits=False)) == []
    driver = EngineDriver(segments=[FIT], campaigns=[campaign(leave="delete")])
    driver.change_contact(day(0), fits=True)
    assert lead_changes(driver.change_contact(day(1), fits=False)) == [("spring", "active", "deleted")]
    assert lead_changes(driver.change_contact(day(2), fits=True)) == [("spring", "deleted", "active")]


def test_one_of_two_audience_segments_is_enough_to_stay() -> None:
    rich = {"id": "rich", "dynamic": True, "when": {"property": "rich", "eq": True}}
    driver = EngineDriver(segments=[FIT, rich], campaigns=[campaign(leave="delete", audience=["fit", "rich"])])
    driver.change_contact(day(0), fits=True, rich=True)
    assert lead_changes(driver.change_contact(day(1), fits=False)) == []
    assert lead_changes(driver.change_contact(day(2), rich=False)) == [("spring", "active", "deleted")]


def test_a_lead_that_never_was_in_the_audience_does_not_leave_it() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign(leave="delete")])
    driver.send("lead.added", day(0), campaign="spring")
    assert lead_changes(driver.change_contact(day(1), fits=False)) == []


def test_an_exit_by_status_is_no_leaving_and_is_judged_when_the_status_allows_it() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign(leave="delete")])
    driver.change_contact(day(0), fits=True)
    assert lead_changes(driver.change_contact(day(1), status="bounced")) == [("spring", "active", "rejected")]
    driver.send("lead.reactivated", day(2), campaign="spring")
    assert driver.status("spring") == "active"
    assert lead_changes(driver.change_contact(day(3), fits=False)) == []
    assert lead_changes(driver.change_contact(day(4), status="active")) == [("spring", "active", "deleted")]


def test_on_a_paused_campaign_leaving_waits_until_it_resumes() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign(leave="delete")])
    driver.change_contact(day(0), fits=True)
    driver.apply(segments=[FIT], campaigns=[campaign(leave="delete", paused=True)])
    assert lead_changes(driver.change_contact(day(1), fits=False)) == []
    outputs = driver.apply(segments=[FIT], campaigns=[campaign(leave="delete")])
    assert lead_changes(outputs) == [("spring", "active", "deleted")]


def test_a_paused_campaign_takes_no_new_leads_but_decisions_on_its_leads_work() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.send("lead.added", day(0), "bob", campaign="spring")
    driver.apply(segments=[FIT], campaigns=[campaign(paused=True)])
    driver.change_contact(day(0), fits=True)
    driver.visit(day(0, 1), campaign="spring")
    driver.send("lead.added", day(1), campaign="spring", acquired=True)
    assert (driver.status("spring"), driver.refused) == (None, ["campaign_not_running"])
    assert lead_changes(driver.send("lead.qualified", day(2), "bob", campaign="spring")) == [
        ("spring", "active", "qualified")
    ]
    assert lead_changes(driver.apply(segments=[FIT], campaigns=[campaign()])) == [("spring", None, "active")]


def test_a_period_begins_and_ends_at_local_midnights() -> None:
    spring = campaign(period={"from": "2026-01-10", "to": "2026-01-20"})
    driver = EngineDriver(time_zone="Europe/Berlin", segments=[FIT], campaigns=[spring])
    assert lead_changes(driver.change_contact(day(0), fits=True)) == []
    outputs = driver.tick(day(12))
    assert lead_changes(outputs) == [("spring", None, "active")]
    assert outputs[0]["at"] == "2026-01-09T23:00:00.000Z"
    driver.change_contact(day(18, 23 * 3_600_000 - 1), "bob", fits=True)
    assert driver.status("spring", "bob") == "active"
    driver.change_contact(day(18, 23 * 3_600_000), "cid", fits=True)
    assert driver.status("spring", "cid") is None


def test_an_unknown_campaign_is_a_dead_letter() -> None:
    driver = EngineDriver(segments=[])
    for command in ("added", "qualified", "rejected", "removed", "reactivated"):
        driver.send(f"lead.{command}", day(0), campaign="nowhere")
        assert driver.refused == ["unknown_campaign"]


def test_a_lead_created_again_starts_from_nothing_with_its_old_crm_link() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    driver.send("score.adjusted", day(1), points=30)
    driver.send("crm.linked", day(1), campaign="spring", record="00Q1", hand_over="h1", number=[0, 2, 1])
    driver.send("lead.removed", day(2), campaign="spring")
    driver.send("lead.added", day(3), campaign="spring")
    lead = driver.contact().leads["spring"]
    assert (lead.status, lead.points, lead.created, lead.crm["record"]) == ("active", 0, day(3), "00Q1")


def test_reactivating_keeps_the_points_but_a_removed_lead_starts_from_nothing() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    driver.send("score.adjusted", day(1), points=30)
    driver.send("lead.rejected", day(2), campaign="spring")
    driver.send("lead.reactivated", day(3), campaign="spring")
    assert driver.points("spring") == 30
    driver.send("lead.removed", day(4), campaign="spring")
    driver.send("lead.reactivated", day(5), campaign="spring")
    assert driver.points("spring") == 0


def test_a_result_of_an_older_hand_over_is_ignored() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    row = driver.send("crm.linked", day(1), campaign="spring", record="new", hand_over="h2", number=[0, 9, 0])
    assert (row[0]["topic"], row[0]["cause"]["kind"], row[0]["crm"]["record"]) == ("leads", "crm", "new")
    assert driver.send("crm.linked", day(2), campaign="spring", record="old", hand_over="h1", number=[0, 3, 0]) == []
    assert driver.contact().leads["spring"].crm["record"] == "new"


def test_an_outcome_speaks_for_the_lead_and_leaves_nothing_of_the_one_before() -> None:
    driver = EngineDriver(segments=[FIT], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    driver.send("crm.linked", day(1), campaign="spring", record="r", hand_over="h2", number=[0, 9, 0])
    outcome = {"campaign": "spring", "outcome": "won", "opportunity": "o1", "currency": "EUR"}
    state = {"outcome": "open", "currency": "EUR", "amount": "3"}
    both = {"EUR": "7", "USD": "2"}
    driver.send("crm.outcome", day(2), **outcome, amount="7", amounts=both, opportunity_state=state)
    assert driver.contact().leads["spring"].crm["amounts"] == both
    ledgers: dict[str, Any] = {"number": [0, 99, 0], "cause": {"kind": "crm", "event": "e1", "release": 1}}
    driver.send("crm.outcome", day(3), **outcome, amount="8", opportunity_state=state, **ledgers)
    expected = {"record": "r", "hand_over": "h2", "number": [0, 9, 0], "result": "crm.outcome"}
    expected |= {name: value for name, value in outcome.items() if name != "campaign"} | {"amount": "8"}
    assert driver.contact().leads["spring"].crm == expected


def test_a_segment_may_look_at_leads() -> None:
    hot = {"id": "hot", "dynamic": True, "when": {"lead": {"campaign": "spring", "status": {"eq": "qualified"}}}}
    driver = EngineDriver(segments=[FIT, hot], campaigns=[campaign()])
    driver.change_contact(day(0), fits=True)
    outputs = driver.send("lead.qualified", day(1), campaign="spring")
    assert segment_changes(outputs) == [("hot", "in")]


def test_a_lead_deleted_and_created_again_within_one_record_is_emitted_step_by_step() -> None:
    listing = {"id": "list", "when": {"property": "fits", "eq": False}, "then": {"add_to_segment": "listed"}}
    everyone = {"id": "everyone", "dynamic": True, "when": {"all": []}}
    driver = EngineDriver(
        segments=[FIT, everyone, {"id": "listed"}],
        campaigns=[
            campaign(audience=["fit", "listed"], leave="delete"),
            {"id": "other", "audience": ["everyone"], "automation": [listing]},
        ],
    )
    driver.change_contact(day(0), fits=True)
    outputs = driver.change_contact(day(1), fits=False)
    assert lead_changes(outputs) == [("spring", "active", "deleted"), ("spring", "deleted", "active")]
    ids = [output["id"] for output in outputs if "id" in output]
    assert len(ids) == len(set(ids))
