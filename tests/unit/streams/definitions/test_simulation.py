"""What a release would do, simulated and counted."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.engine_versions import NEWEST_VERSION
from streams.definitions.preview_report import PreviewReport
from streams.definitions.simulation import Simulation
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.checkpoint import Checkpoint
from streams.engine.state.contact import decode_contact, encode_contact
from tests.harness.engine.engine_driver import DAY, START, EngineDriver, day, sound_definitions

GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "7d"}}


def simulate(driver: EngineDriver, **fields: Any) -> PreviewReport:
    """Returns the preview of these definitions as the next release; they must not need a back-fill."""
    releases = [*driver.releases, sound_definitions(fields)]
    checkpoint = msgspec.json.decode(driver.decider.checkpoint(), type=Checkpoint)
    position = JournalPosition(0, len(driver.journal))
    simulation = Simulation("default", len(releases), lambda _, number: releases[number - 1], position, checkpoint)
    assert not simulation.backfill_leaves
    report = PreviewReport.for_release(driver.releases[-1] if driver.releases else None, releases[-1])
    for contact in driver.decider.contacts():
        copy = decode_contact(encode_contact(contact))
        report.add_contact(copy)
        for topic, body in simulation.simulate(copy, None):
            report.add(topic, body)
    return report


def test_a_campaign_shows_leads_made_changed_and_handed_over() -> None:
    driver = EngineDriver(segments=[GERMAN])
    for number in range(7):
        driver.change_contact(START, contact=f"c{number}", country="DE" if number else "FR")
    rule = {"id": "r", "when": {"property": "country", "eq": "DE"}, "then": {"set_status": "qualified"}}
    campaign = {"id": "spring", "audience": ["german"], "automation": [rule]}
    report = simulate(driver, segments=[GERMAN], campaigns=[campaign])
    lines = list(report.lines())
    assert lines[0] == "who would enter and leave (7 contacts scanned):"
    assert [line.partition(" (")[0] for line in lines[1:]] == [
        "  campaign spring: 6 leads would be made active",
        "  campaign spring: 6 leads would be changed from active to qualified",
        "  campaign spring: 6 leads would be handed over",
    ]
    document = report.to_dict()["campaigns"]["spring"]
    assert [(step["from"], step["to"], step["count"], len(step["sample"])) for step in document["steps"]] == [
        (None, "active", 6, 5),
        ("active", "qualified", 6, 5),
    ]


def test_a_campaign_shows_whom_its_notices_would_tell_of() -> None:
    driver = EngineDriver(segments=[GERMAN], campaigns=[{"id": "spring", "audience": ["german"]}])
    for number in range(7):
        driver.change_contact(START, contact=f"c{number}", country="DE" if number else "FR")
    rule = {"id": "r", "when": {"all": []}, "then": {"notify": "sales"}, "apply_to_existing": True}
    spring = {"id": "spring", "audience": ["german"], "automation": [rule]}
    report = simulate(driver, segments=[GERMAN], campaigns=[spring])
    assert [line.partition(" (")[0] for line in report.lines()][1:] == [
        "  campaign spring: notice sales would tell of 6 leads"
    ]
    document = report.to_dict()["campaigns"]["spring"]
    assert document["notified"]["sales"]["count"] == 6


def test_a_few_contacts_are_all_named() -> None:
    driver = EngineDriver()
    driver.change_contact(START, contact="ada", country="DE")
    driver.change_contact(START, contact="bob", country="DE")
    assert list(simulate(driver, segments=[GERMAN]).lines()) == [
        "who would enter and leave (2 contacts scanned):",
        "  segment german: 2 would enter (ada, bob), nobody would leave",
    ]


def test_values_that_a_condition_or_a_declaration_cannot_use_are_shown_below() -> None:
    driver = EngineDriver(segments=[{"id": "big", "dynamic": True, "when": {"property": "staff", "gte": 50}}])
    driver.change_contact(START, contact="ada", staff="60", level="high")
    driver.change_contact(START, contact="bob", staff="sixty")
    driver.change_contact(START, contact="cem", staff="many", level="low", status="deleted")
    big = {"id": "big", "name": "Big", "dynamic": True, "when": {"property": "staff", "gte": 50}}
    report = simulate(driver, properties={"level": "number"}, segments=[big])
    assert list(report.lines()) == [
        "nobody would enter or leave, no lead would change (3 contacts scanned)",
        "stored values that a new declaration makes missing:",
        '  property level (number): 2 contacts (ada: "high", ...)',
        "operators that met values of another type:",
        '  segment big: gte of property staff, 1 contact (bob: "sixty")',
    ]
    document = report.to_dict()
    assert [each["property"] for each in document["missing_values"]] == ["level"]
    assert [each["owner"] for each in document["mismatches"]] == ["segment big"]


def test_a_new_name_moves_nobody() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.change_contact(START, country="DE")
    report = simulate(driver, segments=[{**GERMAN, "name": "Germans"}])
    assert list(report.lines()) == ["nobody would enter or leave, no lead would change (1 contact scanned)"]


def test_a_change_by_time_alone_at_that_instant_is_left_out() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    driver.tick(day(7))
    report = simulate(driver, segments=[{**RECENT, "name": "Lately"}])
    assert report.segments == {}
    (change,) = [
        each for each in driver.apply(segments=[{**RECENT, "name": "Lately"}]) if each["topic"] == "segment-changes"
    ]
    assert (change["type"], change["cause"]["kind"]) == ("segment.exited", "clock")


def test_a_pending_broadcast_counts_as_if_it_were_complete() -> None:
    driver = EngineDriver(segments=[RECENT])
    for number in range(4):
        driver.visit(day(0), contact=f"c{number}")
    driver.releases.append(sound_definitions({"segments": [RECENT, {**RECENT, "id": "copy"}]}))
    marker = records.encode(records.Marker("default", 2, 2, "", None, NEWEST_VERSION))
    driver.journal.append((len(driver.journal), records.MARKER_KEY, marker))
    driver.decider.feed(*driver.journal[-1])
    driver.decider.work(Budget(records=2, bytes=1 << 40))
    assert driver.decider.is_busy()
    report = simulate(driver, segments=[RECENT])
    assert report.membership_preview("copy").leave.count == 4
    assert report.membership_preview("recent").leave.count == 0


def test_all_members_leave_a_removed_segment() -> None:
    driver = EngineDriver(segments=[{"id": "all", "dynamic": True, "when": {"all": []}}])
    driver.visit(START + DAY)
    assert simulate(driver).membership_preview("all").to_dict() == {
        "enter": {"count": 0, "sample": []},
        "leave": {"count": 1, "sample": ["ann"]},
    }
