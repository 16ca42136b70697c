"""What must be kept of the past by definition, recomputed from the journal: lists, pauses, releases, ids."""

from __future__ import annotations

from streams.settings import Settings
from streams.verify.comparison import Comparison
from streams.verify.recomputed import Expected, Recomputed
from streams.verify.report import Report
from streams.verify.table import Table
from tests.support.story import Story, day

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}}
STEADY = {"id": "steady", "dynamic": True, "when": {"property": "city", "eq": "Bonn", "held_for": "3d"}}


def recomputed(story: Story) -> Recomputed:
    again = Recomputed(0, lambda _, number: story.releases[number - 1], Settings())
    for entry in story.journal:
        again.feed(*entry)
    again.finish()
    return again


def expected(story: Story) -> Expected:
    """What verify expects of ann; the engine is held against it too."""
    found = recomputed(story).expected(b"default/ann")
    assert found.members == set(story.members())
    return found


def test_a_paused_segment_keeps_who_was_in_it() -> None:
    story = Story(segments=[RECENT])
    story.visited(day(0))
    story.apply(segments=[{**RECENT, "paused": True}], at=day(1))
    story.tick(day(9))
    assert expected(story).members == {"recent"}
    story.apply(segments=[RECENT])
    assert expected(story).members == set()


def test_who_would_leave_at_the_very_instant_of_the_pause_is_still_in() -> None:
    story = Story(segments=[RECENT])
    story.visited(day(0))
    story.apply(segments=[{**RECENT, "paused": True}], at=day(2))
    assert expected(story).members == {"recent"}


def test_deletion_takes_out_of_a_paused_segment_for_good() -> None:
    story = Story(segments=[{"id": "vip"}])
    story.tell("segment.member_added", day(0), segment="vip")
    story.apply(segments=[{"id": "vip", "paused": True}], at=day(1))
    story.changed(day(2), status="deleted")
    story.changed(day(3), status="active")
    assert expected(story).members == set()
    story.apply(segments=[{"id": "vip"}])
    assert expected(story).members == {"vip"}


def test_a_new_condition_counts_all_of_the_past() -> None:
    story = Story(segments=[RECENT])
    story.visited(day(0))
    story.apply(segments=[{**RECENT, "when": {"visit": {}, "within": "9d"}}], at=day(1))
    assert expected(story).members == {"recent"}
    story.tick(day(9, 1))
    assert expected(story).members == set()


def test_a_new_held_for_knows_since_when_its_leaf_has_been_true() -> None:
    story = Story(segments=[])
    story.changed(day(0), city="Bonn")
    story.changed(day(2), company="Acme")
    story.apply(segments=[STEADY], at=day(4))
    assert expected(story).members == {"steady"}


def test_a_dynamic_segment_made_static_keeps_its_members_as_the_list() -> None:
    story = Story(segments=[RECENT])
    story.visited(day(0))
    story.apply(segments=[{"id": "recent"}], at=day(1))
    story.tick(day(9))
    assert expected(story).members == {"recent"}


def test_a_repeated_id_changes_nothing_and_a_refused_one_may_come_again() -> None:
    story = Story(segments=[{"id": "vip"}])
    story.tell("segment.member_added", day(0), segment="nowhere", id="once")
    story.tell("segment.member_added", day(0, 1), segment="vip", id="once")
    story.tell("segment.member_removed", day(0, 2), segment="vip", id="once")
    assert expected(story).members == {"vip"}


def test_held_for_of_days_sees_a_break_of_a_millisecond() -> None:
    story = Story(segments=[STEADY])
    story.changed(day(0), city="Bonn")
    story.changed(day(1), city="Rome")
    story.changed(day(1, 1), city="Bonn")
    story.tick(day(4, 1))
    assert expected(story).members == set()
    story.tick(day(4, 2))
    assert expected(story).members == {"steady"}


def test_bounds_that_a_contact_reached_are_named_beside_what_differs() -> None:
    waiting = {"id": "waiting", "dynamic": True, "when": {"visit": {}, "between_ago": ["9d", "1d"]}}
    story = Story(segments=[waiting])
    for number in range(1_001):
        story.visited(day(0, number))
    story.tick(day(2))
    report = compared(story, {})
    assert [(each.what, each.subject) for each in report.differences] == [("membership", "waiting")]
    assert report.flagged == 1
    assert "bounds reached: bound:" in report.lines()[0]


def test_a_lead_that_the_cascade_should_have_ended_breaks_a_rule() -> None:
    story = Story(campaigns=[{"id": "spring"}])
    story.tell("lead.added", day(0), campaign="spring")
    story.changed(day(1), status="bounced")
    again = recomputed(story)
    known = again.expected(b"default/ann")
    assert again.broken(known, {"spring": "rejected"}) == []
    faults = again.broken(known, {"spring": "active", "autumn": "rejected"})
    assert [campaign for campaign, _ in faults] == ["spring", "autumn"]
    story.tell("lead.qualified", day(2), campaign="spring")
    again = recomputed(story)
    assert again.broken(again.expected(b"default/ann"), {"spring": "qualified"}) == []


def test_a_member_of_the_audience_without_a_lead_breaks_a_rule() -> None:
    story = Story(segments=[RECENT], campaigns=[{"id": "spring", "audience": ["recent"]}])
    story.visited(day(0))
    again = recomputed(story)
    faults = again.broken(again.expected(b"default/ann"), {})
    assert [campaign for campaign, _ in faults] == ["spring"]


def test_memberships_that_rest_on_leads_are_counted_as_such() -> None:
    hot = {"id": "hot", "dynamic": True, "when": {"lead": {"campaign": "spring"}}}
    story = Story(segments=[hot, RECENT], campaigns=[{"id": "spring", "audience": ["recent"]}])
    story.visited(day(0))
    found = expected(story)
    assert found.members == {"hot", "recent"}
    assert found.members & found.leaning == {"hot"}


def test_records_that_no_leadstream_wrote_are_told() -> None:
    story = Story(segments=[RECENT])
    story.visited(day(0))
    report = compared(story, {b"default/recent/ann": b"not json", b"rubbish": b"{}"})
    assert [each.found for each in report.differences] == ["a record that no Leadstream wrote"] * 2


def compared(story: Story, rows: dict[bytes, bytes]) -> Report:
    members = Table("segment", "segment.member")
    for key, value in rows.items():
        members.feed(key, value)
    report = Report()
    comparison = Comparison(recomputed(story), members, Table("campaign", "lead"), report)
    comparison.contact(b"default/ann")
    comparison.strangers({b"default/ann"}, None)
    return report


def test_the_verdict_is_one_line() -> None:
    report = Report(contacts=3, memberships=5)
    assert report.lines()[0] == "streaming equals batch: 3 contacts, 5 memberships"
    assert report.as_json()["equal"] is True
