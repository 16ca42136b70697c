"""Rows of `contacts` recomputed from the whole history; the rows that the engine wrote are compared with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.settings import Settings
from streams.verify.comparison import PartitionComparison
from streams.verify.flags import ContactFlags
from streams.verify.recomputed import PartitionRecomputation
from streams.verify.report import VerificationReport
from streams.verify.table import PartitionTables
from tests.harness.engine.engine_driver import EngineDriver, day

ANN = b"default/ann"


def recompute(driver: EngineDriver) -> PartitionRecomputation:
    recomputation = PartitionRecomputation(lambda _, number: driver.releases[number - 1], Settings())
    for offset, _, value in driver.journal:
        recomputation.feed(offset, value)
    return recomputation


def report_on(driver: EngineDriver, contacts: dict[bytes, bytes] | None = None) -> VerificationReport:
    """Returns the report where `contacts` holds these rows, by default those that the engine wrote."""
    tables, report, recomputation = PartitionTables(), VerificationReport(), recompute(driver)
    for table, topic in ((tables.members, "segment-members"), (tables.leads, "leads")):
        for key, value in driver.table(topic).items():
            table.feed(key, value)
    for key, value in (driver.table("contacts") if contacts is None else contacts).items():
        tables.contacts.feed(key, value)
    comparison = PartitionComparison(recomputation, tables, ContactFlags(), report)
    for key in recomputation.contact_keys():
        comparison.compare_contact(key)
    comparison.report_unknown_rows(set(recomputation.contact_keys()), None)
    return report


def lively_driver() -> EngineDriver:
    driver = EngineDriver(
        properties={"size": "number", "since": "datetime"},
        segments=[{"id": "vip"}],
        campaigns=[{"id": "spring"}],
    )
    driver.change_contact(day(0), size=5, email="Ann@Acme.example", since="2026-01-01T01:00:00+01:00", home={"b": 1})
    driver.visit(day(2))
    driver.visit(day(1))
    driver.send("score.adjusted", day(3), points=0.1)
    driver.send("score.adjusted", day(3), points=0.2, score="fit")
    driver.send("lead.added", day(4), campaign="spring")
    driver.change_contact(day(5), size="many", home={"b": 1})
    return driver


def test_the_row_of_a_contact_is_expected_with_the_instant_of_its_last_change() -> None:
    assert recompute(lively_driver()).expected_contact(ANN).row == {
        "status": "active",
        "properties": {
            "size": 5,
            "email": "Ann@Acme.example",
            "email_domain": "acme.example",
            "since": "2026-01-01T01:00:00+01:00",
            "home": {"b": 1},
        },
        "score": 0.1,
        "scores": {"fit": 0.2},
        "created": "2026-01-01T00:00:00.000Z",
        "last_seen": "2026-01-03T00:00:00.000Z",
        "at": "2026-01-04T00:00:00.000Z",
    }


def test_the_rows_of_the_engine_are_equal() -> None:
    driver = lively_driver()
    driver.visit(day(5), contact="bob")
    driver.tick(day(9))
    report = report_on(driver)
    assert report.differences == []
    assert report.contact_rows == 2
    assert report.to_dict()["contact_rows"] == 2


@pytest.mark.parametrize(
    ("change", "expected", "actual"),
    [
        ({"status": "bounced"}, 'status "active"', 'status "bounced"'),
        ({"score": 0.3}, "score 0.1", "score 0.3"),
        ({"scores": {}}, 'scores {"fit": 0.2}', "scores {}"),
        ({"created": None}, 'created "2026-01-01T00:00:00.000Z"', "created null"),
        ({"last_seen": None}, 'last_seen "2026-01-03T00:00:00.000Z"', "last_seen null"),
        ({"at": "2026-01-05T00:00:00.000Z"}, 'at "2026-01-04T00:00:00.000Z"', 'at "2026-01-05T00:00:00.000Z"'),
    ],
)
def test_each_field_of_a_row_is_compared(change: dict[str, Any], expected: str, actual: str) -> None:
    driver = lively_driver()
    row = json.loads(driver.table("contacts")[ANN])
    (difference,) = report_on(driver, {ANN: json.dumps(row | change).encode()}).differences
    assert (difference.kind, difference.contact, difference.subject) == ("contact", "ann", "")
    assert (difference.expected, difference.actual) == (expected, actual)


@pytest.mark.parametrize(("value", "text"), [(6, "6"), (5.0, "5.0"), ("5", '"5"'), (None, "null")])
def test_each_property_of_a_row_is_compared_as_json(value: Any, text: str) -> None:
    driver = lively_driver()
    row = json.loads(driver.table("contacts")[ANN])
    row["properties"]["size"] = value
    (difference,) = report_on(driver, {ANN: json.dumps(row).encode()}).differences
    assert (difference.expected, difference.actual) == ("property size 5", f"property size {text}")


def test_a_contact_without_a_row_and_a_row_without_a_contact_are_differences() -> None:
    driver = lively_driver()
    row = driver.table("contacts")[ANN]
    ghost = row.replace(b'"contact":"ann"', b'"contact":"ghost"')
    missing, unknown = report_on(driver, {b"default/ghost": ghost}).differences
    assert (missing.contact, missing.actual) == ("ann", "none")
    assert missing.expected.startswith('at "2026-01-04T00:00:00.000Z", created')
    assert (unknown.contact, unknown.expected) == ("ghost", "none")
    assert str(unknown) == (
        "contact: default/ghost: expected none, found a row of a contact that this journal partition does not know"
    )
    assert "segment" not in unknown.to_dict()
    assert "campaign" not in unknown.to_dict()


def test_records_that_leadstream_did_not_write_are_differences() -> None:
    driver = lively_driver()
    foreign = {ANN: driver.table("contacts")[ANN].replace(b'"type":"contact"', b'"type":"person"'), b"rubbish": b"{}"}
    texts = [str(difference) for difference in report_on(driver, foreign).differences]
    assert [text.rpartition("found ")[2].partition(" at ")[0] for text in texts] == [
        "a record that no Leadstream wrote",
        "a record that no Leadstream wrote",
    ]
    assert "rubbish" in texts[1]


def test_a_contact_id_with_slashes_has_one_row() -> None:
    driver = EngineDriver(segments=[])
    driver.visit(day(0), contact="a/b/c")
    assert driver.table("contacts").keys() == {b"default/a/b/c"}
    assert report_on(driver).differences == []


def test_an_account_of_version_3_has_no_rows() -> None:
    driver = EngineDriver(engine_version=3, segments=[])
    driver.visit(day(0))
    assert recompute(driver).expected_contact(ANN).row is None
    report = report_on(driver)
    assert (report.differences, report.contact_rows) == ([], 0)
    written = lively_driver().table("contacts")
    (difference,) = report_on(driver, written).differences
    assert difference.expected == "none"


def test_the_release_that_raises_the_version_is_the_instant_of_the_row() -> None:
    driver = EngineDriver(engine_version=3, segments=[])
    driver.visit(day(0))
    driver.apply(at=day(3), segments=[])
    driver.apply(at=day(4), segments=[{"id": "vip"}])
    row = recompute(driver).expected_contact(ANN).row
    assert row is not None
    assert row["at"] == "2026-01-04T00:00:00.000Z"
    assert report_on(driver).differences == []
