"""What must be kept of the past by definition, recomputed from the journal: lists, pauses, releases, ids."""

from __future__ import annotations

import msgspec

from streams.settings import Settings
from streams.verify.comparison import PartitionComparison
from streams.verify.flags import ContactFlags
from streams.verify.recomputed import ExpectedContact, PartitionRecomputation
from streams.verify.report import VerificationReport
from streams.verify.table import OutputTable
from tests.harness.engine.engine_driver import EngineDriver, day

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}}
STEADY = {"id": "steady", "dynamic": True, "when": {"property": "city", "eq": "Bonn", "held_for": "3d"}}


def recomputed(story: EngineDriver) -> PartitionRecomputation:
    again = PartitionRecomputation(lambda _, number: story.releases[number - 1], Settings())
    for offset, _, value in story.journal:
        again.feed(offset, value)
    return again


def expected(story: EngineDriver) -> ExpectedContact:
    """What verify expects of ann; the engine is held against it too."""
    found = recomputed(story).expected_contact(b"default/ann")
    assert found.members == set(story.members())
    return found


def test_a_paused_segment_keeps_who_was_in_it() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    story.apply(segments=[{**RECENT, "paused": True}], at=day(1))
    story.tick(day(9))
    assert expected(story).members == {"recent"}
    story.apply(segments=[RECENT])
    assert expected(story).members == set()


def test_who_would_leave_at_the_very_instant_of_the_pause_is_still_in() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    story.apply(segments=[{**RECENT, "paused": True}], at=day(2))
    assert expected(story).members == {"recent"}


def test_deletion_takes_out_of_a_paused_segment_for_good() -> None:
    story = EngineDriver(segments=[{"id": "vip"}])
    story.send("segment.member_added", day(0), segment="vip")
    story.apply(segments=[{"id": "vip", "paused": True}], at=day(1))
    story.change_contact(day(2), status="deleted")
    story.change_contact(day(3), status="active")
    assert expected(story).members == set()
    story.apply(segments=[{"id": "vip"}])
    assert expected(story).members == {"vip"}


def test_a_new_condition_counts_all_of_the_past() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    story.apply(segments=[{**RECENT, "when": {"visit": {}, "within": "9d"}}], at=day(1))
    assert expected(story).members == {"recent"}
    story.tick(day(9, 1))
    assert expected(story).members == set()


def test_a_new_held_for_knows_since_when_its_leaf_has_been_true() -> None:
    story = EngineDriver(segments=[])
    story.change_contact(day(0), city="Bonn")
    story.change_contact(day(2), company="Acme")
    story.apply(segments=[STEADY], at=day(4))
    assert expected(story).members == {"steady"}


def test_a_dynamic_segment_made_static_keeps_its_members_as_the_list() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    story.apply(segments=[{"id": "recent"}], at=day(1))
    story.tick(day(9))
    assert expected(story).members == {"recent"}


def test_a_repeated_id_changes_nothing_and_a_refused_one_may_come_again() -> None:
    story = EngineDriver(segments=[{"id": "vip"}])
    story.send("segment.member_added", day(0), segment="nowhere", id="once")
    story.send("segment.member_added", day(0, 1), segment="vip", id="once")
    story.send("segment.member_removed", day(0, 2), segment="vip", id="once")
    assert expected(story).members == {"vip"}


def test_held_for_of_days_sees_a_break_of_a_millisecond() -> None:
    story = EngineDriver(segments=[STEADY])
    story.change_contact(day(0), city="Bonn")
    story.change_contact(day(1), city="Rome")
    story.change_contact(day(1, 1), city="Bonn")
    story.tick(day(4, 1))
    assert expected(story).members == set()
    story.tick(day(4, 2))
    assert expected(story).members == {"steady"}


def test_bounds_that_a_contact_reached_are_named_beside_what_differs() -> None:
    waiting = {"id": "waiting", "dynamic": True, "when": {"visit": {}, "between_ago": ["9d", "1d"]}}
    story = EngineDriver(segments=[waiting])
    for number in range(1_001):
        story.visit(day(0, number))
    story.tick(day(2))
    report = compared(story, {})
    assert [(each.kind, each.subject) for each in report.differences] == [("membership", "waiting")]
    assert report.flagged_contacts == 1
    assert "bounds reached: bound:" in report.lines()[0]


def test_records_that_no_leadstream_wrote_are_told() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    report = compared(story, {b"default/recent/ann": b"not json", b"rubbish": b"{}"})
    assert [each.actual for each in report.differences] == ["a record that no Leadstream wrote"] * 2


def compared(
    story: EngineDriver, members: dict[bytes, bytes], leads: dict[bytes, bytes] | None = None
) -> VerificationReport:
    """What is found of ann where the tables hold these rows."""
    tables = OutputTable("segment", "segment.member"), OutputTable("campaign", "lead")
    for table, rows in zip(tables, (members, leads or {}), strict=True):
        for key, value in rows.items():
            table.feed(key, value)
    flags, report = ContactFlags(), VerificationReport()
    flags.feed(b"default/ann", msgspec.json.encode(story.contact()))
    comparison = PartitionComparison(recomputed(story), *tables, flags, report)
    comparison.compare_contact(b"default/ann")
    comparison.report_unknown_rows({b"default/ann"}, None)
    return report


def test_the_verdict_is_one_line() -> None:
    report = VerificationReport(contacts=3, memberships=5, leads=2)
    assert report.lines()[0] == "streaming equals batch: 3 contacts, 5 memberships, 2 leads"
    assert report.to_dict()["equal"] is True
