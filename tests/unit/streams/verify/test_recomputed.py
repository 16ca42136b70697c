"""State of the past that a recomputation needs by definition: lists, pauses, releases, ids."""

from __future__ import annotations

from streams.engine.state.contact import encode_contact
from streams.settings import Settings
from streams.verify.comparison import PartitionComparison
from streams.verify.flags import ContactFlags
from streams.verify.recomputed import ExpectedContact, PartitionRecomputation
from streams.verify.report import VerificationReport
from streams.verify.table import PartitionTables
from tests.harness.engine.engine_driver import EngineDriver, day

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}}
STEADY = {"id": "steady", "dynamic": True, "when": {"property": "city", "eq": "Bonn", "held_for": "3d"}}


def recompute(driver: EngineDriver) -> PartitionRecomputation:
    recomputation = PartitionRecomputation(lambda _, number: driver.releases[number - 1], Settings())
    for offset, _, value in driver.journal:
        recomputation.feed(offset, value)
    return recomputation


def expected_contact(driver: EngineDriver) -> ExpectedContact:
    """Returns what verify expects of ann, and compares the engine with it."""
    contact = recompute(driver).expected_contact(b"default/ann")
    assert contact.members == set(driver.members())
    return contact


def test_a_paused_segment_keeps_who_was_in_it() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    driver.apply(segments=[{**RECENT, "paused": True}], at=day(1))
    driver.tick(day(9))
    assert expected_contact(driver).members == {"recent"}
    driver.apply(segments=[RECENT])
    assert expected_contact(driver).members == set()


def test_a_contact_that_would_leave_at_the_instant_of_the_pause_stays() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    driver.apply(segments=[{**RECENT, "paused": True}], at=day(2))
    assert expected_contact(driver).members == {"recent"}


def test_deletion_removes_a_contact_from_a_paused_segment_for_good() -> None:
    driver = EngineDriver(segments=[{"id": "vip"}])
    driver.send("segment.member_added", day(0), segment="vip")
    driver.apply(segments=[{"id": "vip", "paused": True}], at=day(1))
    driver.change_contact(day(2), status="deleted")
    driver.change_contact(day(3), status="active")
    assert expected_contact(driver).members == set()
    driver.apply(segments=[{"id": "vip"}])
    assert expected_contact(driver).members == {"vip"}


def test_a_new_condition_counts_all_of_the_past() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    driver.apply(segments=[{**RECENT, "when": {"visit": {}, "within": "9d"}}], at=day(1))
    assert expected_contact(driver).members == {"recent"}
    driver.tick(day(9, 1))
    assert expected_contact(driver).members == set()


def test_a_new_held_for_knows_since_when_its_leaf_has_been_true() -> None:
    driver = EngineDriver(segments=[])
    driver.change_contact(day(0), city="Bonn")
    driver.change_contact(day(2), company="Acme")
    driver.apply(segments=[STEADY], at=day(4))
    assert expected_contact(driver).members == {"steady"}


def test_a_dynamic_segment_made_static_keeps_its_members_as_the_list() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    driver.apply(segments=[{"id": "recent"}], at=day(1))
    driver.tick(day(9))
    assert expected_contact(driver).members == {"recent"}


def test_a_repeated_id_changes_nothing_and_a_refused_one_may_come_again() -> None:
    driver = EngineDriver(segments=[{"id": "vip"}])
    driver.send("segment.member_added", day(0), segment="nowhere", id="once")
    driver.send("segment.member_added", day(0, 1), segment="vip", id="once")
    driver.send("segment.member_removed", day(0, 2), segment="vip", id="once")
    assert expected_contact(driver).members == {"vip"}


def test_held_for_of_days_sees_a_break_of_a_millisecond() -> None:
    driver = EngineDriver(segments=[STEADY])
    driver.change_contact(day(0), city="Bonn")
    driver.change_contact(day(1), city="Rome")
    driver.change_contact(day(1, 1), city="Bonn")
    driver.tick(day(4, 1))
    assert expected_contact(driver).members == set()
    driver.tick(day(4, 2))
    assert expected_contact(driver).members == {"steady"}


def test_a_difference_names_the_bounds_that_the_contact_reached() -> None:
    waiting = {"id": "waiting", "dynamic": True, "when": {"visit": {}, "between_ago": ["9d", "1d"]}}
    driver = EngineDriver(segments=[waiting])
    for number in range(1_001):
        driver.visit(day(0, number))
    driver.tick(day(2))
    report = compare(driver, {})
    assert [(each.kind, each.subject) for each in report.differences] == [("membership", "waiting")]
    assert report.flagged_contacts == 1
    assert "bounds reached: bound:" in report.lines()[0]


def test_records_that_leadstream_did_not_write_are_differences() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    report = compare(driver, {b"default/recent/ann": b"not json", b"rubbish": b"{}"})
    assert [each.actual for each in report.differences] == ["a record that no Leadstream wrote"] * 2


def compare(driver: EngineDriver, members: dict[bytes, bytes]) -> VerificationReport:
    """Returns the report on ann where `segment-members` holds these rows and `contacts` what was written last."""
    tables = PartitionTables()
    for key, value in members.items():
        tables.members.feed(key, value)
    for key, value in driver.table("contacts").items():
        tables.contacts.feed(key, value)
    flags, report = ContactFlags(), VerificationReport()
    flags.feed(b"default/ann", encode_contact(driver.contact()))
    comparison = PartitionComparison(recompute(driver), tables, flags, report)
    comparison.compare_contact(b"default/ann")
    comparison.report_unknown_rows({b"default/ann"}, None)
    return report


def test_the_result_is_one_line() -> None:
    report = VerificationReport(contacts=3, memberships=5, leads=2)
    assert report.lines()[0] == "streaming equals batch: 3 contacts, 5 memberships, 2 leads"
    assert report.to_dict()["equal"] is True
