"""SPEC section 6: ticks, ties, late events, exits by time alone."""

from __future__ import annotations

from tests.harness.engine.engine_driver import DAY, HOUR, EngineDriver, day, outputs_of_topic, segment_changes

RECENT = {"id": "recent", "dynamic": True, "when": {"visit": {}, "within": "7d"}}
PRICING = {"id": "pricing", "dynamic": True, "when": {"visit": {"path": {"starts_with": "/pricing"}}, "within": "1d"}}
ASLEEP = {"id": "asleep", "dynamic": True, "when": {"inactive_for": "30d"}}


def test_a_membership_ends_by_time_alone_at_exactly_t_plus_w() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    outputs = story.tick(day(20))
    assert segment_changes(outputs) == [("recent", "out")]
    assert outputs[0]["at"] == "2026-01-08T00:00:00.000Z"
    assert outputs[0]["cause"] == {"kind": "clock", "release": 1, "leaves": [{"visit": {}, "within": "7d"}]}


def test_a_tick_closes_the_instants_before_it_and_not_its_own() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    assert story.tick(day(7)) == []
    assert segment_changes(story.tick(day(7, 1))) == [("recent", "out")]


def test_visits_at_t_and_at_exactly_t_plus_7d_never_flicker_out() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    story.tick(day(7))
    assert segment_changes(story.visit(day(7))) == []
    assert story.members() == ["recent"]


def test_what_is_due_before_a_record_fires_first_at_its_own_instant() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    outputs = story.visit(day(10))
    assert segment_changes(outputs) == [("recent", "out"), ("recent", "in")]
    instants = [output["at"] for output in outputs_of_topic(outputs, "segment-changes")]
    assert instants == ["2026-01-08T00:00:00.000Z", "2026-01-11T00:00:00.000Z"]
    assert [output["cause"]["kind"] for output in outputs_of_topic(outputs, "segment-changes")] == ["clock", "event"]


def test_outputs_of_one_record_are_numbered_rising() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    numbers = [output["number"] for output in story.visit(day(10)) if "number" in output]
    assert [(number["offset"], number["ordinal"]) for number in numbers] == [(2, 0), (2, 1), (2, 2)]


def test_a_late_event_that_still_counts_is_corrected_at_the_clock() -> None:
    story = EngineDriver(segments=[PRICING])
    story.visit(day(5), "/")
    outputs = story.visit(day(5, -HOUR), "/pricing")
    change = outputs_of_topic(outputs, "segment-changes")[0]
    assert (change["at"], change["cause"].get("late")) == ("2026-01-06T00:00:00.000Z", True)
    exits = outputs_of_topic(story.tick(day(9)), "segment-changes")
    assert exits[0]["at"] == "2026-01-06T23:00:00.000Z"
    assert "late" not in exits[0]["cause"]


def test_a_late_event_whose_window_is_over_emits_nothing() -> None:
    story = EngineDriver(segments=[PRICING])
    story.visit(day(5), "/")
    assert story.visit(day(3), "/pricing") == []


def test_a_late_patch_takes_effect_at_the_clock_and_is_not_called_late() -> None:
    story = EngineDriver(segments=[{"id": "de", "dynamic": True, "when": {"property": "country", "eq": "DE"}}])
    story.visit(day(5))
    change = outputs_of_topic(story.change_contact(day(1), country="DE"), "segment-changes")[0]
    assert change["at"] == "2026-01-06T00:00:00.000Z"
    assert "late" not in change["cause"]


def test_a_tick_of_another_account_moves_no_clock() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    from streams.engine.journal import records

    story.decider.feed(2, b"tick", records.encode(records.Tick(day(30), "other")))
    story.journal.append((2, b"", b""))
    assert segment_changes(story.visit(day(1))) == []
    assert story.contact().clock == day(1)


def test_a_contact_made_after_a_tick_has_the_ticks_clock_and_its_own_creation() -> None:
    story = EngineDriver(segments=[ASLEEP])
    story.tick(day(10))
    story.change_contact(day(2), first_name="Ann")
    assert (story.contact().created, story.contact().clock) == (day(2), day(10))
    outputs = story.tick(day(60))
    assert outputs[0]["at"] == "2026-02-02T00:00:00.000Z"


def test_inactivity_is_counted_from_the_last_visit_on() -> None:
    story = EngineDriver(segments=[ASLEEP])
    story.visit(day(0))
    story.visit(day(12))
    outputs = story.tick(day(100))
    assert outputs[0]["at"] == "2026-02-12T00:00:00.000Z"
    assert story.decider.next_due() is None


def test_the_next_due_instant_is_known_without_a_scan() -> None:
    story = EngineDriver(segments=[RECENT, ASLEEP])
    story.visit(day(0))
    story.visit(day(1), contact="bob")
    assert story.decider.next_due() == day(7)
    story.tick(day(7.5))
    assert story.decider.next_due() == day(8)


def test_a_repeat_within_a_day_changes_nothing_not_even_the_clock() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0), id="same")
    assert story.visit(day(0, 5 * HOUR), id="same") == []
    assert story.contact().clock == day(0)


def test_a_refused_command_sent_again_under_its_id_is_tried_again() -> None:
    everybody = {"id": "all", "dynamic": True, "when": {"all": []}}
    story = EngineDriver(segments=[everybody], campaigns=[{"id": "spring"}])
    story.send("lead.qualified", day(0), id="q", campaign="spring")
    assert story.refused == ["no_lead"]
    story.send("lead.added", day(1), id="a", campaign="spring")
    story.send("lead.qualified", day(1), id="q", campaign="spring")
    assert (story.status("spring"), story.refused) == ("qualified", [])


def test_a_repeat_exactly_a_day_later_changes_nothing_and_one_after_that_counts() -> None:
    twice = {"id": "twice", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
    story = EngineDriver(segments=[twice])
    story.visit(day(0), id="same")
    story.change_contact(day(1), first_name="Ann")
    assert story.visit(day(1), id="same") == []
    story.change_contact(day(1, 1), last_name="Lee")
    assert segment_changes(story.visit(day(1, 1), id="same")) == [("twice", "in")]


def test_at_most_256_ids_are_remembered() -> None:
    story = EngineDriver(segments=[])
    for number in range(257):
        story.visit(day(0, number), id=f"v{number}")
    assert len(story.contact().applied) == 256
    clock = story.contact().clock
    story.visit(day(0, DAY // 2), id="v1")
    assert story.contact().clock == clock
    story.visit(day(0, DAY // 2), id="v0")
    assert story.contact().clock == day(0, DAY // 2)


def test_what_time_changes_at_the_very_instant_of_a_record_has_the_clock_for_its_cause() -> None:
    story = EngineDriver(segments=[PRICING, RECENT])
    story.visit(day(0), "/pricing")
    story.tick(day(1))
    outputs = story.visit(day(1, -HOUR), "/about")
    assert segment_changes(outputs) == [("pricing", "out")]
    cause = outputs_of_topic(outputs, "segment-changes")[0]["cause"]
    assert (cause["kind"], cause.get("event"), cause.get("late")) == ("clock", None, None)


def test_an_item_of_a_list_leaves_its_window_by_time_alone() -> None:
    when = {"property": "orders", "has_item": {"placed": {"within_last": "7d"}}}
    story = EngineDriver(segments=[{"id": "buyers", "dynamic": True, "when": when}], properties={"orders": "object"})
    story.change_contact(day(0), orders=[{"placed": "2026-01-01T00:00:00Z"}])
    outputs = story.tick(day(20))
    assert segment_changes(outputs) == [("buyers", "out")]
    assert outputs[0]["at"] == "2026-01-08T00:00:00.000Z"


def test_what_is_due_at_the_instant_of_a_release_is_the_clocks_doing() -> None:
    story = EngineDriver(segments=[RECENT])
    story.visit(day(0))
    german = {"id": "german", "dynamic": True, "when": {"property": "country", "ne": "DE"}}
    changes = outputs_of_topic(story.apply(at=day(7), segments=[RECENT, german]), "segment-changes")
    assert [(change["segment"], change["cause"]["kind"], change["cause"]["release"]) for change in changes] == [
        ("recent", "clock", 2),
        ("german", "definition", 2),
    ]


def test_a_tick_that_finds_something_due_leaves_its_own_instant_open() -> None:
    longer = {"id": "longer", "dynamic": True, "when": {"visit": {}, "within": "8d"}}
    story = EngineDriver(segments=[RECENT, longer])
    story.visit(day(0))
    assert segment_changes(story.tick(day(8))) == [("recent", "out")]
    assert segment_changes(story.visit(day(8))) == [("recent", "in")]
    assert story.members() == ["longer", "recent"]


def test_after_a_long_silence_a_repeat_counts() -> None:
    twice = {"id": "twice", "dynamic": True, "when": {"visit": {}, "count": {"gte": 2}}}
    story = EngineDriver(segments=[twice])
    story.visit(day(0), id="same")
    story.tick(day(3))
    assert segment_changes(story.visit(day(3), id="same")) == [("twice", "in")]


def test_a_visit_is_called_visit_unless_it_brings_a_name() -> None:
    visits = {"id": "visits", "dynamic": True, "when": {"activity": {"name": {"eq": "visit"}}}}
    videos = {"id": "videos", "dynamic": True, "when": {"visit": {"name": {"eq": "video"}}}}
    story = EngineDriver(segments=[visits, videos])
    story.visit(day(0))
    assert story.members() == ["visits"]
    story.visit(day(0), contact="bob", name="video")
    assert story.members("bob") == ["videos"]


def test_a_late_visit_may_be_the_first_and_is_not_the_last() -> None:
    early = {"id": "early", "dynamic": True, "when": {"first_visit": {"before": "2026-01-05"}}}
    back = {"id": "back", "dynamic": True, "when": {"last_visit": {"after": "2026-01-05"}}}
    awake = {"id": "awake", "dynamic": True, "when": {"last_activity": {"after": "2026-01-05"}}}
    story = EngineDriver(segments=[early, back, awake])
    story.visit(day(5))
    assert story.members() == ["awake", "back"]
    story.visit(day(3))
    assert story.members() == ["awake", "back", "early"]
