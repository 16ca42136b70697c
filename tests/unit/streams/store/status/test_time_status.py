"""What holds time back: the partition with the smallest claim, and why it stands still."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_text
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.time.alignment import AlignmentSettings
from streams.runtime.time.claims import Claim, Claims
from streams.settings import Settings
from streams.store.status.time_status import ClockRecord, TimeHolder, TimeStatus, events_status, wall_status

NOON = 1_772_452_800_000
SETTINGS = AlignmentSettings.from_settings(Settings())
VISITS, SCORES = Partition("web-visits", 0), Partition("scoring-events", 0)
SOURCES = [VISITS, SCORES]


def claims(**by_topic: dict[str, Any]) -> Claims:
    """Claims of partition 0 of these topics, written at NOON."""
    made = Claims()
    for topic, fields in by_topic.items():
        claim = Claim(**{"position": 0, "worker": "w0", **fields})
        assert made.add(Partition(topic.replace("_", "-"), 0), claim, NOON)
    return made


def on_the_wall(made: Claims, *ticks: int) -> TimeStatus:
    return wall_status([SlotCheckpoint(tick=tick) for tick in ticks], made, SOURCES, SETTINGS)


def test_time_is_as_far_as_the_last_slot_and_held_by_the_smallest_claim() -> None:
    status = on_the_wall(claims(web_visits={"claim": NOON - 9}, scoring_events={"claim": NOON - 2}), 5, 3)
    assert status == TimeStatus(tick=3, holder=TimeHolder("web-visits:0", NOON - 9, "w0"), written_at=NOON)


def test_a_partition_without_a_claim_holds_time_back_altogether() -> None:
    status = on_the_wall(claims(web_visits={"claim": NOON}), 0)
    assert (status.tick, status.holder) == (
        None,
        TimeHolder("scoring-events:0", None, reason="no worker has read it yet"),
    )


def test_without_any_worker_nothing_is_known() -> None:
    status = on_the_wall(Claims())
    assert (status.tick, status.written_at) == (None, None)
    assert status.holder is not None
    assert status.holder.partition == "web-visits:0"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"stopped": "position 7 is outside the log"},
            "position 7 is outside the log; `leadstream topics accept-gap web-visits:0` lets it read on",
        ),
        ({"stable": 4, "high": 9, "stuck": 700}, "a transaction of its producer is open"),
        ({"stable": 9, "high": 9, "stuck": 0}, ""),
        ({"stable": 4, "high": 9, "stuck": 0}, ""),
    ],
)
def test_a_partition_that_stands_still_says_why(fields: dict[str, Any], reason: str) -> None:
    made = claims(web_visits={"claim": NOON - 60_000, **fields}, scoring_events={"claim": NOON})
    holder = on_the_wall(made, 1).holder
    assert holder == TimeHolder("web-visits:0", NOON - 60_000, "w0", reason)


def test_a_partition_that_stood_still_for_too_long_is_left_out() -> None:
    stuck = {"claim": NOON - 900_000, "stable": 4, "high": 9, "stuck": SETTINGS.stuck_after}
    status = on_the_wall(claims(web_visits=stuck, scoring_events={"claim": NOON}), 1)
    assert status.left_out == ("web-visits:0",)
    assert status.holder == TimeHolder("scoring-events:0", NOON, "w0")


def told(account: str, at: int, **ends: int) -> ClockRecord:
    return ClockRecord(
        account, instant_text(at), {f"{topic.replace('_', '-')}:0": end for topic, end in ends.items()}
    )


def on_the_events_clock(made: Claims, *offsets: int) -> TimeStatus:
    records = [
        (0, told("default", NOON, web_visits=2)),
        (1, told("acme", NOON + 1, web_visits=2)),
        (4, told("default", NOON + 5, web_visits=7, scoring_events=3, crm_opportunities=50)),
    ]
    return events_status([SlotCheckpoint(clock=offset) for offset in offsets], made, SOURCES, records)


def test_the_events_clock_shows_what_was_told_and_who_is_still_read_for_it() -> None:
    made = claims(web_visits={"claim": 1, "position": 6}, scoring_events={"claim": 1, "position": 3})
    status = on_the_events_clock(made, 5, 2)
    assert status.account_times == {"default": NOON + 5, "acme": NOON + 1}
    assert status.reached_times == {"default": NOON, "acme": NOON + 1}
    assert status.holder == TimeHolder("web-visits:0", 1, "w0")


def test_time_that_every_slot_has_is_held_back_by_nobody() -> None:
    made = claims(web_visits={"claim": 1, "position": 7}, scoring_events={"claim": 1, "position": 3})
    status = on_the_events_clock(made, 5, 5)
    assert (status.account_times, status.holder) == (status.reached_times, None)
    assert on_the_events_clock(made, 0, 5).reached_times == {}
