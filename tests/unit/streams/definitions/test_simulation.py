"""What a release is foreseen to do, counted and told."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.definitions.preview_report import PreviewReport
from streams.definitions.simulation import Simulation
from streams.engine.decisions.outputs import JournalPosition
from streams.engine.journal import records
from streams.engine.journal.effects import Budget
from streams.engine.partition.decider import Checkpoint
from streams.engine.version import ENGINE_VERSION
from tests.harness.engine.engine_driver import DAY, START, EngineDriver, day, sound_definitions

GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "7d"}}


def told(story: EngineDriver, **proposed: Any) -> PreviewReport:
    """If those definitions came now; nothing of the past is asked of that is not kept."""
    contents = [*story.releases, sound_definitions(proposed)]
    checkpoint = msgspec.json.decode(story.decider.checkpoint(), type=Checkpoint)
    place = JournalPosition(0, len(story.journal))
    foresight = Simulation("default", len(contents), lambda _, number: contents[number - 1], place, checkpoint)
    assert not foresight.backfill_leaves
    tally = PreviewReport()
    for contact in story.decider.contacts():
        tally.scanned_count += 1
        for topic, body in foresight.simulate(msgspec.json.encode(contact), None):
            tally.add(topic, body)
    return tally


def test_a_campaign_shows_leads_made_changed_and_handed_over() -> None:
    story = EngineDriver(segments=[GERMAN])
    for number in range(7):
        story.change_contact(START, contact=f"c{number}", country="DE" if number else "FR")
    rule = {"id": "r", "when": {"property": "country", "eq": "DE"}, "then": {"set_status": "qualified"}}
    campaign = {"id": "spring", "audience": ["german"], "automation": [rule]}
    tally = told(story, segments=[GERMAN], campaigns=[campaign])
    lines = list(tally.lines())
    assert lines[0] == "who would enter and leave (7 contacts scanned):"
    assert [line.partition(" (")[0] for line in lines[1:]] == [
        "  campaign spring: 6 leads would be made active",
        "  campaign spring: 6 leads would be changed from active to qualified",
        "  campaign spring: 6 leads would be handed over",
    ]
    described = tally.to_dict()["campaigns"]["spring"]
    assert [(step["from"], step["to"], step["count"], len(step["sample"])) for step in described["steps"]] == [
        (None, "active", 6, 5),
        ("active", "qualified", 6, 5),
    ]


def test_names_are_shown_as_far_as_they_are_few() -> None:
    story = EngineDriver()
    story.change_contact(START, contact="ada", country="DE")
    story.change_contact(START, contact="bob", country="DE")
    assert list(told(story, segments=[GERMAN]).lines()) == [
        "who would enter and leave (2 contacts scanned):",
        "  segment german: 2 would enter (ada, bob), nobody would leave",
    ]


def test_a_new_name_moves_nobody() -> None:
    story = EngineDriver(segments=[GERMAN])
    story.change_contact(START, country="DE")
    tally = told(story, segments=[{**GERMAN, "name": "Germans"}])
    assert list(tally.lines()) == ["nobody would enter or leave, no lead would change (1 contact scanned)"]


def test_what_time_alone_does_at_that_instant_is_not_the_releases_doing() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    story.tick(day(7))
    tally = told(story, segments=[{**RECENT, "name": "Lately"}])
    assert tally.segments == {}
    (left,) = [
        each for each in story.apply(segments=[{**RECENT, "name": "Lately"}]) if each["topic"] == "segment-changes"
    ]
    assert (left["type"], left["cause"]["kind"]) == ("segment.exited", "clock")


def test_a_release_that_has_not_reached_everybody_yet_counts_as_if_it_had() -> None:
    story = EngineDriver(segments=[RECENT])
    for number in range(4):
        story.visit(day(0), contact=f"c{number}")
    story.releases.append(sound_definitions({"segments": [RECENT, {**RECENT, "id": "copy"}]}))
    marker = records.encode(records.Marker("default", 2, 2, "", None, ENGINE_VERSION))
    story.journal.append((len(story.journal), records.MARKER_KEY, marker))
    story.decider.feed(*story.journal[-1])
    story.decider.work(Budget(records=2, bytes=1 << 40))
    assert story.decider.is_busy()
    tally = told(story, segments=[RECENT])
    assert tally.membership_preview("copy").leave.count == 4
    assert tally.membership_preview("recent").leave.count == 0


def test_a_segment_of_everybody_is_left_by_everybody_when_it_goes() -> None:
    story = EngineDriver(segments=[{"id": "all", "dynamic": True, "when": {"all": []}}])
    story.visit(START + DAY)
    assert told(story).membership_preview("all").to_dict() == {
        "enter": {"count": 0, "sample": []},
        "leave": {"count": 1, "sample": ["ann"]},
    }
