"""A worker is alive while its processes answer, and ready while all of them work."""

from __future__ import annotations

from typing import Any

import pytest

from streams.clock import now_ms
from streams.metrics.report import ProcessReport, SlotReport, encode
from streams.metrics.worker import START_SECONDS, read_worker
from streams.runtime.process.supervisor import ChildState


class FakeRequests:
    """Gives the same answer to each request."""

    def __init__(self, answer: bytes | None, *, is_over: bool = False) -> None:
        self.answer = answer
        self.is_over = is_over

    async def ask(self, seconds: float) -> bytes | None:
        """The answer at once."""
        assert seconds > 0
        return self.answer


def child(answer: bytes | None, *, is_over: bool = False, **more: Any) -> ChildState:
    requests: Any = FakeRequests(answer, is_over=is_over)
    return ChildState("pipeline", pid=7, started_at=now_ms(), requests=requests, **more)


WORKING = encode(ProcessReport(ready_since=1_000, slots=(SlotReport(3, 2_000),)))
HANGING = encode(ProcessReport(ready_since=1_000, hangs=("slot 3 has been at one step for 99 s",)))
STARTING = encode(ProcessReport(ready_since=None))


async def test_a_process_that_works_is_alive_and_ready_with_its_slots() -> None:
    state = await read_worker("w0", [child(WORKING)])
    assert (state.is_alive, state.is_ready) == (True, True)
    document = state.processes[0].to_dict()
    assert document["slots"] == [{"slot": 3, "since": "1970-01-01T00:00:02.000Z"}]
    assert document["problems"] == []


async def test_a_worker_is_ready_when_all_its_processes_are() -> None:
    state = await read_worker("w0", [child(WORKING), child(STARTING)])
    assert (state.is_alive, state.is_ready) == (True, False)


async def test_a_slot_that_hangs_makes_its_worker_not_alive() -> None:
    state = await read_worker("w0", [child(WORKING), child(HANGING)])
    assert not state.is_alive
    assert state.processes[1].to_dict()["problems"] == ["slot 3 has been at one step for 99 s"]


async def test_a_process_that_gave_answers_and_gives_none_hangs() -> None:
    silent = child(None, has_answered=True)
    state = await read_worker("w0", [silent])
    assert not state.is_alive
    assert state.processes[0].hangs == ("the process does not answer within 4 s",)


async def test_a_process_that_starts_has_time_for_its_first_answer() -> None:
    starting = child(None)
    assert (await read_worker("w0", [starting])).is_alive
    starting.started_at -= int(1000 * START_SECONDS) + 1
    assert not (await read_worker("w0", [starting])).is_alive


@pytest.mark.parametrize("ended", [child(None, is_over=True, has_answered=True), ChildState("pipeline")])
async def test_a_process_that_ended_is_not_ready_and_no_reason_to_end_the_others(ended: ChildState) -> None:
    state = await read_worker("w0", [ended])
    assert (state.is_alive, state.is_ready) == (True, False)


@pytest.mark.parametrize("answer", [b"", b"{", b'{"of": "another version"}'])
async def test_a_report_that_cannot_be_read_is_a_problem_and_no_hang(answer: bytes) -> None:
    state = await read_worker("w0", [child(answer)])
    assert (state.is_alive, state.is_ready) == (True, False)
    [problem] = state.processes[0].to_dict()["problems"]
    assert "report" in problem


async def test_an_answer_is_remembered_until_the_next_start() -> None:
    state = child(WORKING)
    await read_worker("w0", [state])
    assert state.has_answered
