"""A search finds exactly those who would be members of a segment that had always been there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.engine.partition.backfill import BackfillCounter
from streams.engine.partition.broadcast import PartitionStatus
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.errors import DataError, UsageError
from streams.search.condition import read_condition, validate_condition
from streams.search.free_text import FreeTextQuery
from streams.search.match import ContactMatcher, SearchHits
from streams.search.save import extend_definitions, segment_definition, to_yaml_fragment
from tests.harness.engine.engine_driver import EngineDriver, day

BUSY = "{visit: {path: {starts_with: /pricing}}, count: {gte: 2}, within: 7d}"


def found(story: EngineDriver, text: str) -> list[str]:
    """Who is found, as the command finds them."""
    definitions = story.releases[-1]
    condition = validate_condition(
        read_condition(text), {"account": "default", **definitions.model_dump(mode="json")}
    )
    search = ContactMatcher(definitions, condition, None)
    history = BackfillCounter(
        "default", search.backfill_leaves, lambda _, number: story.releases[number - 1], DEFAULT_ENGINE_SETTINGS
    )
    history.count(story.journal, ())
    kept = history.states()
    contacts = story.decider.contacts()
    standing = PartitionStatus(tick=story.decider.clock_of(story.contact()))
    return sorted(each.id for each in contacts if search.matches(each, standing, kept.get(each.id)))


def people() -> EngineDriver:
    story = EngineDriver(segments=[{"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}])
    story.change_contact(day(0), country="DE")
    story.change_contact(day(0), contact="bob", country="DE", status="bounced")
    story.change_contact(day(0), contact="cem", country="FR", status="deleted")
    story.visit(day(1), "/pricing")
    story.visit(day(2), "/pricing")
    story.visit(day(2), "/pricing", contact="bob")
    return story


def test_activity_of_before_counts_though_no_segment_ever_counted_it() -> None:
    story = people()
    assert story.contact().counts == {}
    assert found(story, BUSY) == ["ann"]


def test_what_has_left_its_window_by_now_is_not_found() -> None:
    story = people()
    story.change_contact(day(8, -1), contact="dan", country="FR")
    story.tick(day(8))
    assert found(story, BUSY) == ["ann"]
    story.tick(day(8, 1))
    assert found(story, BUSY) == []


def test_a_repeat_is_counted_once() -> None:
    story = people()
    story.send("web.visited", day(2, 1), contact="bob", id="e6", url="/pricing")
    assert found(story, BUSY) == ["ann"]


def test_held_for_counts_from_when_it_became_true() -> None:
    story = people()
    story.change_contact(day(3), city="Berlin")
    story.tick(day(5))
    held = "{property: country, eq: DE, held_for: 4d}"
    assert found(story, held) == ["ann", "bob"]
    assert found(story, held.replace("4d", "6d")) == []


def test_segments_are_as_they_stand() -> None:
    assert found(people(), "{segment: german}") == ["ann"]


def test_deleted_contacts_are_found_only_by_their_status() -> None:
    story = people()
    assert found(story, "{all: []}") == ["ann", "bob"]
    assert found(story, "{status: {in: [bounced, deleted]}}") == ["bob", "cem"]


def test_a_sample_is_the_same_whatever_the_order() -> None:
    story = people()
    contacts = list(story.decider.contacts())
    samples = []
    for order in (contacts, contacts[::-1]):
        result = SearchHits(2)
        for contact in order:
            result.add(contact)
        samples.append([hit["contact"] for hit in result.sample_rows()])
    assert samples[0] == samples[1]
    assert len(samples[0]) == 2


def test_words_alone_need_no_condition() -> None:
    story = people()
    search = ContactMatcher(story.releases[-1], None, FreeTextQuery("f*"))
    assert [each.id for each in story.decider.contacts() if search.matches(each, PartitionStatus(), None)] == []
    search = ContactMatcher(story.releases[-1], None, FreeTextQuery("d*"))
    assert [each.id for each in story.decider.contacts() if search.matches(each, PartitionStatus(), None)] == [
        "ann",
        "bob",
    ]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{property: country, eqq: DE}", "did you mean eq"),
        ("{all: [{segment: nowhere}]}", r"the condition:1: all\[0\].segment: no segment is called nowhere"),
        ("{points: {gte: 3}}", "only in automation rules"),
        ("country = DE", "a condition is such as"),
        ("{property: [", "is not YAML"),
    ],
)
def test_a_condition_is_checked_like_definitions(condition: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        validate_condition(read_condition(condition), {"account": "default"})


def test_a_plan_refuses_custom_properties_by_name() -> None:
    part = read_condition("{property: employees, gte: 5}")
    with pytest.raises(UsageError, match="need the plan enterprise"):
        validate_condition(part, {"plan": "premium"})
    validate_condition(read_condition("{property: country, eq: DE}"), {"plan": "basic"})


def test_a_file_says_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "condition.yaml"
    path.write_text("all:\n  - {property: country, eq: DE}\n  - {segment: nowhere}\n")
    with pytest.raises(UsageError, match=r"condition.yaml:3: all\[1\].segment"):
        validate_condition(read_condition(f"@{path}"), {})
    with pytest.raises(DataError, match="cannot be read"):
        read_condition("@nowhere.yaml")


def release(**definitions: Any) -> Any:
    story = EngineDriver(**definitions)
    document = {"account": "default", **definitions}
    return type("Release", (), {"account": "default", "definitions": story.releases[0], "document": document})()


def test_saving_refuses_a_name_that_is_taken_and_a_plan_that_lacks_it() -> None:
    part = read_condition("{property: country, eq: DE}")
    with pytest.raises(UsageError, match="there is a segment 'vip' already"):
        extend_definitions(release(segments=[{"id": "vip"}]), segment_definition("vip", part))
    with pytest.raises(UsageError, match="need the plan premium"):
        extend_definitions(release(plan="basic"), segment_definition("german", part))
    assert "id: german" in to_yaml_fragment(segment_definition("german", part))
