"""Questions that scan: few at a time, with a bound, never in the way of others."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from streams.errors import UsageError
from streams.serve.problems import HttpProblem
from streams.serve.questions.long_questions import LongQuestions


async def answer() -> str:
    return threading.current_thread().name


async def test_a_question_runs_beside_the_servers_loop() -> None:
    questions = LongQuestions()

    async def block() -> str:
        time.sleep(0.3)  # noqa: ASYNC251 - Python's work, as a scan is
        return await answer()

    asked = asyncio.create_task(questions.ask(block))
    turns = 0
    while not asked.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert (await asked).startswith("question")
    assert turns > 5
    questions.close()


async def test_an_error_of_the_question_is_the_askers() -> None:
    questions = LongQuestions()

    async def refuse() -> None:
        raise UsageError("no such segment")

    with pytest.raises(UsageError, match="no such segment"):
        await questions.ask(refuse)
    questions.close()


async def test_a_question_that_takes_too_long_is_given_up() -> None:
    questions = LongQuestions(seconds=0.05)
    with pytest.raises(HttpProblem) as problem:
        await questions.ask(asyncio.Event().wait)
    assert problem.value.status == 504
    questions.close()


async def test_more_than_can_wait_are_sent_away() -> None:
    questions = LongQuestions(running=1, waiting=1)
    begun = threading.Event()

    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    asked = [asyncio.create_task(questions.ask(wait)) for _ in range(2)]
    await asyncio.to_thread(begun.wait, 30)
    with pytest.raises(HttpProblem) as problem:
        await questions.ask(answer)
    assert (problem.value.kind, problem.value.headers) == ("busy", {"Retry-After": "5"})
    questions.close()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, HttpProblem | asyncio.CancelledError) for each in outcomes)


async def test_those_that_are_answered_make_room_for_others() -> None:
    questions = LongQuestions(running=1, waiting=0)
    outcomes = [(await asyncio.gather(questions.ask(answer), return_exceptions=True))[0] for _ in range(3)]
    assert [type(each) for each in outcomes] == [str] * 3
    questions.close()


async def test_a_question_whose_asker_is_gone_ends() -> None:
    questions = LongQuestions(running=1, waiting=0)
    begun, ended = threading.Event(), threading.Event()

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asked = asyncio.create_task(questions.ask(wait))
    await asyncio.to_thread(begun.wait, 30)
    asked.cancel()
    assert await asyncio.to_thread(ended.wait, 30)
    assert (await questions.ask(answer)).startswith("question")
    questions.close()


async def test_after_the_end_nothing_is_asked() -> None:
    questions = LongQuestions()
    questions.close()
    with pytest.raises(HttpProblem, match="stops"):
        await questions.ask(answer)
