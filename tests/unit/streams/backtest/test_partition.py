"""A backtest of the demo's history is the replay of that history under the other definitions."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION
from schemas.values import instant_ms, instant_text
from streams.backtest.partition import PartitionBacktest
from streams.demo.environment import sample_document
from streams.demo.traffic import DAY, HOUR, DemoEvent, TrafficSettings, generate_traffic
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Output, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.validate import EventValidator
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import Line, parse_json_lines
from streams.replay.file import EVENT_TOPICS, FileReplay
from tests.harness.engine.engine_driver import sound_definitions

MARKET = TrafficSettings(contacts=40, days=9, tick=8 * HOUR, seed=3)
EVENTS = list(generate_traffic(MARKET))
SINCE = MARKET.begin + 5 * DAY + 90 * 60_000

JournalEntries = list[tuple[int, bytes, bytes]]


def changed_document() -> dict[str, Any]:
    """The sample with a wider segment, one that needs the past, and a campaign that qualifies earlier."""
    document = copy.deepcopy(sample_document())
    by_name = {segment["id"]: segment for segment in document["segments"]}
    by_name["pricing-interest"]["when"]["count"] = {"gte": 2}
    by_name["asleep"]["when"] = {"inactive_for": "3d"}
    document["segments"].append(
        {"id": "readers", "dynamic": True, "when": {"visit": {"path": {"starts_with": "/blog"}}, "within": "6d"}}
    )
    for campaign in document["campaigns"]:
        for rule in campaign.get("automation", ()):
            if "points" in rule["when"]:
                rule["when"]["points"] = {"gte": 20}
    return document


ACTUAL, CHANGED = sound_definitions(sample_document()), sound_definitions(changed_document())


def journal(releases: dict[int, int | None]) -> JournalEntries:
    """The journal of the events in one partition: `releases` are their numbers and instants (ms)."""
    entries: JournalEntries = []
    validate = EventValidator("events").validate

    def append(entry: Append) -> None:
        entries.append((2 * len(entries) + 3, entry.key, entry.value))  # offsets have gaps, as on a broker

    for number, at in releases.items():
        marker = records.Marker("default", number, number, "", at, NEWEST_VERSION)
        append(Append(records.MARKER_KEY, records.encode(marker)))
    for offset, event in enumerate(EVENTS):
        if event["type"] == "clock.advanced":
            tick = records.Tick(instant_ms(event["at"]), "default")
            append(Append(records.TICK_KEY, records.encode(tick)))
            continue
        topic = EVENT_TYPES[event["type"]].topic
        result = validate(SourceRecord(topic, 0, offset, None, None, msgspec.json.encode(event), (), 0))
        if isinstance(result, Append):
            append(result)
    append(Append(records.TICK_KEY, records.encode(records.Tick(MARKET.end + 1, "default"))))
    return entries


def run_backtest(
    entries: JournalEntries, since: int | None, clock: Any = "events"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What happened, and what would have."""
    happened: list[Output] = []
    would: list[Output] = []

    def lookup(account: str, number: int) -> Definitions:
        assert (account, number) == ("default", 1), "only the release that decided is asked for"
        return ACTUAL

    run = PartitionBacktest(
        partition=0,
        definitions={"default": CHANGED},
        lookup=lookup,
        settings=DEFAULT_ENGINE_SETTINGS,
        clock=clock,
        since=since,
        on_actual=happened.append,
        on_hypothetical=would.append,
    )
    for entry in entries:
        run.feed(*entry)
    run.finish()
    run.close()
    return comparable(happened), comparable(would)


def replay(document: dict[str, Any], events: list[DemoEvent]) -> list[dict[str, Any]]:
    outputs: list[Output] = []
    lines = [Line(f"line {number}", msgspec.json.encode(event)) for number, event in enumerate(events)]
    run = FileReplay({"default": document}, DEFAULT_ENGINE_SETTINGS, outputs.append, lambda _: None)
    run.run(parse_json_lines(lines))
    return comparable(outputs)


def comparable(outputs: list[Output]) -> list[dict[str, Any]]:
    """Events in order, without their place in the journal."""
    values = [msgspec.json.decode(each.value) for each in outputs if each.topic in EVENT_TOPICS and each.value]
    return [{name: value for name, value in each.items() if name != "number"} for each in values]


def by_contact(outputs: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for contact in sorted({each["contact"] for each in outputs}):
        yield contact, [each for each in outputs if each["contact"] == contact]


def test_it_equals_the_replay_under_the_other_definitions() -> None:
    happened, would = run_backtest(journal({1: None}), None)
    assert dict(by_contact(happened)) == dict(by_contact(replay(sample_document(), EVENTS)))
    expected = replay(changed_document(), EVENTS)
    assert dict(by_contact(would)) == dict(by_contact(expected))
    assert len(would) > len(happened) > 300
    assert would != happened


def test_since_an_instant_it_equals_the_replay_with_a_release_at_that_instant() -> None:
    happened, would = run_backtest(journal({1: None}), SINCE)
    applied = {"type": "definitions.applied", "at": instant_text(SINCE), "definitions": changed_document()}
    at = next(number for number, event in enumerate(EVENTS) if event["at"] >= instant_text(SINCE))
    expected = dict(by_contact(replay(sample_document(), [*EVENTS[:at], applied, *EVENTS[at:]])))
    past = dict(by_contact(replay(sample_document(), EVENTS[:at])))
    assert len(would) > 200
    for contact, outputs in by_contact(would):
        assert expected[contact][-len(outputs) :] == outputs
    counts = sum(map(len, expected.values())), sum(map(len, past.values()))
    # A file's end tells the time of its last line; up to there both sides are the same history.
    assert abs(counts[0] - counts[1] - len(would)) <= 40
    causes = {each["cause"]["kind"] for each in would}
    assert "definition" in causes
    assert "definition" not in {each["cause"]["kind"] for each in happened}


def test_since_before_the_history_it_is_the_whole_history() -> None:
    _, would = run_backtest(journal({1: None}), MARKET.begin - DAY)
    _, whole = run_backtest(journal({1: None}), None)

    def changes(outputs: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
        return [(each["type"], each["contact"], each["at"]) for each in outputs]

    assert changes(would) == changes(whole)


def test_since_after_the_history_nothing_comes() -> None:
    assert run_backtest(journal({1: None}), MARKET.end + DAY) == ([], [])


def test_other_accounts_are_left_out() -> None:
    entries = journal({1: None})
    other = records.JournalEvent("web.visited", "x", MARKET.begin, "acme", "ada", ("web-visits", 0, 1))
    with_other = [*entries[:10], (14, b"acme/ada", records.encode(other)), *entries[10:]]
    assert [offset for offset, _, _ in with_other][9:12] == [21, 14, 23]
    renumbered = [(number, key, value) for number, (_, key, value) in enumerate(with_other)]
    assert run_backtest(renumbered, None) == run_backtest(entries, None)


def test_on_the_wall_clock_arrival_decides_where_the_other_definitions_begin() -> None:
    def event(number: int, at: int, arrival: int) -> tuple[int, bytes, bytes]:
        fields = {"path": "/pricing", "url": "/pricing"}
        value = records.JournalEvent(
            "web.visited", f"v{number}", at, "default", "ada", ("web-visits", 0, number), arrival, fields
        )
        return number + 1, b"default/ada", records.encode(value)

    marker = records.Marker("default", 1, 1, "", 0, NEWEST_VERSION)
    entries = [
        (0, records.MARKER_KEY, records.encode(marker)),
        event(1, 1_000, 1_000),
        event(2, 2_000, 9_000),
        event(3, 3_000, 10_000),
    ]
    _, would = run_backtest(entries, 10_000, "wall")
    entered = {each["segment"]: each["cause"].get("event") for each in would if each["type"] == "segment.entered"}
    # Two visits were there when it began: they count from the past, and the third one changes nothing.
    assert entered["pricing-interest"] is None
    tick = (4, records.TICK_KEY, records.encode(records.Tick(25_000)))
    _, later = run_backtest([*entries[:3], tick], 20_000, "wall")
    assert "pricing-interest" in {each["segment"] for each in later if each["type"] == "segment.entered"}
