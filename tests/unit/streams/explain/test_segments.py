"""Why a contact is in a segment: from its row, and at past instants from the journal."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.errors import DataError, UsageError
from streams.explain.answer import Question, explain_from_journal, explain_from_state
from streams.explain.contact_records import ContactRecords
from streams.explain.text import explanation_lines
from streams.explain.timeline import EngineParameters
from tests.harness.engine.engine_driver import DAY, HOUR, EngineDriver, day

BUSY = {"visit": {"path": {"starts_with": "/pricing"}}, "count": {"gte": 2}, "within": "7d"}
GERMAN = {"property": "country", "eq": "DE"}
HOT = {"id": "hot", "dynamic": True, "when": {"all": [GERMAN, BUSY]}}


def engine_parameters(driver: EngineDriver) -> EngineParameters:
    return EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)


def explain_now(driver: EngineDriver, subject: str, contact: str = "ann") -> dict[str, Any]:
    row = next((each for each in driver.decider.contacts() if each.id == contact), None)
    return explain_from_state(
        Question("default", contact, subject), row, PartitionStatus(), engine_parameters(driver)
    )


def explain_past(driver: EngineDriver, subject: str, at: int | None = None, contact: str = "ann") -> dict[str, Any]:
    records = ContactRecords("default", contact)
    for _, key, value in driver.journal:
        if records.is_relevant(key):
            records.feed(value)
    return explain_from_journal(Question("default", contact, subject), records.records, at, engine_parameters(driver))


def hot_driver() -> EngineDriver:
    """Returns a driver in which ann is in `hot` from day 3 to day 8."""
    driver = EngineDriver(segments=[HOT])
    driver.change_contact(day(0), country="DE")
    driver.visit(day(1), "/pricing")
    driver.visit(day(2), "/other")
    driver.visit(day(3), "/pricing/team")
    driver.change_contact(day(4), contact="bob", country="FR")
    return driver


def test_each_leaf_shows_the_value_that_decided_it() -> None:
    answer = explain_now(hot_driver(), "hot")
    assert (answer["member"], answer["since"], answer["at"]) == (True, instant_text(day(3)), instant_text(day(3)))
    german, busy = answer["condition"]["all"]
    assert (german["leaf"], german["holds"], german["value"]) == (GERMAN, True, "DE")
    assert (busy["holds"], busy["count"]) == (True, 2)
    assert busy["instants"] == [instant_text(day(1)), instant_text(day(3))]


def test_the_next_change_is_the_exact_instant_at_which_a_visit_leaves_the_window() -> None:
    answer = explain_now(hot_driver(), "hot")
    leaves = instant_text(day(8))
    assert answer["next_change"] == answer["condition"]["next_change"] == leaves
    assert answer["condition"]["all"][1]["next_change"] == leaves
    assert "next_change" not in answer["condition"]["all"][0]


@pytest.mark.parametrize(
    ("at", "member"), [(day(3, -1), False), (day(3), True), (day(8, -1), True), (day(8), False), (day(20), False)]
)
def test_a_past_instant_is_exact_to_the_millisecond(at: int, member: bool) -> None:
    driver = hot_driver()
    driver.tick(day(30))
    driver.change_contact(day(31), country="FR")
    answer = explain_past(driver, "hot", at)
    assert (answer["member"], answer["at"], answer["notes"]) == (member, instant_text(at), [])


def test_the_journal_names_the_events_and_what_changed_last() -> None:
    driver = hot_driver()
    answer = explain_past(driver, "hot", day(5))
    german, busy = answer["condition"]["all"]
    assert [event["id"] for event in german["events"]] == ["e1"]
    assert [(event["id"], event["url"][-5:]) for event in busy["events"]] == [("e2", "icing"), ("e4", "/team")]
    assert (busy["last_changed"], busy["changed_by"]) == (instant_text(day(3)), "e4")
    assert german["last_changed"] is None
    assert (answer["last_changed"], answer["changed_by"]) == (instant_text(day(3)), "e4")
    assert [change["type"] for change in answer["history"]] == ["segment.entered"]


def test_an_exit_by_time_is_the_last_change_and_no_event_is_blamed() -> None:
    driver = hot_driver()
    driver.tick(day(40))
    answer = explain_past(driver, "hot")
    assert (answer["last_changed"], answer.get("changed_by")) == (instant_text(day(8)), None)
    assert answer["condition"]["all"][1]["last_changed"] == instant_text(day(8))
    assert [change["cause"]["kind"] for change in answer["history"]] == ["event", "clock"]


def test_now_is_the_same_from_the_row_and_from_the_journal() -> None:
    driver = hot_driver()
    from_row, from_journal = explain_now(driver, "hot"), explain_past(driver, "hot")
    assert {key: from_row[key] for key in ("member", "since", "next_change", "at", "release")} == {
        key: from_journal[key] for key in ("member", "since", "next_change", "at", "release")
    }


def test_a_late_event_counts_only_from_its_arrival_on() -> None:
    driver = EngineDriver(segments=[HOT])
    driver.change_contact(day(0), country="DE")
    driver.visit(day(1), "/pricing")
    driver.visit(day(5), "/")
    driver.visit(day(2), "/pricing")
    assert explain_past(driver, "hot", day(4))["member"] is False
    assert explain_past(driver, "hot", day(5))["member"] is True


def test_a_repeat_moves_no_time() -> None:
    driver = hot_driver()
    driver.send("web.visited", day(3, HOUR), id="e4", url="/pricing")
    assert explain_past(driver, "hot", day(3))["member"] is True
    assert explain_past(driver, "hot")["at"] == instant_text(day(3))


def test_after_the_journals_end_only_time_goes_on() -> None:
    answer = explain_past(hot_driver(), "hot", day(9))
    assert answer["member"] is False
    assert "what time alone makes of it" in answer["notes"][0]


def test_the_release_in_force_then_decides() -> None:
    driver = hot_driver()
    driver.apply(at=day(5), segments=[{**HOT, "when": GERMAN}])
    assert explain_past(driver, "hot", day(5, -1))["release"] == 1
    answer = explain_past(driver, "hot", day(20))
    assert (answer["release"], answer["member"], answer["condition"]["leaf"]) == (2, True, GERMAN)


def test_another_segment_s_change_by_time_is_foreseen() -> None:
    driver = EngineDriver(segments=[{"id": "cold", "dynamic": True, "when": {"not": {"segment": "hot"}}}, HOT])
    driver.change_contact(day(0), country="DE")
    driver.visit(day(1), "/pricing")
    driver.visit(day(3), "/pricing")
    answer = explain_now(driver, "cold")
    assert (answer["member"], answer["next_change"]) == (False, instant_text(day(8)))
    member = answer["condition"]["not"][0]
    assert (member["member_since"], member["next_change"]) == (instant_text(day(3)), instant_text(day(8)))


def test_status_keeps_a_contact_out_whose_condition_is_true() -> None:
    driver = EngineDriver(segments=[{**HOT, "when": GERMAN}])
    driver.change_contact(day(0), country="DE", status="bounced")
    answer = explain_now(driver, "hot")
    assert (answer["member"], answer["condition"]["holds"]) == (False, True)
    assert answer["reasons"][0] == "the contact's status bounced keeps it out: the segment takes active"


def test_a_paused_segment_stays_as_it_was() -> None:
    driver = EngineDriver(segments=[{**HOT, "when": GERMAN}])
    driver.change_contact(day(0), country="DE")
    driver.apply(at=day(1), segments=[{**HOT, "when": GERMAN, "paused": True}])
    driver.change_contact(day(2), country="FR")
    answer = explain_now(driver, "hot")
    assert (answer["member"], answer["condition"]["holds"]) == (True, False)
    assert "paused" in answer["reasons"][0]


def test_a_static_segment_is_a_list() -> None:
    driver = EngineDriver(segments=[{"id": "vip"}])
    driver.send("segment.member_added", day(0), segment="vip")
    answer = explain_now(driver, "vip")
    assert (answer["member"], answer["listed"]) == (True, True)
    assert answer["reasons"] == ["the contact is listed in this static segment"]


def test_held_for_shows_since_when_and_until_when() -> None:
    condition = {"property": "country", "eq": "DE", "held_for": "7d"}
    driver = EngineDriver(segments=[{**HOT, "when": condition}])
    driver.change_contact(day(2), country="DE")
    leaf = explain_now(driver, "hot")["condition"]
    assert (leaf["holds"], leaf["true_since"], leaf["next_change"]) == (
        False,
        instant_text(day(2)),
        instant_text(day(9)),
    )


def test_held_for_of_tags_shows_the_same() -> None:
    driver = EngineDriver(segments=[{**HOT, "when": {"tags": {"contains": "vip"}, "held_for": "7d"}}])
    driver.change_contact(day(2), tags=["vip"])
    leaf = explain_now(driver, "hot")["condition"]
    assert (leaf["leaf"], leaf["value"]) == ({"tags": {"contains": "vip"}, "held_for": "7d"}, ["vip"])
    assert (leaf["true_since"], leaf["next_change"]) == (instant_text(day(2)), instant_text(day(9)))
    assert explain_past(driver, "hot", day(9))["condition"]["holds"] is True


@pytest.mark.parametrize(
    "leaf",
    [
        {"sequence": [{"visit": {}}, {"visit": {"path": {"eq": "/b"}}}], "within": "2d"},
        {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "1d"}},
        {"visit": {}, "last": {"path": {"eq": "/b"}}},
        {"visit": {}, "first": True, "within": "30d"},
        {"last_visit": {"within_last": "1d"}},
        {"inactive_for": "1d"},
        {"score": {"gte": 0}},
        {"tags": {"empty": True}},
        {"lead": {"campaign": "spring"}},
        {"property": ["address", "city"], "exists": False},
        {"visit": {}, "since": "now/d", "in_zone": "contact"},
        {"any": []},
    ],
)
def test_every_type_of_leaf_is_explained(leaf: dict[str, Any]) -> None:
    driver = EngineDriver(segments=[{**HOT, "when": leaf}], campaigns=[{"id": "spring"}])
    driver.visit(day(0), "/a")
    driver.visit(day(0, DAY // 2), "/b")
    row, journal = explain_now(driver, "hot"), explain_past(driver, "hot")
    assert row["condition"]["holds"] == journal["condition"]["holds"] == ("hot" in driver.members())
    assert row.get("next_change") == journal.get("next_change")
    assert all(isinstance(line, str) for line in [*explanation_lines(row), *explanation_lines(journal)])


def test_a_sequence_shows_its_chain_and_the_matches_that_may_still_make_one() -> None:
    steps = [{"visit": {"path": {"eq": "/a"}}}, {"visit": {"path": {"eq": "/b"}}}]
    driver = EngineDriver(segments=[{**HOT, "when": {"sequence": steps, "within": "2d"}}])
    driver.visit(day(0), "/a")
    waiting = explain_now(driver, "hot")["condition"]
    assert (waiting["complete_from"], waiting["matched"]) == (None, [{"at": instant_text(day(0)), "steps": [1]}])
    driver.visit(day(0, HOUR), "/b")
    complete = explain_now(driver, "hot")["condition"]
    assert (complete["holds"], complete["complete_from"]) == (True, instant_text(day(0)))
    assert complete["matched"] == [{"at": instant_text(day(0, HOUR)), "steps": [2]}]
    driver.tick(day(2, 1))
    over = explain_now(driver, "hot")["condition"]
    assert (over["holds"], over["complete_from"]) == (False, None)


def test_a_record_older_than_the_release_counts_at_its_own_instant() -> None:
    """An import: the definitions came on day 30, the contact's record is of day 2, and no tick came between."""
    driver = EngineDriver()
    driver.apply(at=day(30), segments=[{**HOT, "when": GERMAN}])
    outputs = driver.change_contact(day(2), country="DE")
    assert [each["at"] for each in outputs if each.get("type") == "segment.entered"] == [instant_text(day(2))]
    assert explain_past(driver, "hot", day(2, -1))["known"] is False
    for at in (day(3), day(30), day(40)):
        answer = explain_past(driver, "hot", at)
        assert (answer["member"], answer["since"]) == (True, instant_text(day(2)))
        assert (answer["last_changed"], answer["changed_by"]) == (instant_text(day(2)), "e1")


def test_before_a_contacts_first_record_the_answer_says_when_it_came() -> None:
    driver = EngineDriver(segments=[{**HOT, "when": GERMAN}])
    driver.tick(day(30))
    driver.change_contact(day(2), country="DE")
    answer = explain_past(driver, "hot", day(3))
    assert (answer["known"], answer["first_known"]) == (False, instant_text(day(30)))
    (line,) = explanation_lines(answer)
    assert line.endswith(f"its first record came later and takes effect at {instant_text(day(30))}")


def test_a_bound_that_the_contact_reached_is_shown() -> None:
    waiting = {"visit": {}, "count": {"gte": 900}, "between_ago": ["20d", "10d"]}
    driver = EngineDriver(segments=[{**HOT, "when": waiting}])
    for number in range(1_001):
        driver.visit(day(0, number), "/")
    answer = explain_now(driver, "hot")
    assert answer["condition"]["bound_reached"] is True
    assert "a bound of what is kept" in answer["notes"][-1]


def test_an_unknown_contact_or_subject_is_named() -> None:
    driver = hot_driver()
    assert explain_now(driver, "hot", "nobody")["known"] is False
    assert explain_past(driver, "hot", day(0, -1))["known"] is False
    assert "is not known" in next(iter(explanation_lines(explain_now(driver, "hot", "nobody"))))
    with pytest.raises(UsageError, match="no segment or campaign 'hto' - did you mean hot"):
        explain_now(driver, "hto")


def test_without_definitions_there_is_nothing_to_explain() -> None:
    driver = EngineDriver()
    driver.change_contact(day(0), country="DE")
    with pytest.raises(DataError, match="no definitions in force"):
        explain_now(driver, "hot")
