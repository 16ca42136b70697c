"""A search finds exactly the contacts that would be members of a segment that had always existed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.errors import DataError, UsageError
from streams.search.condition import read_condition, validate_condition
from streams.search.free_text import FreeTextQuery
from streams.search.match import ContactMatcher, SearchHits
from streams.search.save import extend_definitions, segment_definition, to_yaml_fragment
from tests.harness.engine.engine_driver import EngineDriver, day

BUSY = "{visit: {path: {starts_with: /pricing}}, count: {gte: 2}, within: 7d}"


def search(driver: EngineDriver, text: str) -> list[str]:
    """Returns the ids of the hits, as the command finds them."""
    definitions = driver.releases[-1]
    condition = validate_condition(
        read_condition(text), {"account": "default", **definitions.model_dump(mode="json")}
    )
    matcher = ContactMatcher(definitions, condition, None)
    counter = BackfillCounter(
        "default", matcher.backfill_leaves, lambda _, number: driver.releases[number - 1], DEFAULT_ENGINE_SETTINGS
    )
    counter.count(driver.journal, ())
    states = counter.states()
    contacts = driver.decider.contacts()
    status = PartitionStatus(tick=driver.decider.clock_of(driver.contact()))
    return sorted(each.id for each in contacts if matcher.matches(each, status, states.get(each.id)))


def contacts_driver() -> EngineDriver:
    driver = EngineDriver(segments=[{"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}])
    driver.change_contact(day(0), country="DE")
    driver.change_contact(day(0), contact="bob", country="DE", status="bounced")
    driver.change_contact(day(0), contact="cem", country="FR", status="deleted")
    driver.visit(day(1), "/pricing")
    driver.visit(day(2), "/pricing")
    driver.visit(day(2), "/pricing", contact="bob")
    return driver


def test_earlier_activity_counts_though_no_segment_ever_counted_it() -> None:
    driver = contacts_driver()
    assert driver.contact().counts == {}
    assert search(driver, BUSY) == ["ann"]


def test_activity_that_left_the_window_does_not_count() -> None:
    driver = contacts_driver()
    driver.change_contact(day(8, -1), contact="dan", country="FR")
    driver.tick(day(8))
    assert search(driver, BUSY) == ["ann"]
    driver.tick(day(8, 1))
    assert search(driver, BUSY) == []


def test_a_repeat_is_counted_once() -> None:
    driver = contacts_driver()
    driver.send("web.visited", day(2, 1), contact="bob", id="e6", url="/pricing")
    assert search(driver, BUSY) == ["ann"]


def test_held_for_counts_from_when_it_became_true() -> None:
    driver = contacts_driver()
    driver.change_contact(day(3), city="Berlin")
    driver.tick(day(5))
    condition = "{property: country, eq: DE, held_for: 4d}"
    assert search(driver, condition) == ["ann", "bob"]
    assert search(driver, condition.replace("4d", "6d")) == []


def test_a_segment_leaf_uses_present_memberships() -> None:
    assert search(contacts_driver(), "{segment: german}") == ["ann"]


def test_deleted_contacts_are_found_only_by_their_status() -> None:
    driver = contacts_driver()
    assert search(driver, "{all: []}") == ["ann", "bob"]
    assert search(driver, "{status: {in: [bounced, deleted]}}") == ["bob", "cem"]


def test_a_sample_is_the_same_whatever_the_order() -> None:
    driver = contacts_driver()
    contacts = list(driver.decider.contacts())
    samples = []
    for order in (contacts, contacts[::-1]):
        result = SearchHits(2)
        for contact in order:
            result.add(contact)
        samples.append([hit["contact"] for hit in result.sample_rows()])
    assert samples[0] == samples[1]
    assert len(samples[0]) == 2


def test_words_alone_need_no_condition() -> None:
    driver = contacts_driver()
    matcher = ContactMatcher(driver.releases[-1], None, FreeTextQuery("f*"))
    assert [each.id for each in driver.decider.contacts() if matcher.matches(each, PartitionStatus(), None)] == []
    matcher = ContactMatcher(driver.releases[-1], None, FreeTextQuery("d*"))
    assert [each.id for each in driver.decider.contacts() if matcher.matches(each, PartitionStatus(), None)] == [
        "ann",
        "bob",
    ]


def test_a_search_tells_where_its_condition_met_values_of_another_type() -> None:
    driver = contacts_driver()
    for name, staff in (("ann", "sixty"), ("bob", 60), ("cem", "many")):
        driver.change_contact(day(2), contact=name, staff=staff)
    condition = validate_condition(read_condition("{property: staff, gte: 50}"), {"account": "default"})
    matcher = ContactMatcher(driver.releases[-1], condition, None)
    hits = [each.id for each in driver.decider.contacts() if matcher.matches(each, PartitionStatus(), None)]
    assert hits == ["bob"]
    assert list(matcher.mismatches.notes()) == [
        'gte of property staff met values of another type in 1 contact (ann: "sixty")'
    ]


def test_a_search_by_words_tells_only_of_those_who_have_them() -> None:
    driver = contacts_driver()
    for name, staff in (("ann", "sixty"), ("bob", "many")):
        driver.change_contact(day(2), contact=name, staff=staff)
    condition = validate_condition(read_condition("{property: staff, gte: 50}"), {"account": "default"})
    matcher = ContactMatcher(driver.releases[-1], condition, FreeTextQuery("many"))
    assert [each.id for each in driver.decider.contacts() if matcher.matches(each, PartitionStatus(), None)] == []
    assert [each["example"]["contact"] for each in matcher.mismatches.to_list()] == ["bob"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{property: country, eqq: DE}", "did you mean eq"),
        ("{all: [{segment: nowhere}]}", r"the condition:1: all\[0\].segment: no segment is called nowhere"),
        ("{points: {gte: 3}}", "only in automation rules"),
        ("country = DE", "the condition is no mapping such as .*; words are looked for with --text"),
        ("{property: [", "is not YAML"),
    ],
)
def test_a_condition_is_checked_like_definitions(condition: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        validate_condition(read_condition(condition), {"account": "default"})


def test_a_plan_refuses_custom_properties_by_name() -> None:
    document = read_condition("{property: employees, gte: 5}")
    with pytest.raises(UsageError, match="need the plan enterprise"):
        validate_condition(document, {"plan": "premium"})
    validate_condition(read_condition("{property: country, eq: DE}"), {"plan": "basic"})


def test_a_file_says_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "condition.yaml"
    path.write_text("all:\n  - {property: country, eq: DE}\n  - {segment: nowhere}\n")
    with pytest.raises(UsageError, match=r"condition.yaml:3: all\[1\].segment"):
        validate_condition(read_condition(f"@{path}"), {})
    with pytest.raises(DataError, match="cannot be read"):
        read_condition("@nowhere.yaml")


def release(**definitions: Any) -> Any:
    driver = EngineDriver(**definitions)
    document = {"account": "default", **definitions}
    return type(
        "Release", (), {"account": "default", "definitions": driver.releases[0], "versioned_document": document}
    )()


def test_saving_refuses_a_name_that_is_taken_and_a_plan_that_lacks_it() -> None:
    document = read_condition("{property: country, eq: DE}")
    with pytest.raises(UsageError, match="there is a segment 'vip' already"):
        extend_definitions(release(segments=[{"id": "vip"}]), segment_definition("vip", document))
    with pytest.raises(UsageError, match="need the plan premium"):
        extend_definitions(release(plan="basic"), segment_definition("german", document))
    assert "id: german" in to_yaml_fragment(segment_definition("german", document))
