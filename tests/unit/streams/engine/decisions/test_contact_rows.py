"""SPEC section 2: `contacts` holds each contact as it stands: properties, status, scores, created, last seen."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.topics import CONTACTS
from streams.engine.journal import records
from streams.engine.journal.effects import Budget, Output
from tests.harness.engine.engine_driver import HOUR, EngineDriver, day, outputs_of_topic

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "2d"}}
SPRING = {"id": "spring", "audience": ["recent"], "scoring": [{"id": "v", "when": {"visit": {}}, "points": 5}]}


def rows(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return outputs_of_topic(outputs, CONTACTS.name)


def only_row(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    written = rows(outputs)
    assert len(written) == 1
    return written[0]


def driver_with_ann(**properties: Any) -> EngineDriver:
    """Returns a driver whose contact ann has these properties since the first day."""
    driver = EngineDriver(segments=[RECENT], campaigns=[SPRING], properties={"size": "number"})
    driver.change_contact(day(0), **properties)
    return driver


def test_a_row_reads_as_the_specification_says() -> None:
    driver = driver_with_ann(country="DE", email="ann@acme.example")
    driver.visit(day(1))
    driver.send("score.adjusted", day(2), points=2.5)
    row = only_row(driver.send("score.adjusted", day(2, HOUR), score="fit", points=-1))
    assert row == {
        "topic": "contacts",
        "key": "default/ann",
        "type": "contact",
        "id": row["id"],
        "account": "default",
        "contact": "ann",
        "at": "2026-01-03T01:00:00.000Z",
        "number": {"partition": 0, "offset": 4, "ordinal": 0},
        "cause": {"kind": "event", "event": "e4", "release": 1},
        "status": "active",
        "properties": {"country": "DE", "email": "ann@acme.example", "email_domain": "acme.example"},
        "score": 2.5,
        "scores": {"fit": -1},
        "created": "2026-01-01T00:00:00.000Z",
        "last_seen": "2026-01-02T00:00:00.000Z",
    }


def test_a_contact_that_was_never_seen_has_null() -> None:
    row = only_row(EngineDriver(segments=[]).change_contact(day(0), country="DE"))
    assert row["last_seen"] is None
    assert (row["score"], row["scores"]) == (0, {})


def test_the_row_follows_everything_that_the_record_changed() -> None:
    outputs = EngineDriver(segments=[RECENT], campaigns=[SPRING]).visit(day(0))
    assert [output["topic"] for output in outputs] == [
        *("segment-changes", "segment-members", "lead-changes", "leads", "contacts"),
    ]
    assert [output["number"]["ordinal"] for output in outputs] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("before", "after", "is_change"),
    [
        ("DE", "DE", False),
        ("DE", "de", True),
        (1, 1.0, True),
        (1, True, True),
        (0.0, -0.0, True),
        ([1, "a"], [1, "a"], False),
        ([1, "a"], ["a", 1], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": {"b": 1}}, {"a": {"b": True}}, True),
        ({"a": None}, {}, True),
        ("DE", None, True),
    ],
)
def test_a_patch_writes_a_row_where_a_reader_sees_another_value(before: Any, after: Any, is_change: bool) -> None:
    driver = driver_with_ann(anything=before)
    written = rows(driver.change_contact(day(1), anything=after))
    assert len(written) == is_change
    if is_change:
        assert written[0]["at"] == "2026-01-02T00:00:00.000Z"
        assert written[0]["properties"].get("anything") == after


def test_a_patch_that_changes_nothing_writes_no_row() -> None:
    driver = driver_with_ann(size=5, email="ann@acme.example")
    assert rows(driver.change_contact(day(1))) == []
    assert rows(driver.change_contact(day(2), email="ann@acme.example")) == []  # the domain is derived anew
    assert rows(driver.change_contact(day(3), status="active")) == []
    assert rows(driver.change_contact(day(4), nothing=None)) == []
    assert rows(driver.change_contact(day(5), size="many")) == []
    assert driver.refused == ["wrong_property_type"]


def test_what_a_refused_part_leaves_of_a_patch_is_in_the_row() -> None:
    driver = driver_with_ann(size=5)
    row = only_row(driver.change_contact(day(1), size="many", country="FR"))
    assert row["properties"] == {"size": 5, "country": "FR"}


def test_a_deleted_contact_keeps_its_row_with_its_state() -> None:
    driver = driver_with_ann(country="DE")
    row = only_row(driver.send("contact.deleted", day(1)))
    assert (row["status"], row["properties"]) == ("deleted", {"country": "DE"})
    row = only_row(driver.change_contact(day(2), status="active"))
    assert row["status"] == "active"


def test_last_seen_is_the_latest_visit_or_activity_by_its_own_instant() -> None:
    driver = driver_with_ann()
    assert only_row(driver.visit(day(2)))["last_seen"] == "2026-01-03T00:00:00.000Z"
    assert rows(driver.visit(day(2))) == []  # a second one at the same instant
    assert rows(driver.visit(day(1))) == []  # a late one that is not the latest
    row = only_row(driver.send("activity.recorded", day(2, 1), name="form"))
    assert row["last_seen"] == "2026-01-03T00:00:00.001Z"


def test_a_late_visit_that_is_the_latest_corrects_the_row() -> None:
    driver = driver_with_ann()
    driver.visit(day(1))
    driver.change_contact(day(5), country="DE")
    row = only_row(driver.visit(day(3)))
    assert (row["at"], row["last_seen"]) == ("2026-01-06T00:00:00.000Z", "2026-01-04T00:00:00.000Z")
    assert row["cause"] == {"kind": "event", "event": "e4", "release": 1, "late": True}


def test_only_scores_of_the_contact_are_in_the_row() -> None:
    driver = driver_with_ann()
    driver.send("lead.added", day(1), campaign="spring")
    assert rows(driver.send("score.adjusted", day(1), campaign="spring", points=5)) == []
    assert rows(driver.send("score.adjusted", day(1), points=0)) == []
    assert only_row(driver.send("score.adjusted", day(1), points=5))["score"] == 5
    assert only_row(driver.send("score.adjusted", day(1), points=5, score="fit"))["scores"] == {"fit": 5}
    assert rows(driver.send("score.adjusted", day(1), points=0, score="fit")) == []
    assert only_row(driver.send("score.adjusted", day(1), points=0, score="x"))["scores"] == {"fit": 5, "x": 0}


def test_a_score_too_large_to_show_a_difference_writes_no_row() -> None:
    driver = driver_with_ann()
    for _ in range(10):
        driver.send("score.adjusted", day(1), points=1_000_000_000)
    first = rows(driver.send("score.adjusted", day(1), points=0.000001))
    second = rows(driver.send("score.adjusted", day(1), points=0.000001))
    assert [row["score"] for row in first + second] == [10_000_000_000.000002]


def test_commands_change_leads_and_lists_and_not_the_row() -> None:
    driver = EngineDriver(segments=[{"id": "vip"}], campaigns=[{"id": "spring"}])
    driver.change_contact(day(0))
    assert rows(driver.send("lead.added", day(1), campaign="spring")) == []
    assert rows(driver.send("segment.member_added", day(1), segment="vip")) == []


def test_any_event_of_an_unknown_contact_makes_its_row() -> None:
    driver = EngineDriver(campaigns=[{"id": "spring"}])
    row = only_row(driver.send("lead.added", day(0), campaign="spring"))
    assert (row["status"], row["properties"], row["cause"]["kind"]) == ("active", {}, "command")
    row = only_row(driver.send("lead.rejected", day(0), "bob", campaign="spring"))
    assert driver.refused == ["no_lead"]
    assert row["contact"] == "bob"


def test_a_repeat_writes_no_row() -> None:
    driver = driver_with_ann()
    assert len(rows(driver.visit(day(1), id="v"))) == 1
    assert rows(driver.visit(day(1, 5), id="v")) == []


def test_time_alone_changes_nothing_in_the_row() -> None:
    driver = driver_with_ann()
    driver.visit(day(1))
    outputs = driver.tick(day(9))
    assert [output["topic"] for output in outputs] == ["segment-changes", "segment-members"]
    assert rows(driver.change_contact(day(12), nothing=None)) == []


def test_version_3_writes_no_rows() -> None:
    driver = EngineDriver(engine_version=3, segments=[RECENT])
    told = [*driver.visit(day(0)), *driver.change_contact(day(1), country="DE"), *driver.apply(engine_version=3)]
    assert told != []
    assert rows(told) == []


def test_the_release_that_raises_the_account_to_version_4_writes_each_row_once() -> None:
    driver = EngineDriver(engine_version=3, segments=[RECENT])
    driver.visit(day(0))
    driver.change_contact(day(1), "bob", country="DE")
    raised = rows(driver.apply(at=day(3), segments=[RECENT]))
    assert {row["contact"]: (row["last_seen"], row["properties"], row["at"]) for row in raised} == {
        "ann": ("2026-01-01T00:00:00.000Z", {}, "2026-01-04T00:00:00.000Z"),
        "bob": (None, {"country": "DE"}, "2026-01-04T00:00:00.000Z"),
    }
    assert [row["cause"] for row in raised] == [{"kind": "definition", "release": 2}] * 2
    assert rows(driver.apply(at=day(4), segments=[])) == []
    assert len(rows(driver.visit(day(5)))) == 1


def test_contacts_without_a_release_get_their_row_with_the_first_one() -> None:
    driver = EngineDriver()
    assert rows(driver.visit(day(0))) == []
    row = only_row(driver.apply(segments=[]))
    assert (row["contact"], row["cause"]) == ("ann", {"kind": "definition", "release": 1})


def test_a_contact_that_comes_before_an_unfinished_marker_reached_it_has_one_row_for_each() -> None:
    driver = EngineDriver()
    for name in ("ann", "bob", "cid"):
        driver.visit(day(0), contact=name)
    driver.releases.append(EngineDriver(segments=[]).releases[0])
    offset = len(driver.journal)
    visit = records.JournalEvent(
        "web.visited", "v", day(1), "default", "cid", ("web-visits", 0, 9), fields={"url": "/"}
    )
    driver.decider.feed(offset, b"marker", records.encode(records.Marker("default", 1, 1, "", day(0, HOUR), 4)))
    driver.decider.feed(offset + 1, records.event_key("default", "cid"), records.encode(visit))
    outputs: list[Output] = []
    while driver.decider.has_pending():
        outputs += driver.decider.work(Budget(records=1)).outputs
    written = [(output.key, b"definition" in (output.value or b"")) for output in outputs]
    assert sorted(written) == [
        (b"default/ann", True),
        (b"default/bob", True),
        (b"default/cid", False),
        (b"default/cid", True),
    ]
    assert [is_release for key, is_release in written if key == b"default/cid"] == [True, False]


def test_a_row_counts_against_the_budget_of_a_transaction() -> None:
    driver = EngineDriver()
    for number in range(20):
        driver.change_contact(day(0), f"c{number}", text="x" * 1_000)
    driver.releases.append(EngineDriver(segments=[]).releases[0])
    marker = records.Marker("default", 1, 1, "", day(1), 4)
    driver.decider.feed(len(driver.journal), b"marker", records.encode(marker))
    portions = []
    while driver.decider.has_pending():
        portions.append(len(driver.decider.work(Budget(records=1 << 40, bytes=10_000)).outputs))
    assert sum(portions) == 20
    assert max(portions) <= 5  # each has a row of the changelog and one of `contacts` of 1,000 bytes and more
