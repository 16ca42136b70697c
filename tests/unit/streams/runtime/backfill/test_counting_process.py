"""The process that counts the past: what it says, how it ends, and what the worker makes of that."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from streams.engine.partition.backfill import EncodedSlice
from streams.errors import PastCounterLost
from streams.runtime.backfill import counting_process
from streams.runtime.backfill.counting_messages import CountEnd, CountProgress, CountRequest
from streams.runtime.backfill.counting_process import CountingProcess
from streams.runtime.backfill.slice_queue import SliceQueue

REQUEST = CountRequest(
    "default", 1, 2, ("p-journal", 0), ("p-dead-letters", 0), until=30_000, letters_until=0, after=""
)

ANSWERS = """\
import os, sys
from streams.runtime.backfill.counting_messages import *
def read(size):
    return sys.stdin.buffer.read(size)
while length := read(LENGTH_BYTES):
    request = decode_request(read(int.from_bytes(length, "big")))
    for answer in (CountProgress(20_000), SliceMessage(request.after.encode(), "c7"), CountEnd("c7", os.getpid())):
        sys.stdout.buffer.write(frame(answer))
    sys.stdout.buffer.flush()
"""
"""Answers with one slice, and with its process id."""


class CountStory:
    """Counts with a process that runs a program."""

    def __init__(self, program: str, folder: Path) -> None:
        self.process = CountingProcess([sys.executable, "-c", program])
        self.slices = SliceQueue(folder)
        self.progress: list[CountProgress] = []

    async def count(self, after: str = "") -> CountEnd:
        request = msgspec.structs.replace(REQUEST, after=after)
        return await self.process.count(request, self.slices, self.progress.append)


async def test_one_process_answers_all_requests_and_is_ended_when_none_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = CountStory(ANSWERS, tmp_path)
    first = await story.count("c1")
    monkeypatch.setattr(counting_process, "LINGER_SECONDS", 0.0)
    second = await story.count("c2")
    story.slices.complete()
    assert list(story.slices) == [EncodedSlice(b"c1", "c7"), EncodedSlice(b"c2", "c7")]
    assert story.progress == [CountProgress(20_000)] * 2
    assert first == second
    assert first.missing_before is not None
    await until_gone(first.missing_before)
    third = await story.count()
    assert third != first  # another process
    await story.process.close()
    story.slices.close()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9 .* short of memory"),
        ("raise SystemExit(70)", "ended with code 70 .* its own line says why"),
        ("print('hello, that is no answer')", "ended with code 0"),
    ],
)
async def test_a_process_that_ends_too_early_is_an_error_that_says_how(
    tmp_path: Path, program: str, message: str
) -> None:
    story = CountStory(program, tmp_path)
    with pytest.raises(PastCounterLost, match=message):
        await story.count()
    story.slices.close()


async def test_a_program_that_does_not_exist_is_the_same_error(tmp_path: Path) -> None:
    story = CountStory("", tmp_path)
    story.process = CountingProcess([str(tmp_path / "nothing")])
    with pytest.raises(PastCounterLost, match=r"cannot be started \(No such file"):
        await story.count()
    story.slices.close()


async def test_a_count_that_is_given_up_ends_the_process(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = f"import os, sys; open({str(pid_file)!r}, 'w').write(str(os.getpid()) + '.'); sys.stdin.read()"
    story = CountStory(program, tmp_path)
    counting = asyncio.create_task(story.count())
    await until(lambda: pid_file.exists() and pid_file.read_text().endswith("."))
    counting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await counting
    await until_gone(int(pid_file.read_text()[:-1]))
    story.slices.close()


async def until_gone(pid: int) -> None:
    """Returns when the process has ended and its exit code was taken."""
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def until(condition: Callable[[], bool]) -> None:
    """Returns when a condition of the world outside of this process holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # nothing here tells of it
            await asyncio.sleep(0.01)
