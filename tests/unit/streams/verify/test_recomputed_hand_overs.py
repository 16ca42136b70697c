"""The records of `qualified-leads` against the batch: what is missing, doubled, in another order or different."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from streams.settings import Settings
from streams.verify.comparison import PartitionComparison
from streams.verify.flags import ContactFlags
from streams.verify.hand_over_log import HandOverLog
from streams.verify.recomputed import PartitionRecomputation
from streams.verify.report import VerificationReport
from streams.verify.table import PartitionTables
from tests.harness.engine.engine_driver import EngineDriver, day, outputs_of_topic

ANN = b"default/ann"
MAPPING = {"updates": [{"on": {"property": "consent"}, "fields": {"Consent__c": {"property": "consent"}}}]}


class TwiceUpdatedLead:
    """A driver whose lead is handed over and told of twice, and the values on `qualified-leads`."""

    def __init__(self) -> None:
        self.driver = EngineDriver(campaigns=[{"id": "spring"}], salesforce=MAPPING)
        outputs = self.driver.send("lead.added", day(0), campaign="spring")
        outputs += self.driver.send("lead.qualified", day(1), campaign="spring", by="anna")
        outputs += self.driver.change_contact(day(2), consent="yes")
        outputs += self.driver.change_contact(day(3), consent="no")
        self.values = [json.dumps(each).encode() for each in outputs_of_topic(outputs, "qualified-leads")]

    def report(self, values: list[bytes], *, is_truncated: bool = False) -> VerificationReport:
        """Returns the report on ann where the topic holds these values."""
        recomputation = PartitionRecomputation(lambda _, number: self.driver.releases[number - 1], Settings())
        for offset, _, value in self.driver.journal:
            recomputation.feed(offset, value)
        tables = PartitionTables(hand_overs=HandOverLog(is_truncated=is_truncated))
        for topic, table in (("leads", tables.leads), ("contacts", tables.contacts)):
            for key, row in self.driver.table(topic).items():
                table.feed(key, row)
        for each in values:
            tables.hand_overs.feed(ANN, each)
        report = VerificationReport()
        PartitionComparison(recomputation, tables, ContactFlags(), report).compare_contact(ANN)
        return report


def test_the_records_of_the_engine_are_equal() -> None:
    story = TwiceUpdatedLead()
    report = story.report(story.values)
    assert report.differences == []
    assert report.to_dict()["hand_overs"] == 3


CHANGES: list[tuple[Callable[[list[bytes]], list[bytes]], bool]] = [
    (lambda values: values[:-1], True),
    (lambda values: values[1:], True),
    (lambda values: [*values, values[-1]], True),
    (lambda values: [values[0], values[2], values[1]], True),
    (lambda values: [*values, b"no json", b'{"type": "lead.handed_over"}', b"7"], False),
]


@pytest.mark.parametrize(("change", "is_difference"), CHANGES)
def test_each_record_must_be_there_once_and_in_its_place(
    change: Callable[[list[bytes]], list[bytes]], is_difference: bool
) -> None:
    story = TwiceUpdatedLead()
    assert [each.kind for each in story.report(change(story.values)).differences] == ["hand_over"] * is_difference


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"at": "2026-01-09T00:00:00.000Z"}, "at 2026-01-09T00:00:00.000Z"),
        ({"occasions": ["contact.status"]}, "told of contact.status"),
        ({"do_not_sync": True}, "do_not_sync"),
        ({"snapshot": {"status": "active", "properties": {"consent": "no"}, "score": 0.0, "scores": {}}}, "updated"),
        ({"lead": {"status": "rejected", "points": 0, "made": "2026-01-01T00:00:00.000Z"}}, "rejected"),
        ({"snapshot": {"status": "active", "properties": {}, "score": 0, "scores": {}}}, "lead.updated of spring"),
    ],
)
def test_each_field_of_a_record_is_compared(changed: dict[str, Any], part: str) -> None:
    story = TwiceUpdatedLead()
    last = json.dumps(json.loads(story.values[-1]) | changed).encode()
    (difference,) = story.report([*story.values[:-1], last]).differences
    assert difference.to_dict()["campaign"] == "spring"
    assert part in difference.actual


def test_where_retention_removed_the_first_records_the_last_ones_must_be_there() -> None:
    story = TwiceUpdatedLead()
    assert story.report(story.values[1:], is_truncated=True).differences == []
    assert story.report([], is_truncated=True).differences == []
    (difference,) = story.report(story.values[:-1], is_truncated=True).differences
    assert "lead.updated of spring at 2026-01-03T00:00:00.000Z" in difference.expected
    (difference,) = story.report([story.values[0], *story.values], is_truncated=True).differences
    assert difference.kind == "hand_over"
