"""SPEC section 6: ticks, ties, late events, exits by time alone."""

from __future__ import annotations

from tests.harness.engine.engine_driver import DAY, HOUR, EngineDriver, day, outputs_of_topic, segment_changes

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "7d"}}
PRICING = {"id": "pricing", "dynamic": True, "when": {"visit": {"path": {"starts_with": "/pricing"}}, "within": "1d"}}
ASLEEP = {"id": "asleep", "dynamic": True, "when": {"inactive_for": "30d"}}


def test_a_membership_ends_by_time_alone_at_exactly_t_plus_w() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    outputs = driver.tick(day(20))
    assert segment_changes(outputs) == [("recent", "out")]
    assert outputs[0]["at"] == "2026-01-08T00:00:00.000Z"
    assert outputs[0]["cause"] == {"kind": "clock", "release": 1, "leaves": [{"visit": {}, "within": "7d"}]}


def test_a_tick_closes_the_instants_before_it_and_not_its_own() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    assert driver.tick(day(7)) == []
    assert segment_changes(driver.tick(day(7, 1))) == [("recent", "out")]


def test_visits_at_t_and_at_exactly_t_plus_7d_never_flicker_out() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    driver.tick(day(7))
    assert segment_changes(driver.visit(day(7))) == []
    assert driver.members() == ["recent"]


def test_what_is_due_before_a_record_fires_first_at_its_own_instant() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    outputs = driver.visit(day(10))
    assert segment_changes(outputs) == [("recent", "out"), ("recent", "in")]
    instants = [output["at"] for output in outputs_of_topic(outputs, "segment-changes")]
    assert instants == ["2026-01-08T00:00:00.000Z", "2026-01-11T00:00:00.000Z"]
    assert [output["cause"]["kind"] for output in outputs_of_topic(outputs, "segment-changes")] == ["clock", "event"]


def test_outputs_of_one_record_are_numbered_rising() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    numbers = [output["number"] for output in driver.visit(day(10)) if "number" in output]
    assert [(number["offset"], number["ordinal"]) for number in numbers] == [(2, 0), (2, 1), (2, 2), (2, 3)]


def test_a_late_event_that_still_counts_is_corrected_at_the_clock() -> None:
    driver = EngineDriver(segments=[PRICING])
    driver.visit(day(5), "/")
    outputs = driver.visit(day(5, -HOUR), "/pricing")
    change = outputs_of_topic(outputs, "segment-changes")[0]
    assert (change["at"], change["cause"].get("late")) == ("2026-01-06T00:00:00.000Z", True)
    exits = outputs_of_topic(driver.tick(day(9)), "segment-changes")
    assert exits[0]["at"] == "2026-01-06T23:00:00.000Z"
    assert "late" not in exits[0]["cause"]


def test_a_late_event_whose_window_is_over_emits_nothing() -> None:
    driver = EngineDriver(segments=[PRICING])
    driver.visit(day(5), "/")
    assert driver.visit(day(3), "/pricing") == []


def test_a_late_patch_takes_effect_at_the_clock_and_is_not_called_late() -> None:
    driver = EngineDriver(segments=[{"id": "de", "dynamic": True, "when": {"property": "country", "eq": "DE"}}])
    driver.visit(day(5))
    change = outputs_of_topic(driver.change_contact(day(1), country="DE"), "segment-changes")[0]
    assert change["at"] == "2026-01-06T00:00:00.000Z"
    assert "late" not in change["cause"]


def test_a_tick_of_another_account_moves_no_clock() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    from streams.engine.journal import records

    driver.decider.feed(2, b"tick", records.encode(records.Tick(day(30), "other")))
    driver.journal.append((2, b"", b""))
    assert segment_changes(driver.visit(day(1))) == []
    assert driver.contact().clock == day(1)


def test_a_contact_created_after_a_tick_has_the_clock_of_the_tick_and_its_own_creation() -> None:
    driver = EngineDriver(segments=[ASLEEP])
    driver.tick(day(10))
    driver.change_contact(day(2), first_name="Ann")
    assert (driver.contact().created, driver.contact().clock) == (day(2), day(10))
    outputs = driver.tick(day(60))
    assert outputs[0]["at"] == "2026-02-02T00:00:00.000Z"


def test_inactivity_is_counted_from_the_last_visit_on() -> None:
    driver = EngineDriver(segments=[ASLEEP])
    driver.visit(day(0))
    driver.visit(day(12))
    outputs = driver.tick(day(100))
    assert outputs[0]["at"] == "2026-02-12T00:00:00.000Z"
    assert driver.decider.next_due() is None


def test_the_next_due_instant_is_known_without_a_scan() -> None:
    driver = EngineDriver(segments=[RECENT, ASLEEP])
    driver.visit(day(0))
    driver.visit(day(1), contact="bob")
    assert driver.decider.next_due() == day(7)
    driver.tick(day(7.5))
    assert driver.decider.next_due() == day(8)


def test_a_repeat_within_a_day_changes_nothing_not_even_the_clock() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0), id="same")
    assert driver.visit(day(0, 5 * HOUR), id="same") == []
    assert driver.contact().clock == day(0)


def test_a_refused_command_sent_again_under_its_id_is_tried_again() -> None:
    everybody = {"id": "all", "dynamic": True, "when": {"all": []}}
    driver = EngineDriver(segments=[everybody], campaigns=[{"id": "spring"}])
    driver.send("lead.qualified", day(0), id="q", campaign="spring")
    assert driver.refused == ["no_lead"]
    driver.send("lead.added", day(1), id="a", campaign="spring")
    driver.send("lead.qualified", day(1), id="q", campaign="spring")
    assert (driver.status("spring"), driver.refused) == ("qualified", [])


def test_a_repeat_exactly_a_day_later_changes_nothing_and_one_after_that_counts() -> None:
    twice = {"id": "twice", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
    driver = EngineDriver(segments=[twice])
    driver.visit(day(0), id="same")
    driver.change_contact(day(1), first_name="Ann")
    assert driver.visit(day(1), id="same") == []
    driver.change_contact(day(1, 1), last_name="Lee")
    assert segment_changes(driver.visit(day(1, 1), id="same")) == [("twice", "in")]


def test_at_most_256_ids_are_remembered() -> None:
    driver = EngineDriver(segments=[])
    for number in range(257):
        driver.visit(day(0, number), id=f"v{number}")
    assert len(driver.contact().applied) < 16 + 2  # the others stand beside the row
    clock = driver.contact().clock
    driver.visit(day(0, DAY // 2), id="v1")
    assert driver.contact().clock == clock
    driver.visit(day(0, DAY // 2), id="v0")
    assert driver.contact().clock == day(0, DAY // 2)


def test_a_change_by_time_at_the_instant_of_a_record_is_caused_by_the_clock() -> None:
    driver = EngineDriver(segments=[PRICING, RECENT])
    driver.visit(day(0), "/pricing")
    driver.tick(day(1))
    outputs = driver.visit(day(1, -HOUR), "/about")
    assert segment_changes(outputs) == [("pricing", "out")]
    cause = outputs_of_topic(outputs, "segment-changes")[0]["cause"]
    assert (cause["kind"], cause.get("event"), cause.get("late")) == ("clock", None, None)


def test_an_item_of_a_list_leaves_its_window_by_time_alone() -> None:
    when = {"property": "orders", "has_item": {"placed": {"within_last": "7d"}}}
    driver = EngineDriver(segments=[{"id": "buyers", "dynamic": True, "when": when}], properties={"orders": "object"})
    driver.change_contact(day(0), orders=[{"placed": "2026-01-01T00:00:00Z"}])
    outputs = driver.tick(day(20))
    assert segment_changes(outputs) == [("buyers", "out")]
    assert outputs[0]["at"] == "2026-01-08T00:00:00.000Z"


def test_what_is_due_at_the_instant_of_a_release_is_caused_by_the_clock() -> None:
    driver = EngineDriver(segments=[RECENT])
    driver.visit(day(0))
    german = {"id": "german", "dynamic": True, "when": {"property": "country", "ne": "DE"}}
    changes = outputs_of_topic(driver.apply(at=day(7), segments=[RECENT, german]), "segment-changes")
    assert [(change["segment"], change["cause"]["kind"], change["cause"]["release"]) for change in changes] == [
        ("recent", "clock", 2),
        ("german", "definition", 2),
    ]


def test_a_tick_that_finds_something_due_leaves_its_own_instant_open() -> None:
    longer = {"id": "longer", "dynamic": True, "when": {"visit": {}, "within": "8d"}}
    driver = EngineDriver(segments=[RECENT, longer])
    driver.visit(day(0))
    assert segment_changes(driver.tick(day(8))) == [("recent", "out")]
    assert segment_changes(driver.visit(day(8))) == [("recent", "in")]
    assert driver.members() == ["longer", "recent"]


def test_after_a_long_silence_a_repeat_counts() -> None:
    twice = {"id": "twice", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
    driver = EngineDriver(segments=[twice])
    driver.visit(day(0), id="same")
    driver.tick(day(3))
    assert segment_changes(driver.visit(day(3), id="same")) == [("twice", "in")]


def test_a_visit_is_called_visit_unless_it_brings_a_name() -> None:
    visits = {"id": "visits", "dynamic": True, "when": {"activity": {"name": {"eq": "visit"}}}}
    videos = {"id": "videos", "dynamic": True, "when": {"visit": {"name": {"eq": "video"}}}}
    driver = EngineDriver(segments=[visits, videos])
    driver.visit(day(0))
    assert driver.members() == ["visits"]
    driver.visit(day(0), contact="bob", name="video")
    assert driver.members("bob") == ["videos"]


def test_a_late_visit_may_be_the_first_and_is_not_the_last() -> None:
    early = {"id": "early", "dynamic": True, "when": {"first_visit": {"before": "2026-01-05"}}}
    back = {"id": "back", "dynamic": True, "when": {"last_visit": {"after": "2026-01-05"}}}
    awake = {"id": "awake", "dynamic": True, "when": {"last_activity": {"after": "2026-01-05"}}}
    driver = EngineDriver(segments=[early, back, awake])
    driver.visit(day(5))
    assert driver.members() == ["awake", "back"]
    driver.visit(day(3))
    assert driver.members() == ["awake", "back", "early"]
