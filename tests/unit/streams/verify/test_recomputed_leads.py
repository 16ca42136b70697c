"""Leads told from the whole history alone, in the words of the specification; the engine is held against each too."""

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
from streams.verify.table import OutputTable
from tests.harness.engine.engine_driver import EngineDriver, day
from tests.harness.engine.lead_comparison import leads_from_engine, leads_from_recompute

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}}
HOT = {"id": "hot", "when": {"points": {"gte": 5}}, "then": {"set_status": "qualified"}}
COLD = {"id": "cold", "when": {"points": {"lt": 5}}, "then": {"set_status": "rejected"}}
_ExpectedLead = tuple[str, float, int, int]


def told(story: EngineDriver) -> RecomputedContact:
    """Ann as batch tells her, who is as the engine's row has her."""
    again = PartitionRecomputation(lambda _, number: story.releases[number - 1], Settings())
    for offset, _, value in story.journal:
        again.feed(offset, value)
    found = again.recompute(event_key("default", "ann"))
    assert leads_from_recompute(found) == leads_from_engine(story.contact(), found)
    assert found.model.members == set(story.members())
    assert found.fixed_memberships.listed == set(story.contact().listed)
    return found


def lead(story: EngineDriver, campaign: str = "spring") -> _ExpectedLead:
    """Status, points, made and changed."""
    life = leads_from_recompute(told(story))[campaign]
    return life["status"], life["points"], life["made"], life["changed"]


def spring(**fields: Any) -> list[dict[str, Any]]:
    return [{"id": "spring", **fields}]


def test_who_comes_into_the_audience_by_time_alone_is_a_lead_from_that_instant() -> None:
    asleep = {"id": "asleep", "dynamic": True, "when": {"inactive_for": "3d"}}
    story = EngineDriver(segments=[asleep], campaigns=spring(audience=["asleep"]))
    story.visit(day(0))
    story.tick(day(9))
    assert lead(story) == ("active", 0, day(3), day(3))


def test_tags_that_have_been_held_make_a_lead_at_their_own_instant() -> None:
    known = {"id": "known", "dynamic": True, "when": {"tags": {"contains": "vip"}, "held_for": "3d"}}
    story = EngineDriver(segments=[known], campaigns=spring(audience=["known"]))
    story.change_contact(day(1), tags=["vip"])
    story.tick(day(9))
    assert lead(story) == ("active", 0, day(4), day(4))


def test_a_threshold_crossed_by_decay_fires_at_the_first_millisecond_whose_rounded_value_is_across() -> None:
    story = EngineDriver(campaigns=spring(half_life="1d", automation=[COLD]))
    story.send("lead.added", day(0), campaign="spring")
    story.send("lead.reactivated", day(0), campaign="spring")  # rejected at once: 0 is below 5
    story.send("score.adjusted", day(0), campaign="spring", points=10)
    assert lead(story)[:2] == ("active", 10)
    story.tick(day(3))
    status, points, _, changed = lead(story)
    assert status == "rejected"
    assert 4.999999 <= points < 5
    assert day(1) < changed < day(1, 20)  # a millisecond takes 0.00000004 points: some more until it shows


def test_what_does_not_take_points_any_more_does_not_decay_either() -> None:
    story = EngineDriver(campaigns=spring(half_life="1d"))
    story.send("lead.added", day(0), campaign="spring")
    story.send("score.adjusted", day(0), campaign="spring", points=8)
    story.send("lead.qualified", day(1), campaign="spring")
    story.tick(day(30))
    assert lead(story) == ("qualified", 4, day(0), day(1))


def test_a_late_score_is_decayed_from_its_own_instant() -> None:
    story = EngineDriver(campaigns=spring(half_life="1d"))
    story.send("lead.added", day(0), campaign="spring")
    story.change_contact(day(2), city="Bonn")
    story.send("score.adjusted", day(1), campaign="spring", points=8)
    assert lead(story)[1] == 4


def test_a_campaign_takes_in_its_audience_when_it_starts_and_runs_no_rule_from_its_end_on() -> None:
    old = {"id": "old", "when": {"lead_age": {"gte": "5d"}}, "then": {"set_status": "rejected"}}
    older = {"id": "older", "when": {"lead_age": {"gte": "8d"}}, "then": {"set_status": "qualified"}}
    period = {"from": "2026-01-02", "to": "2026-01-07"}
    story = EngineDriver(
        segments=[{"id": "vip"}], campaigns=spring(audience=["vip"], period=period, automation=[old, older])
    )
    story.send("segment.member_added", day(0), segment="vip")
    story.tick(day(20))
    assert lead(story) == ("active", 0, day(1), day(1))


def test_a_rule_on_the_age_of_a_lead_fires_to_the_millisecond() -> None:
    old = {"id": "old", "when": {"lead_age": {"gt": "5d"}}, "then": {"set_status": "rejected"}}
    story = EngineDriver(campaigns=spring(automation=[old]))
    story.send("lead.added", day(0), campaign="spring")
    story.tick(day(5, 1))
    assert lead(story)[0] == "active"
    story.tick(day(5, 2))
    assert lead(story) == ("rejected", 0, day(0), day(5, 1))


def test_reactivating_fires_nothing_that_is_true_already() -> None:
    story = EngineDriver(campaigns=spring(automation=[HOT]))
    story.send("lead.added", day(0), campaign="spring")
    story.send("score.adjusted", day(1), campaign="spring", points=6)
    story.send("lead.reactivated", day(2), campaign="spring")
    story.send("score.adjusted", day(3), campaign="spring", points=1)
    assert lead(story) == ("active", 7, day(0), day(2))
    story.send("score.adjusted", day(4), campaign="spring", points=-3)
    story.send("score.adjusted", day(5), campaign="spring", points=3)
    assert lead(story) == ("qualified", 7, day(0), day(5))


def test_resuming_a_campaign_fires_what_is_true_then_and_was_not_when_it_paused() -> None:
    paused = {"campaigns": spring(paused=True, automation=[HOT])}
    story = EngineDriver(campaigns=spring(automation=[HOT]))
    story.send("lead.added", day(0), campaign="spring")
    story.apply(**paused, at=day(1))
    story.send("score.adjusted", day(2), campaign="spring", points=6)
    assert lead(story)[0] == "active"
    story.apply(campaigns=spring(automation=[HOT]), at=day(3))
    assert lead(story) == ("qualified", 6, day(0), day(3))


def test_a_new_rule_takes_present_truths_as_they_are_unless_it_applies_to_existing_leads() -> None:
    for applies, status in ((False, "active"), (True, "qualified")):
        story = EngineDriver(campaigns=spring())
        story.send("lead.added", day(0), campaign="spring")
        story.send("score.adjusted", day(0), campaign="spring", points=6)
        story.apply(campaigns=spring(automation=[{**HOT, "apply_to_existing": applies}]), at=day(1))
        assert lead(story)[0] == status


def test_the_first_rule_that_takes_the_lead_out_ends_its_processing() -> None:
    late = {"id": "late", "when": {"points": {"gte": 5}}, "then": {"add_to_segment": "vip"}}
    story = EngineDriver(segments=[{"id": "vip"}], campaigns=spring(automation=[HOT, late]))
    story.send("lead.added", day(0), campaign="spring")
    story.send("score.adjusted", day(0), campaign="spring", points=6)
    assert told(story).fixed_memberships.listed == set()


def test_rules_lead_on_to_lists_audiences_and_other_campaigns_within_one_record() -> None:
    listing = {"id": "list", "when": {"points": {"gte": 5}}, "then": {"add_to_segment": "vip", "add_points": 1}}
    campaigns = [
        {"id": "summer", "audience": ["vip"], "automation": [{**HOT, "when": {"segment": "vip"}}]},
        *spring(automation=[listing]),
    ]
    story = EngineDriver(segments=[{"id": "vip"}], campaigns=campaigns)
    story.send("lead.added", day(0), campaign="spring")
    story.send("score.adjusted", day(1), campaign="spring", points=5)
    assert lead(story) == ("active", 6, day(0), day(0))
    assert lead(story, "summer") == ("qualified", 0, day(1), day(1))
    assert told(story).model.members == {"vip"}


def test_a_cap_counts_the_awards_of_a_rolling_window() -> None:
    rule = {"id": "visit", "when": {"visit": {}}, "points": 1, "at_most": {"times": 2, "per": "1d"}}
    story = EngineDriver(campaigns=spring(scoring=[rule]))
    story.send("lead.added", day(0), campaign="spring")
    for at in (day(0), day(0.5), day(1, -1), day(1)):
        story.visit(at)
    assert lead(story)[1] == 3


def test_an_exit_by_the_contacts_status_is_no_leaving() -> None:
    story = EngineDriver(segments=[RECENT], campaigns=spring(audience=["recent"], leave="delete"))
    story.visit(day(0))
    story.send("lead.qualified", day(0, 1), campaign="spring")
    story.change_contact(day(1), status="bounced")
    story.send("lead.reactivated", day(1, 1), campaign="spring")
    assert lead(story)[0] == "active"
    story.change_contact(day(5), status="active")
    assert lead(story) == ("deleted", 0, day(0), day(5))


def test_a_lead_that_left_comes_back_by_its_audience_and_one_that_a_person_removed_does_not() -> None:
    for removed, status in ((False, "active"), (True, "deleted")):
        story = EngineDriver(segments=[RECENT], campaigns=spring(audience=["recent"], leave="delete"))
        story.visit(day(0))
        if removed:
            story.send("lead.removed", day(1), campaign="spring")
        story.visit(day(9))
        assert lead(story)[0] == status


def test_a_refused_command_may_come_again_under_its_id() -> None:
    story = EngineDriver(campaigns=spring(paused=True))
    story.send("lead.added", day(0), campaign="spring", id="once")
    story.apply(campaigns=spring(), at=day(0, 1))
    story.send("lead.added", day(0, 2), campaign="spring", id="once")
    story.send("lead.removed", day(0, 3), campaign="spring", id="once")
    assert lead(story) == ("active", 0, day(0, 2), day(0, 2))


def test_a_segment_on_leads_that_is_paused_keeps_who_was_in_it() -> None:
    warm = {"id": "warm", "dynamic": True, "when": {"lead": {"campaign": "spring", "points": {"gte": 5}}}}
    story = EngineDriver(segments=[warm], campaigns=spring(half_life="1d"))
    story.send("lead.added", day(0), campaign="spring")
    story.send("score.adjusted", day(0), campaign="spring", points=10)
    story.apply(segments=[{**warm, "paused": True}], campaigns=spring(half_life="1d"), at=day(0.5))
    story.tick(day(9))
    assert told(story).model.members == {"warm"}
    story.apply(segments=[warm], campaigns=spring(half_life="1d"), at=day(9))
    assert told(story).model.members == set()


def test_what_the_crm_said_stays_with_the_lead() -> None:
    story = EngineDriver(campaigns=spring())
    story.send("lead.added", day(0), campaign="spring")
    number = {"partition": 0, "offset": 2, "ordinal": 0}
    said: dict[str, Any] = {"campaign": "spring", "hand_over": "h1", "number": number}
    story.send("crm.failed", day(1), **said, code="locked", message="the record is locked")
    story.send("crm.linked", day(2), **said, record="00Q1", member="00v1")
    story.send("lead.removed", day(3), campaign="spring")
    story.send("lead.added", day(4), campaign="spring")
    crm = leads_from_recompute(told(story))["spring"]["crm"]
    assert (crm["record"], crm["result"]) == ("00Q1", "crm.linked")
    assert "code" not in crm


def test_a_lead_that_the_cascade_should_have_ended_is_a_difference() -> None:
    story = EngineDriver(campaigns=spring())
    rows = [*story.send("lead.added", day(0), campaign="spring"), *story.change_contact(day(1), status="bounced")]
    written = [row for row in rows if row["topic"] == "leads"]
    assert [each.kind for each in differences(story, written[-1])] == []
    (found,) = differences(story, written[0])
    assert (found.kind, found.subject) == ("lead", "spring")
    assert found.expected.startswith("rejected with 0 points at 2026-01-02T00:00:00.000Z")
    assert found.actual.startswith("active with 0 points at 2026-01-01T00:00:00.000Z")


def test_a_lead_without_a_row_and_a_row_without_a_lead_are_differences() -> None:
    story = EngineDriver(campaigns=[{"id": "spring"}, {"id": "autumn"}])
    (row,) = [each for each in story.send("lead.added", day(0), campaign="spring") if each["topic"] == "leads"]
    assert [each.actual for each in differences(story, None)] == ["none"]
    stray = {**row, "campaign": "autumn", "key": "default/autumn/ann"}
    assert [(each.subject, each.expected) for each in differences(story, stray)] == [
        ("autumn", "none"),
        (
            "spring",
            "active with 0 points at 2026-01-01T00:00:00.000Z, made 2026-01-01T00:00:00.000Z, "
            "changed 2026-01-01T00:00:00.000Z",
        ),
    ]


def differences(story: EngineDriver, row: dict[str, Any] | None) -> list[Any]:
    """What is found where this is the only row of `leads`."""
    leads, report = OutputTable("campaign", "lead"), VerificationReport()
    if row is not None:
        fields = {name: value for name, value in row.items() if name not in ("topic", "key")}
        leads.feed(row["key"].encode(), msgspec.json.encode(fields))
    again = PartitionRecomputation(lambda _, number: story.releases[number - 1], Settings())
    for offset, _, value in story.journal:
        again.feed(offset, value)
    members = OutputTable("segment", "segment.member")
    PartitionComparison(again, members, leads, ContactFlags(), report).compare_contact(event_key("default", "ann"))
    return report.differences
