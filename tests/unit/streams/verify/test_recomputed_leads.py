"""Leads recomputed from the whole history, as the specification defines them; the engine is compared with each."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.engine.journal.records import event_key
from streams.settings import Settings
from streams.verify.comparison import PartitionComparison
from streams.verify.flags import ContactFlags
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recomputed import PartitionRecomputation
from streams.verify.report import VerificationReport
from streams.verify.table import PartitionTables
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.engine.lead_comparison import leads_from_engine, leads_from_recompute

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}}
HOT = {"id": "hot", "when": {"points": {"gte": 5}}, "then": {"set_status": "qualified"}}
COLD = {"id": "cold", "when": {"points": {"lt": 5}}, "then": {"set_status": "rejected"}}
_ExpectedLead = tuple[str, float, int, int]


def recompute(driver: EngineDriver) -> RecomputedContact:
    """Returns ann as recomputed, and compares the engine's row with it."""
    recomputation = PartitionRecomputation(lambda _, number: driver.releases[number - 1], Settings())
    for offset, _, value in driver.journal:
        recomputation.feed(offset, value)
    contact = recomputation.recompute(event_key("default", "ann"))
    assert leads_from_recompute(contact) == leads_from_engine(driver.contact(), contact)
    assert contact.model.members == set(driver.members())
    assert contact.fixed_memberships.listed == set(driver.contact().listed)
    return contact


def lead(driver: EngineDriver, campaign: str = "spring") -> _ExpectedLead:
    """Returns the lead's status, points, made and changed."""
    fields = leads_from_recompute(recompute(driver))[campaign]
    return fields["status"], fields["points"], fields["made"], fields["changed"]


def spring_campaign(**fields: Any) -> list[dict[str, Any]]:
    return [{"id": "spring", **fields}]


def test_a_contact_that_enters_the_audience_by_time_alone_is_a_lead_from_that_instant() -> None:
    asleep = {"id": "asleep", "dynamic": True, "when": {"inactive_for": "3d"}}
    driver = EngineDriver(segments=[asleep], campaigns=spring_campaign(audience=["asleep"]))
    driver.visit(day(0))
    driver.tick(day(9))
    assert lead(driver) == ("active", 0, day(3), day(3))


def test_tags_held_long_enough_make_a_lead_at_that_instant() -> None:
    segment = {"id": "known", "dynamic": True, "when": {"tags": {"contains": "vip"}, "held_for": "3d"}}
    driver = EngineDriver(segments=[segment], campaigns=spring_campaign(audience=["known"]))
    driver.change_contact(day(1), tags=["vip"])
    driver.tick(day(9))
    assert lead(driver) == ("active", 0, day(4), day(4))


def test_a_threshold_crossed_by_decay_fires_at_the_first_millisecond_whose_rounded_value_is_across() -> None:
    driver = EngineDriver(campaigns=spring_campaign(half_life="1d", automation=[COLD]))
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("lead.reactivated", day(0), campaign="spring")  # rejected at once: 0 is below 5
    driver.send("score.adjusted", day(0), campaign="spring", points=10)
    assert lead(driver)[:2] == ("active", 10)
    driver.tick(day(3))
    status, points, _, changed = lead(driver)
    assert status == "rejected"
    assert 4.999999 <= points < 5
    assert day(1) < changed < day(1, 20)  # a millisecond takes 0.00000004 points: some more until it shows


def test_a_lead_that_takes_no_points_does_not_decay_either() -> None:
    driver = EngineDriver(campaigns=spring_campaign(half_life="1d"))
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(0), campaign="spring", points=8)
    driver.send("lead.qualified", day(1), campaign="spring")
    driver.tick(day(30))
    assert lead(driver) == ("qualified", 4, day(0), day(1))


def test_a_late_score_is_decayed_from_its_own_instant() -> None:
    driver = EngineDriver(campaigns=spring_campaign(half_life="1d"))
    driver.send("lead.added", day(0), campaign="spring")
    driver.change_contact(day(2), city="Bonn")
    driver.send("score.adjusted", day(1), campaign="spring", points=8)
    assert lead(driver)[1] == 4


def test_a_campaign_takes_in_its_audience_when_it_starts_and_runs_no_rule_from_its_end_on() -> None:
    old = {"id": "old", "when": {"lead_age": {"gte": "5d"}}, "then": {"set_status": "rejected"}}
    older = {"id": "older", "when": {"lead_age": {"gte": "8d"}}, "then": {"set_status": "qualified"}}
    period = {"from": "2026-01-02", "to": "2026-01-07"}
    driver = EngineDriver(
        segments=[{"id": "vip"}], campaigns=spring_campaign(audience=["vip"], period=period, automation=[old, older])
    )
    driver.send("segment.member_added", day(0), segment="vip")
    driver.tick(day(20))
    assert lead(driver) == ("active", 0, day(1), day(1))


def test_a_rule_on_the_age_of_a_lead_fires_to_the_millisecond() -> None:
    old = {"id": "old", "when": {"lead_age": {"gt": "5d"}}, "then": {"set_status": "rejected"}}
    driver = EngineDriver(campaigns=spring_campaign(automation=[old]))
    driver.send("lead.added", day(0), campaign="spring")
    driver.tick(day(5, 1))
    assert lead(driver)[0] == "active"
    driver.tick(day(5, 2))
    assert lead(driver) == ("rejected", 0, day(0), day(5, 1))


def test_reactivating_fires_nothing_that_is_true_already() -> None:
    driver = EngineDriver(campaigns=spring_campaign(automation=[HOT]))
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(1), campaign="spring", points=6)
    driver.send("lead.reactivated", day(2), campaign="spring")
    driver.send("score.adjusted", day(3), campaign="spring", points=1)
    assert lead(driver) == ("active", 7, day(0), day(2))
    driver.send("score.adjusted", day(4), campaign="spring", points=-3)
    driver.send("score.adjusted", day(5), campaign="spring", points=3)
    assert lead(driver) == ("qualified", 7, day(0), day(5))


def test_resuming_a_campaign_fires_what_is_true_then_and_was_not_when_it_paused() -> None:
    paused = {"campaigns": spring_campaign(paused=True, automation=[HOT])}
    driver = EngineDriver(campaigns=spring_campaign(automation=[HOT]))
    driver.send("lead.added", day(0), campaign="spring")
    driver.apply(**paused, at=day(1))
    driver.send("score.adjusted", day(2), campaign="spring", points=6)
    assert lead(driver)[0] == "active"
    driver.apply(campaigns=spring_campaign(automation=[HOT]), at=day(3))
    assert lead(driver) == ("qualified", 6, day(0), day(3))


def test_a_new_rule_takes_present_truths_as_they_are_unless_it_applies_to_existing_leads() -> None:
    for apply_to_existing, status in ((False, "active"), (True, "qualified")):
        driver = EngineDriver(campaigns=spring_campaign())
        driver.send("lead.added", day(0), campaign="spring")
        driver.send("score.adjusted", day(0), campaign="spring", points=6)
        driver.apply(
            campaigns=spring_campaign(automation=[{**HOT, "apply_to_existing": apply_to_existing}]), at=day(1)
        )
        assert lead(driver)[0] == status


def test_the_first_rule_that_takes_the_lead_out_ends_its_processing() -> None:
    late = {"id": "late", "when": {"points": {"gte": 5}}, "then": {"add_to_segment": "vip"}}
    driver = EngineDriver(segments=[{"id": "vip"}], campaigns=spring_campaign(automation=[HOT, late]))
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(0), campaign="spring", points=6)
    assert recompute(driver).fixed_memberships.listed == set()


def test_rules_lead_on_to_lists_audiences_and_other_campaigns_within_one_record() -> None:
    rule = {"id": "list", "when": {"points": {"gte": 5}}, "then": {"add_to_segment": "vip", "add_points": 1}}
    campaigns = [
        {"id": "summer", "audience": ["vip"], "automation": [{**HOT, "when": {"segment": "vip"}}]},
        *spring_campaign(automation=[rule]),
    ]
    driver = EngineDriver(segments=[{"id": "vip"}], campaigns=campaigns)
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(1), campaign="spring", points=5)
    assert lead(driver) == ("active", 6, day(0), day(0))
    assert lead(driver, "summer") == ("qualified", 0, day(1), day(1))
    assert recompute(driver).model.members == {"vip"}


def test_a_cap_counts_the_awards_of_a_rolling_window() -> None:
    rule = {"id": "visit", "when": {"visit": {}}, "points": 1, "at_most": {"times": 2, "per": "1d"}}
    driver = EngineDriver(campaigns=spring_campaign(scoring=[rule]))
    driver.send("lead.added", day(0), campaign="spring")
    for at in (day(0), day(0.5), day(1, -1), day(1)):
        driver.visit(at)
    assert lead(driver)[1] == 3


def test_an_exit_by_the_contacts_status_is_no_leaving() -> None:
    driver = EngineDriver(segments=[RECENT], campaigns=spring_campaign(audience=["recent"], leave="delete"))
    driver.visit(day(0))
    driver.send("lead.qualified", day(0, 1), campaign="spring")
    driver.change_contact(day(1), status="bounced")
    driver.send("lead.reactivated", day(1, 1), campaign="spring")
    assert lead(driver)[0] == "active"
    driver.change_contact(day(5), status="active")
    assert lead(driver) == ("deleted", 0, day(0), day(5))


def leave_a_nested_segment(statuses: list[str]) -> EngineDriver:
    """A contact becomes active that was in the audience, of these statuses, by a segment of inactive contacts."""
    idle = {"id": "idle", "dynamic": True, "when": {"visit": {}}, "statuses": ["inactive"]}
    asked = {"id": "asked", "dynamic": True, "when": {"segment": "idle"}, "statuses": statuses}
    driver = EngineDriver(segments=[idle, asked], campaigns=spring_campaign(audience=["asked"], leave="delete"))
    driver.visit(day(0))
    driver.send("lead.added", day(0, 1), campaign="spring")
    driver.change_contact(day(1), status="inactive")
    driver.send("lead.reactivated", day(1, 1), campaign="spring")
    assert "asked" in driver.members()
    driver.change_contact(day(2), status="active")
    assert "asked" not in driver.members()
    return driver


def test_an_exit_by_the_statuses_of_a_segment_that_the_audience_refers_to_is_leaving() -> None:
    assert lead(leave_a_nested_segment(["active", "inactive"])) == ("deleted", 0, day(0, 1), day(2))


def test_it_is_no_leaving_where_the_audience_has_these_statuses_too() -> None:
    assert lead(leave_a_nested_segment(["inactive"]))[0] == "active"


def test_points_decay_though_the_campaign_is_over_as_long_as_the_lead_takes_points() -> None:
    period = {"from": "2026-01-01", "to": "2026-01-15"}
    for event, points in (("lead.reactivated", 2), ("lead.qualified", 4)):
        driver = EngineDriver(campaigns=spring_campaign(half_life="10d", period=period))
        driver.send("lead.added", day(0), campaign="spring")
        driver.send("score.adjusted", day(0), campaign="spring", points=8)
        driver.send(event, day(10), campaign="spring")
        driver.send("lead.added", day(20), campaign="spring")
        driver.send("score.adjusted", day(20), campaign="spring", points=100)
        assert lead(driver)[1] == points


def test_a_lead_that_left_comes_back_by_its_audience_and_one_that_a_person_removed_does_not() -> None:
    for is_removed, status in ((False, "active"), (True, "deleted")):
        driver = EngineDriver(segments=[RECENT], campaigns=spring_campaign(audience=["recent"], leave="delete"))
        driver.visit(day(0))
        if is_removed:
            driver.send("lead.removed", day(1), campaign="spring")
        driver.visit(day(9))
        assert lead(driver)[0] == status


def test_a_refused_command_may_come_again_under_its_id() -> None:
    driver = EngineDriver(campaigns=spring_campaign(paused=True))
    driver.send("lead.added", day(0), campaign="spring", id="once")
    driver.apply(campaigns=spring_campaign(), at=day(0, 1))
    driver.send("lead.added", day(0, 2), campaign="spring", id="once")
    driver.send("lead.removed", day(0, 3), campaign="spring", id="once")
    assert lead(driver) == ("active", 0, day(0, 2), day(0, 2))


def test_a_segment_on_leads_that_is_paused_keeps_who_was_in_it() -> None:
    warm = {"id": "warm", "dynamic": True, "when": {"lead": {"campaign": "spring", "points": {"gte": 5}}}}
    driver = EngineDriver(segments=[warm], campaigns=spring_campaign(half_life="1d"))
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(0), campaign="spring", points=10)
    driver.apply(segments=[{**warm, "paused": True}], campaigns=spring_campaign(half_life="1d"), at=day(0.5))
    driver.tick(day(9))
    assert recompute(driver).model.members == {"warm"}
    driver.apply(segments=[warm], campaigns=spring_campaign(half_life="1d"), at=day(9))
    assert recompute(driver).model.members == set()


def test_results_of_the_crm_stay_with_the_lead() -> None:
    driver = EngineDriver(campaigns=spring_campaign())
    driver.send("lead.added", day(0), campaign="spring")
    number = {"partition": 0, "offset": 2, "ordinal": 0}
    result: dict[str, Any] = {"campaign": "spring", "hand_over": "h1", "number": number}
    driver.send("crm.failed", day(1), **result, code="locked", message="the record is locked")
    driver.send("crm.linked", day(2), **result, record="00Q1", member="00v1")
    driver.send("lead.removed", day(3), campaign="spring")
    driver.send("lead.added", day(4), campaign="spring")
    crm = leads_from_recompute(recompute(driver))["spring"]["crm"]
    assert (crm["record"], crm["result"]) == ("00Q1", "crm.linked")
    assert "code" not in crm


def test_an_outcome_leaves_nothing_of_the_amounts_before() -> None:
    driver = EngineDriver(campaigns=spring_campaign())
    driver.send("lead.added", day(0), campaign="spring")
    outcome: dict[str, Any] = {"campaign": "spring", "outcome": "won", "opportunity": "o1", "currency": "EUR"}
    state = {"outcome": "open", "currency": "EUR"}
    driver.send(
        "crm.outcome", day(1), **outcome, amount="7", amounts={"EUR": "7", "USD": "2"}, opportunity_state=state
    )
    crm = leads_from_recompute(recompute(driver))["spring"]["crm"]
    assert (crm["amount"], crm["amounts"]) == ("7", {"EUR": "7", "USD": "2"})
    assert "opportunity_state" not in crm
    driver.send("crm.outcome", day(2), **outcome, amount="8")
    crm = leads_from_recompute(recompute(driver))["spring"]["crm"]
    assert (crm["amount"], "amounts" in crm) == ("8", False)


def test_a_lead_that_the_cascade_should_have_ended_is_a_difference() -> None:
    driver = EngineDriver(campaigns=spring_campaign())
    rows = [*driver.send("lead.added", day(0), campaign="spring"), *driver.change_contact(day(1), status="bounced")]
    lead_rows = [row for row in rows if row["topic"] == "leads"]
    assert [each.kind for each in differences(driver, lead_rows[-1])] == []
    (difference,) = differences(driver, lead_rows[0])
    assert (difference.kind, difference.subject) == ("lead", "spring")
    assert difference.expected.startswith("rejected with 0 points at 2026-01-02T00:00:00.000Z")
    assert difference.actual.startswith("active with 0 points at 2026-01-01T00:00:00.000Z")


def test_a_lead_without_a_row_and_a_row_without_a_lead_are_differences() -> None:
    driver = EngineDriver(campaigns=[{"id": "spring"}, {"id": "autumn"}])
    (row,) = [each for each in driver.send("lead.added", day(0), campaign="spring") if each["topic"] == "leads"]
    assert [each.actual for each in differences(driver, None)] == ["none"]
    stray = {**row, "campaign": "autumn", "key": "default/autumn/ann"}
    assert [(each.subject, each.expected) for each in differences(driver, stray)] == [
        ("autumn", "none"),
        (
            "spring",
            "active with 0 points at 2026-01-01T00:00:00.000Z, made 2026-01-01T00:00:00.000Z, "
            "changed 2026-01-01T00:00:00.000Z",
        ),
    ]


def differences(driver: EngineDriver, row: dict[str, Any] | None) -> list[Any]:
    """Returns the differences among the leads where this is the only row of `leads`."""
    tables, report = PartitionTables(), VerificationReport()
    if row is not None:
        fields = {name: value for name, value in row.items() if name not in ("topic", "key")}
        tables.leads.feed(row["key"].encode(), msgspec.json.encode(fields))
    recomputation = PartitionRecomputation(lambda _, number: driver.releases[number - 1], Settings())
    for offset, _, value in driver.journal:
        recomputation.feed(offset, value)
    PartitionComparison(recomputation, tables, ContactFlags(), report).compare_contact(event_key("default", "ann"))
    return [difference for difference in report.differences if difference.kind == "lead"]
