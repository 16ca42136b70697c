"""`held_for`: true without a break for so long, from exactly t + W (SPEC section 5)."""

from __future__ import annotations

from typing import Any

from schemas.values import instant_text
from tests.harness.engine.engine_driver import HOUR, EngineDriver, day, outputs_of_topic, segment_changes

PRO: dict[str, Any] = {"property": "plan", "eq": "pro", "held_for": "7d"}
TAGGED: dict[str, Any] = {"tags": {"contains": "vip"}, "held_for": "7d"}


def held(when: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"id": "held", "dynamic": True, "when": when, **more}]


def changes_by_time(driver: EngineDriver) -> list[tuple[str, str]]:
    """The instants and types of the segment changes up to a tick far ahead."""
    changes = outputs_of_topic(driver.tick(day(400)), "segment-changes")
    return [(change["at"], change["type"]) for change in changes]


def test_it_enters_at_exactly_t_plus_w() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    assert driver.tick(day(8)) == [], "the instant itself is still open"
    assert driver.members() == []
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]


def test_the_same_value_again_does_not_restart_it() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    driver.change_contact(day(3), plan="PRO")
    driver.change_contact(day(4), plan="pro", country="DE")
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]


def test_tags_are_held_as_a_property_is() -> None:
    driver = EngineDriver(segments=held(TAGGED))
    driver.change_contact(day(1), tags=["vip"])
    driver.change_contact(day(3), tags=["VIP", "new"])
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]
    driver = EngineDriver(segments=held(TAGGED))
    driver.change_contact(day(1), tags=["vip"])
    driver.change_contact(day(3), tags=[])
    driver.change_contact(day(3, 1), tags=["vip"])
    assert changes_by_time(driver) == [(instant_text(day(10, 1)), "segment.entered")]


def test_a_new_leaf_on_tags_needs_the_past() -> None:
    driver = EngineDriver(segments=[])
    driver.change_contact(day(1), tags=["vip"])
    driver.change_contact(day(4), country="DE")
    driver.apply(at=day(6), segments=held(TAGGED))
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]


def test_another_value_in_between_does() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    driver.change_contact(day(3), plan="free")
    driver.change_contact(day(3, 1), plan="pro")
    assert changes_by_time(driver) == [(instant_text(day(10, 1)), "segment.entered")]


def test_true_false_true_at_one_instant_is_no_break() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    driver.change_contact(day(3), plan="free")
    driver.change_contact(day(3), plan="pro")
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]


def test_a_break_at_one_instant_ends_the_membership_and_its_end_brings_it_back() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    assert segment_changes(driver.change_contact(day(9), country="DE")) == [("held", "in")]
    assert segment_changes(driver.change_contact(day(9), plan="free")) == [("held", "out")]
    assert segment_changes(driver.change_contact(day(9), plan="pro")) == [("held", "in")]
    assert segment_changes(driver.change_contact(day(10), plan="free")) == [("held", "out")]
    assert segment_changes(driver.change_contact(day(10, 1), plan="pro")) == []


def test_a_patch_counts_from_the_contacts_clock_where_that_is_later() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(2), country="DE")
    driver.change_contact(day(1), plan="pro")
    assert changes_by_time(driver) == [(instant_text(day(9)), "segment.entered")]
    driver = EngineDriver(segments=held(PRO))
    driver.tick(day(5))
    driver.change_contact(day(1), plan="pro")
    assert changes_by_time(driver) == [(instant_text(day(12)), "segment.entered")]


def test_what_is_true_without_any_value_counts_from_the_creation() -> None:
    missing = {"property": "plan", "exists": False, "held_for": "7d"}
    driver = EngineDriver(segments=held(missing))
    driver.visit(day(1))
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]
    driver = EngineDriver(segments=held(missing))
    driver.tick(day(5))
    driver.visit(day(1))
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")], (
        "created at the instant of a late record"
    )


def test_a_first_patch_that_leaves_it_true_is_no_break() -> None:
    driver = EngineDriver(segments=held({"property": "plan", "ne": "free", "held_for": "7d"}))
    driver.tick(day(5))
    driver.change_contact(day(1), plan="pro")
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]


def test_a_leaf_that_time_makes_true_counts_from_there_and_one_that_time_ends_breaks() -> None:
    driver = EngineDriver(segments=held({"property": "checked", "older_than": "2d", "held_for": "7d"}))
    driver.change_contact(day(1), checked=instant_text(day(1)))
    assert changes_by_time(driver) == [(instant_text(day(10)), "segment.entered")]
    driver = EngineDriver(segments=held({"property": "checked", "within_last": "9d", "held_for": "7d"}))
    driver.change_contact(day(1), checked=instant_text(day(1)))
    assert changes_by_time(driver) == [
        (instant_text(day(8)), "segment.entered"),
        (instant_text(day(10)), "segment.exited"),
    ]


def test_time_is_followed_even_where_another_leaf_decides_alone() -> None:
    """The date passes while `vip` keeps the contact in; the leaf must have its state when `vip` changes."""
    when = {"any": [{"property": "vip", "eq": True}, {"property": "checked", "older_than": "2d", "held_for": "7d"}]}
    driver = EngineDriver(segments=held(when))
    driver.change_contact(day(1), checked=instant_text(day(1)), vip=True)
    assert segment_changes(driver.change_contact(day(9), vip=False)) == [("held", "out")]
    assert changes_by_time(driver) == [(instant_text(day(10)), "segment.entered")]


def test_it_is_followed_where_the_status_keeps_the_contact_out() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), status="inactive", plan="pro")
    assert segment_changes(driver.change_contact(day(9), status="active")) == [("held", "in")]


def test_leaves_that_differ_in_length_only_share_their_state() -> None:
    driver = EngineDriver(segments=held({"any": [PRO, {"not": {**PRO, "held_for": "1d"}}]}))
    driver.change_contact(day(1), plan="pro")
    assert len(driver.contact().held) == 1
    assert [change for _, change in changes_by_time(driver)] == ["segment.exited", "segment.entered"]


def test_a_new_leaf_counts_as_if_it_had_always_been_followed() -> None:
    """Other properties may have changed since, and the same value may have been published again."""
    driver = EngineDriver(segments=[])
    driver.change_contact(day(1), plan="pro")
    driver.change_contact(day(3), country="DE")
    driver.change_contact(day(4), plan="pro")
    driver.visit(day(5))
    driver.apply(at=day(6), segments=held(PRO))
    assert changes_by_time(driver) == [(instant_text(day(8)), "segment.entered")]


def test_a_new_leaf_that_has_held_long_enough_takes_in_at_once() -> None:
    driver = EngineDriver(segments=[])
    driver.change_contact(day(1), checked=instant_text(day(1)))
    leaf = {"property": "checked", "older_than": "2d", "held_for": "7d"}
    assert segment_changes(driver.apply(at=day(10), segments=held(leaf))) == [("held", "in")]
    assert segment_changes(driver.apply(at=day(10), segments=held({**leaf, "held_for": "8d"}))) == [("held", "out")]


def test_of_a_contact_without_any_change_a_new_leaf_counts_from_the_creation() -> None:
    driver = EngineDriver(segments=[])
    driver.visit(day(1))
    driver.visit(day(5))
    missing = {"property": "plan", "exists": False, "held_for": "7d"}
    assert segment_changes(driver.apply(at=day(8), segments=held(missing))) == [("held", "in")]


def test_a_leaf_that_stays_keeps_its_count_and_one_that_goes_forgets_it() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    driver.change_contact(day(2), country="DE")
    driver.apply(at=day(3), segments=held(PRO, name="Held"))
    assert changes_by_time(driver)[0] == (instant_text(day(8)), "segment.entered")
    driver.apply(at=day(401), segments=[])
    assert driver.contact().held == {}


def test_one_that_ended_is_forgotten_when_its_instant_is_over() -> None:
    driver = EngineDriver(segments=held(PRO))
    driver.change_contact(day(1), plan="pro")
    assert list(driver.contact().held.values()) == [[day(1)]]
    driver.change_contact(day(2), plan="free")
    assert list(driver.contact().held.values()) == [[day(1), day(2)]]
    driver.visit(day(2) + HOUR)
    assert driver.contact().held == {}


def test_a_rule_fires_when_it_has_held_long_enough() -> None:
    rule = {"id": "stale", "when": PRO, "then": {"set_status": "rejected"}}
    driver = EngineDriver(campaigns=[{"id": "spring", "automation": [rule]}])
    driver.send("lead.added", day(1), campaign="spring")
    driver.change_contact(day(1), plan="pro")
    driver.tick(day(8))
    assert driver.status("spring") == "active"
    driver.tick(day(8, 1))
    assert driver.status("spring") == "rejected"


def test_what_time_changes_at_the_instant_of_a_record_is_caused_by_the_clock() -> None:
    driver = EngineDriver(segments=held({"property": "checked", "older_than": "1d", "held_for": "1d"}))
    driver.change_contact(day(1), checked=instant_text(day(1)))
    (change,) = outputs_of_topic(driver.visit(day(3)), "segment-changes")
    assert (change["at"], change["cause"]["kind"]) == (instant_text(day(3)), "clock")
