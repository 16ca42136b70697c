"""SPEC section 4: static and dynamic segments, statuses, references, pause."""

from __future__ import annotations

from typing import Any

from streams.engine.state.limits import MAX_COUNTER_VALUES
from tests.harness.engine.engine_driver import EngineDriver, day, outputs_of_topic, segment_changes

GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
VIP = {"id": "vip"}


def test_a_dynamic_segment_holds_exactly_those_whose_condition_is_true() -> None:
    driver = EngineDriver(segments=[GERMAN])
    assert segment_changes(driver.change_contact(day(0), country="DE")) == [("german", "in")]
    assert segment_changes(driver.change_contact(day(1), country="FR")) == [("german", "out")]


def test_the_table_of_members_has_a_row_for_a_member_and_null_after_the_exit() -> None:
    driver = EngineDriver(segments=[GERMAN])
    row = outputs_of_topic(driver.change_contact(day(0), country="DE"), "segment-members")[0]
    assert (row["key"], row["since"]) == ("default/german/ann", "2026-01-01T00:00:00.000Z")
    row = outputs_of_topic(driver.change_contact(day(1), country="FR"), "segment-members")[0]
    assert row == {"topic": "segment-members", "key": "default/german/ann", "gone": True}


def test_what_waits_is_settled_beside_what_follows_from_a_change() -> None:
    french = {"id": "french", "dynamic": True, "when": {"property": "country", "eq": "FR"}}
    follower = {"id": "follower", "dynamic": True, "when": {"segment": "german"}}
    driver = EngineDriver(segments=[GERMAN, french, follower])
    driver.change_contact(day(0), country="DE")
    changes = segment_changes(driver.change_contact(day(1), country="FR"))
    assert changes == [("german", "out"), ("french", "in"), ("follower", "out")]


def test_the_cause_names_event_release_and_the_leaves_that_decided() -> None:
    when = {"any": [{"property": "country", "eq": "DE"}, {"property": "city", "eq": "Wien"}]}
    driver = EngineDriver(segments=[{"id": "near", "dynamic": True, "when": when}])
    change = driver.change_contact(day(0), city="Wien")[0]
    assert change["cause"] == {
        "kind": "event",
        "event": "e1",
        "release": 1,
        "leaves": [{"property": "city", "eq": "Wien"}],
    }


def test_a_static_segment_lists_and_unlists_by_command() -> None:
    driver = EngineDriver(segments=[VIP])
    entered = driver.send("segment.member_added", day(0), segment="vip")
    assert segment_changes(entered) == [("vip", "in")]
    assert entered[0]["cause"]["kind"] == "command"
    assert driver.send("segment.member_added", day(1), segment="vip") == []
    assert segment_changes(driver.send("segment.member_removed", day(2), segment="vip")) == [("vip", "out")]


def test_a_bounced_contact_exits_a_static_segment_and_comes_back_with_its_status() -> None:
    driver = EngineDriver(segments=[VIP])
    driver.send("segment.member_added", day(0), segment="vip")
    assert segment_changes(driver.change_contact(day(1), status="bounced")) == [("vip", "out")]
    assert segment_changes(driver.change_contact(day(2), status="active")) == [("vip", "in")]


def test_a_segment_holds_other_statuses_when_it_says_so() -> None:
    driver = EngineDriver(segments=[{**GERMAN, "statuses": ["active", "bounced"]}])
    driver.change_contact(day(0), country="DE")
    assert segment_changes(driver.change_contact(day(1), status="bounced")) == []
    assert segment_changes(driver.change_contact(day(2), status="deleted")) == [("german", "out")]


def test_a_dynamic_segment_cannot_be_listed_by_hand() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.send("segment.member_added", day(0), segment="german")
    assert driver.refused == ["segment_not_static"]
    driver.send("segment.member_added", day(0), segment="nowhere")
    assert driver.refused == ["unknown_segment"]


def test_segments_that_refer_to_others_change_after_them_at_one_instant() -> None:
    target = {
        "id": "target",
        "dynamic": True,
        "when": {"all": [{"segment": "german"}, {"not": {"segment": "rivals"}}]},
    }
    rivals = {"id": "rivals", "dynamic": True, "when": {"property": "company", "eq": "Rival"}}
    driver = EngineDriver(segments=[target, rivals, GERMAN])
    outputs = driver.change_contact(day(0), country="DE")
    assert segment_changes(outputs) == [("german", "in"), ("target", "in")]
    outputs = driver.change_contact(day(1), company="Rival")
    assert segment_changes(outputs) == [("rivals", "in"), ("target", "out")]


def test_changes_at_one_instant_come_in_the_order_of_the_definition() -> None:
    same = {"dynamic": True, "when": {"property": "country", "eq": "DE"}}
    driver = EngineDriver(segments=[{"id": "b", **same}, {"id": "a", **same}])
    assert segment_changes(driver.change_contact(day(0), country="DE")) == [("b", "in"), ("a", "in")]


def test_a_paused_segment_is_frozen_but_for_deletion_and_catches_up_when_resumed() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.change_contact(day(0), country="DE")
    driver.change_contact(day(0), contact="bob", country="FR")
    driver.apply(segments=[{**GERMAN, "paused": True}])
    assert segment_changes(driver.change_contact(day(1), country="FR")) == []
    assert segment_changes(driver.change_contact(day(1), contact="bob", country="DE")) == []
    assert segment_changes(driver.change_contact(day(1), status="bounced")) == []
    driver.change_contact(day(2), status="active")
    outputs = driver.apply(segments=[GERMAN], at=day(3))
    assert sorted(segment_changes(outputs)) == [("german", "in"), ("german", "out")]
    driver.apply(segments=[{**GERMAN, "paused": True}])
    assert segment_changes(driver.change_contact(day(4), contact="bob", status="deleted")) == [("german", "out")]


def test_a_deleted_contact_keeps_its_state_and_only_active_revives_it() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.change_contact(day(0), country="DE")
    assert segment_changes(driver.send("contact.deleted", day(1))) == [("german", "out")]
    assert segment_changes(driver.change_contact(day(2), first_name="Ann")) == []
    assert segment_changes(driver.change_contact(day(3), status="active")) == [("german", "in")]


def test_a_patch_removes_with_null_and_derives_the_email_domain() -> None:
    driver = EngineDriver(
        segments=[{"id": "ex", "dynamic": True, "when": {"property": "email_domain", "eq": "example.com"}}]
    )
    assert segment_changes(driver.change_contact(day(0), email="ann@Example.com")) == [("ex", "in")]
    assert segment_changes(driver.change_contact(day(1), email=None)) == [("ex", "out")]
    assert "email" not in driver.contact().properties


def test_a_property_of_the_wrong_type_is_refused_alone() -> None:
    driver = EngineDriver(properties={"employees": "number"}, segments=[GERMAN])
    outputs = driver.change_contact(day(0), employees="many", country="DE")
    assert segment_changes(outputs) == [("german", "in")]
    assert driver.refused == ["wrong_property_type"]
    assert "employees" not in driver.contact().properties


def test_any_event_for_an_unknown_contact_creates_an_empty_active_one() -> None:
    driver = EngineDriver(segments=[{"id": "all", "dynamic": True, "when": {"all": []}}])
    assert segment_changes(driver.send("score.adjusted", day(0), points=1)) == [("all", "in")]
    assert driver.contact().status == "active"


def test_without_a_release_contacts_are_stored_and_nothing_is_decided() -> None:
    driver = EngineDriver()
    assert driver.change_contact(day(0), country="DE") == []
    outputs = driver.apply(segments=[GERMAN], at=day(1))
    assert segment_changes(outputs) == [("german", "in")]
    assert (outputs[0]["at"], outputs[0]["cause"]["kind"]) == ("2026-01-02T00:00:00.000Z", "definition")


def test_a_release_emits_only_differences() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.change_contact(day(0), country="DE")
    assert driver.apply(segments=[{**GERMAN, "name": "Germans"}], at=day(1)) == []


def test_members_of_a_deleted_segment_exit() -> None:
    driver = EngineDriver(segments=[GERMAN, VIP])
    driver.change_contact(day(0), country="DE")
    driver.send("segment.member_added", day(0), segment="vip")
    outputs = driver.apply(segments=[], at=day(1))
    assert segment_changes(outputs) == [("german", "out"), ("vip", "out")]
    assert driver.contact().listed == []


def test_dynamic_to_static_keeps_the_members_as_the_list() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.change_contact(day(0), country="DE")
    assert driver.apply(segments=[{"id": "german"}], at=day(1)) == []
    assert segment_changes(driver.change_contact(day(2), country="FR")) == []
    assert driver.members() == ["german"]


def test_static_to_dynamic_drops_the_list() -> None:
    driver = EngineDriver(segments=[{"id": "german"}])
    driver.send("segment.member_added", day(0), segment="german")
    assert segment_changes(driver.apply(segments=[GERMAN], at=day(1))) == [("german", "out")]
    assert driver.apply(segments=[{"id": "german"}], at=day(2)) == []


def test_what_is_due_before_a_release_fires_under_the_former_one() -> None:
    recent = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "7d"}}
    driver = EngineDriver(segments=[recent])
    driver.visit(day(0))
    outputs = driver.apply(segments=[recent, {"id": "all", "dynamic": True, "when": {"all": []}}], at=day(10))
    assert [(o["at"][:10], o["cause"]["release"]) for o in outputs_of_topic(outputs, "segment-changes")] == [
        ("2026-01-08", 1),
        ("2026-01-11", 2),
    ]


def test_ids_are_the_same_when_they_are_recomputed() -> None:
    def ids() -> list[Any]:
        driver = EngineDriver(segments=[GERMAN])
        return [output.get("id") for output in driver.change_contact(day(0), country="DE")]

    assert ids() == ids()
    assert len(set(ids())) == 3


def test_a_contact_stays_small_enough_for_a_record() -> None:
    driver = EngineDriver(segments=[GERMAN])
    driver.change_contact(day(0), country="DE", notes="x" * 150_000)
    assert driver.change_contact(day(1), more="y" * 60_000, country="FR") == []
    assert (driver.refused, driver.members()) == (["contact_too_large"], ["german"])
    assert segment_changes(driver.change_contact(day(2), notes=None, country="FR")) == [("german", "out")]


def test_a_change_names_a_bounded_number_of_leaves_and_values() -> None:
    countries = ["DE", *(f"C{number}" for number in range(50))]
    listed = {"property": "country", "in": countries}
    same = {"property": "country", "eq": "DE"}
    driver = EngineDriver(segments=[{"id": "many", "dynamic": True, "when": {"all": [listed, *[same] * 40]}}])
    leaves = driver.change_contact(day(0), country="DE")[0]["cause"]["leaves"]
    assert len(leaves) == 20
    assert (len(leaves[0]["in"]), leaves[0]["in"][-1]) == (11, "and 41 more")


def test_a_chain_of_references_may_be_longer_than_any_stack() -> None:
    """Each segment refers to the next, so every one must be settled after its successor."""
    links = [{"id": f"s{number}", "dynamic": True, "when": {"segment": f"s{number + 1}"}} for number in range(1_500)]
    last = {"id": "s1500", "dynamic": True, "when": {"property": "city", "eq": "Bonn"}}
    driver = EngineDriver(segments=[*links, last])
    changes = segment_changes(driver.change_contact(day(0), city="Bonn"))
    assert changes == [(f"s{number}", "in") for number in range(1_500, -1, -1)]


def test_the_state_of_many_leaves_for_a_busy_contact_fits_into_a_record() -> None:
    """Each leaf may store 1,000 instants; all of them together would not fit into a record."""
    again = {"count": {"gte": 2}, "between_ago": ["60d", "30d"]}
    segments = [
        {"id": f"s{number}", "dynamic": True, "when": {"visit": {"path": {"ne": f"/{number}"}}, **again}}
        for number in range(40)
    ]
    driver = EngineDriver(segments=segments)
    for number in range(700):
        driver.visit(day(0, number))
    contact = driver.contact()
    assert 12_500 < sum(len(state) for state in contact.counts.values()) <= MAX_COUNTER_VALUES
    shortened = {f"bound:{key}" for key, state in contact.counts.items() if len(state) < 700}
    assert shortened
    assert set(contact.flags) == shortened
    assert len(segment_changes(driver.tick(day(31)))) == 40


def test_a_visit_that_undoes_what_time_changed_at_its_instant_reaches_the_segments_that_refer() -> None:
    asleep = {"id": "asleep", "dynamic": True, "when": {"last_visit": {"older_than": "1d"}}}
    also = {"id": "also", "dynamic": True, "when": {"segment": "asleep"}}
    awake = {"id": "awake", "dynamic": True, "when": {"not": {"segment": "asleep"}}}
    driver = EngineDriver(segments=[asleep, also, awake])
    assert segment_changes(driver.visit(day(0))) == [("awake", "in")]
    assert driver.contact().due == day(1)
    assert segment_changes(driver.visit(day(1))) == []
    assert driver.members() == ["awake"]
