"""Explanations of a contact whose journal partition lost its beginning."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.engine.state.contact import Contact
from streams.errors import JournalTruncated
from streams.explain.answer import Question
from streams.explain.contact_records import ContactRecords
from streams.explain.text import explanation_lines
from streams.explain.timeline import EngineParameters
from streams.explain.truncated_journal import TruncatedJournal, explain_from_truncated
from streams.settings import Clock
from tests.harness.engine.engine_driver import DAY, EngineDriver, day

KEEN = {"id": "keen", "dynamic": True, "when": {"visit": {}, "count": {"gte": 3}}}
QUESTION = Question("default", "ann", "keen")


class TruncatedHistory:
    """A history whose journal records before `first_offset` are deleted."""

    def __init__(
        self, driver: EngineDriver, first_offset: int, coverage_start: int | None, clock: Clock = "events"
    ) -> None:
        records = ContactRecords("default", "ann")
        for offset, key, value in driver.journal:
            if offset >= first_offset and records.is_relevant(key):
                records.feed(value)
        row: Contact | None = next((each for each in driver.decider.contacts() if each.id == "ann"), None)
        status = PartitionStatus(releases=driver.decider.active_releases())
        self.journal = TruncatedJournal(records.records, coverage_start, clock, row, status)
        self._parameters = EngineParameters(lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS)

    def explain(self, at: int | None = None) -> dict[str, Any]:
        return explain_from_truncated(QUESTION, self.journal, at, self._parameters)


def old_driver() -> EngineDriver:
    """Returns a driver in which ann visits on days 1 to 5 and enters on day 3."""
    driver = EngineDriver(segments=[KEEN])
    for number in range(1, 6):
        driver.visit(day(number))
    return driver


def young_driver() -> EngineDriver:
    """Returns a driver with a tick on day 10; bob came before it, ann visits on days 11 to 13."""
    driver = EngineDriver(segments=[KEEN])
    driver.visit(day(1), contact="bob")
    driver.tick(day(10))
    for number in range(11, 14):
        driver.visit(day(number))
    return driver


def test_the_present_comes_from_the_row_and_begins_with_what_is_deleted() -> None:
    answer = TruncatedHistory(old_driver(), 4, day(4)).explain()
    assert (answer["member"], answer["since"]) == (True, instant_text(day(3)))
    leaf = answer["condition"]
    assert (leaf["count"], [event["at"] for event in leaf["events"]]) == (
        3,
        [instant_text(day(4)), instant_text(day(5))],
    )
    assert "history" not in answer
    assert "last_changed" not in answer
    first, *_ = explanation_lines(answer)
    assert first.startswith(f"the journal speaks from {instant_text(day(4))} on: older events")


@pytest.mark.parametrize("at", [day(2), day(3), day(5), day(9)])
def test_an_instant_that_needs_deleted_records_is_refused_with_the_date(at: int) -> None:
    with pytest.raises(JournalTruncated, match=instant_text(day(4))):
        TruncatedHistory(old_driver(), 4, day(4)).explain(at)


def test_a_contact_created_after_the_beginning_is_explained_in_full() -> None:
    history = TruncatedHistory(young_driver(), 2, day(10))
    assert [history.explain(at).get("member") for at in (day(11), day(12), day(13))] == [False, False, True]
    assert history.explain(day(10))["known"] is False
    answer = history.explain()
    assert ("gone" in answer, answer["last_changed"], len(answer["history"])) == (False, instant_text(day(13)), 1)
    assert answer["release"] == 1


def test_on_the_events_clock_the_tick_before_a_contact_has_to_remain() -> None:
    """Otherwise the instant at which its first record took effect is unknown."""
    with pytest.raises(JournalTruncated):
        TruncatedHistory(young_driver(), 3, day(10)).explain(day(13))
    assert TruncatedHistory(young_driver(), 3, day(10), clock="wall").explain(day(13))["member"] is True


def test_a_later_release_hides_the_deleted_one_before_it() -> None:
    driver = young_driver()
    driver.apply(at=day(14), segments=[KEEN, {"id": "vip"}])
    with pytest.raises(JournalTruncated):
        TruncatedHistory(driver, 2, day(10)).explain(day(13))
    assert TruncatedHistory(driver, 0, day(0)).explain(day(13))["member"] is True


def test_a_late_first_record_may_not_be_the_first() -> None:
    """Its `at` is before the coverage: earlier records of the contact may be deleted."""
    driver = EngineDriver(segments=[KEEN])
    driver.visit(day(10), contact="bob")
    driver.visit(day(9))
    with pytest.raises(JournalTruncated):
        TruncatedHistory(driver, 1, day(10), clock="wall").explain(day(10))


def test_without_any_remaining_instant_the_error_says_so() -> None:
    history = TruncatedHistory(old_driver(), 6, None)
    assert history.explain()["member"] is True
    with pytest.raises(JournalTruncated, match="nothing of it is left that tells a time"):
        history.explain(day(3, DAY // 2))


def test_a_contact_without_records_is_not_known() -> None:
    driver = EngineDriver(segments=[KEEN])
    driver.visit(day(10), contact="bob")
    assert TruncatedHistory(driver, 1, day(10)).explain(day(10))["known"] is False
