"""Dead letters are counted in the worker's log, by code: a line at most each minute, while new ones come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streams.engine.journal.effects import Effects, Refusal
from streams.runtime.slots.refusal_log import PAUSE_SECONDS, RefusalLog
from tests.harness.runtime.fake_slot import fake_slot


class Lines:
    """Takes the lines of a log."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def warning(self, event: str, **fields: Any) -> None:
        assert event == "dead letters"
        self.lines.append(fields)


class Timers:
    """The timers of a loop and its clock, which only `advance` moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.timers: list[tuple[float, Any]] = []

    def call_later(self, delay: float, action: Any) -> Any:
        self.timers.append((self.now + delay, action))
        return self

    def cancel(self) -> None:
        self.timers.clear()

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [action for at, action in self.timers if at <= self.now]
        self.timers = [(at, action) for at, action in self.timers if at > self.now]
        for action in due:
            action()


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    made = Timers()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


@pytest.fixture
def refusal_log(lines: Lines, timers: Timers) -> RefusalLog:
    return RefusalLog("pipeline", lines, lambda: timers.now)


def test_the_first_one_is_said_at_once(refusal_log: RefusalLog, lines: Lines) -> None:
    refusal_log.add({"no_at": 2, "invalid_json": 1})
    assert lines.lines == [
        {"kind": "pipeline", "count": 3, "by_code": {"invalid_json": 1, "no_at": 2}, "since_start": 3}
    ]


def test_later_ones_are_said_together_when_a_minute_is_over(
    refusal_log: RefusalLog, lines: Lines, timers: Timers
) -> None:
    for _ in range(100):
        refusal_log.add({"no_at": 1})
    timers.advance(PAUSE_SECONDS - 1)
    refusal_log.add({"invalid_json": 5})
    assert len(lines.lines) == 1
    timers.advance(1)
    assert [line["by_code"] for line in lines.lines] == [{"no_at": 1}, {"invalid_json": 5, "no_at": 99}]
    assert lines.lines[-1]["since_start"] == 105


def test_while_no_new_ones_come_nothing_is_said(refusal_log: RefusalLog, lines: Lines, timers: Timers) -> None:
    refusal_log.add({})
    assert lines.lines == []
    refusal_log.add({"no_at": 1})
    timers.advance(10 * PAUSE_SECONDS)
    assert len(lines.lines) == 1
    refusal_log.add({"no_at": 4})
    assert [line["count"] for line in lines.lines] == [1, 4]


def test_what_is_not_said_yet_is_said_when_the_worker_stops(
    refusal_log: RefusalLog, lines: Lines, timers: Timers
) -> None:
    refusal_log.close()
    refusal_log.add({"no_at": 1})
    refusal_log.add({"no_at": 7})
    refusal_log.close()
    refusal_log.close()
    assert [line["count"] for line in lines.lines] == [1, 7]
    timers.advance(10 * PAUSE_SECONDS)
    assert len(lines.lines) == 2


def test_a_transaction_counts_the_dead_letters_that_it_writes() -> None:
    slot = fake_slot()
    batch = slot._new_batch()
    source = ("lead-commands", 0, 7)
    effects = Effects()
    for code in ("no_lead", "no_lead", "lead_deleted"):
        effects.dead_letters.append((Refusal(code, "why"), source, None))
    batch.add_effects(effects, 0)
    assert batch.refusal_counts == {"no_lead": 2, "lead_deleted": 1}
