"""The parent restarts a worker process except after an error that no restart mends, and both end together."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.errors import DuplicateWorker, Internal, UsageError
from streams.runtime.process.supervisor import Child, Supervisor, child_environment
from streams.runtime.process.worker_name import lock_worker_name
from streams.settings import Settings

LIMIT_SECONDS = 60.0

PARENT = """
import os, sys
from streams.runtime.process.supervisor import Child, supervise
sys.exit(supervise([Child("child", [sys.executable, "-c", os.environ["CHILD"]], dict(os.environ))]))
"""

CHILD = """
import os, pathlib, signal, sys, time
from streams.runtime.process.supervisor import exit_with_parent
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
exit_with_parent()
with open(os.environ["LIVES"], "a") as lives:
    lives.write(f"{os.getpid()}\\n")
"""


def run(tmp_path: Path, then: str) -> subprocess.Popen[bytes]:
    """A parent whose child writes its process id and then runs the code given."""
    child = CHILD + textwrap.dedent(then)
    environment = {**os.environ, "CHILD": child, "LIVES": str(tmp_path / "lives")}
    return subprocess.Popen([sys.executable, "-c", PARENT], env=environment, stderr=subprocess.DEVNULL)


def lives(tmp_path: Path) -> list[int]:
    """The process ids of the children so far."""
    path = tmp_path / "lives"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def wait_for(tmp_path: Path, count: int) -> list[int]:
    """Waits until so many children have started."""
    end = time.monotonic() + LIMIT_SECONDS
    while len(lives(tmp_path)) < count:
        assert time.monotonic() < end, "no child came"
        time.sleep(0.02)
    return lives(tmp_path)


def is_gone(pid: int) -> bool:
    """Whether a process ends in time."""
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_child_that_ends_itself_is_started_again(tmp_path: Path) -> None:
    parent = run(tmp_path, "sys.exit(70)")
    wait_for(tmp_path, 3)
    parent.terminate()
    assert parent.wait(LIMIT_SECONDS) == 0


def test_a_child_whose_topics_have_no_leaders_yet_is_started_again(tmp_path: Path) -> None:
    parent = run(
        tmp_path,
        """
        from streams.kafka.topic_admin import TopicsReport
        from streams.kafka.topic_check import NO_LEADER, Findings
        from streams.runtime.process.child import run_child

        async def look_at_topics(_settings):
            TopicsReport([Findings("journal", problems=[NO_LEADER])], None).require_fit()

        run_child("views", look_at_topics)
        """,
    )
    wait_for(tmp_path, 2)
    parent.terminate()
    assert parent.wait(LIMIT_SECONDS) == 0


@pytest.mark.parametrize("code", [64, 78, 79])
def test_what_no_restart_can_help_ends_the_parent_with_the_same_code(tmp_path: Path, code: int) -> None:
    assert run(tmp_path, f"sys.exit({code})").wait(LIMIT_SECONDS) == code
    assert len(lives(tmp_path)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_the_parent_stops_the_child_in_good_order(tmp_path: Path, number: int) -> None:
    parent = run(tmp_path, "time.sleep(600)")
    (child,) = wait_for(tmp_path, 1)
    parent.send_signal(number)
    assert parent.wait(LIMIT_SECONDS) == 0
    assert is_gone(child)


def test_a_child_ends_when_its_parent_was_killed(tmp_path: Path) -> None:
    parent = run(tmp_path, "time.sleep(600)")
    (child,) = wait_for(tmp_path, 1)
    parent.kill()
    parent.wait(LIMIT_SECONDS)
    assert is_gone(child)


async def test_a_child_that_the_machine_has_no_room_for_is_started_later_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, make_pair, sockets = asyncio.create_subprocess_exec, socket.socketpair, []
    refusals = [BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")]

    async def refuse_once(*command: str, **options: Any) -> asyncio.subprocess.Process:
        if "second" in command and refusals:
            raise refusals.pop()
        return await start(*command, **options)

    def note_pair() -> tuple[socket.socket, socket.socket]:
        pair = make_pair()
        sockets.append(pair)
        return pair

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse_once)
    monkeypatch.setattr(socket, "socketpair", note_pair)
    async with two_children() as (supervisor, reports):
        assert reports == [("not started", "second"), ("restarting", "second")]
        assert [state.failures[Internal.exit_code] for state in supervisor.states] == [0, 1]
        assert [each.fileno() for each in sockets[1]] == [-1, -1], "nothing is left of the refused start"


async def test_a_child_that_was_started_and_cannot_be_waited_for_ends_like_one_without_a_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = asyncio.create_subprocess_exec
    lost: list[asyncio.subprocess.Process] = []

    async def lose_one(*command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*command, **options)
        if "second" in command and not lost:
            lost.append(process)
            raise RuntimeError("can't start new thread")
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", lose_one)
    async with two_children() as (supervisor, _), asyncio.timeout(LIMIT_SECONDS):
        assert await lost[0].wait() == 0
        assert supervisor.states[1].pid != lost[0].pid


@asynccontextmanager
async def two_children() -> AsyncIterator[tuple[Supervisor, list[tuple[str, object]]]]:
    """Two children that run until their parent is gone, and what was reported until both were started."""
    reports: list[tuple[str, object]] = []
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    children = [Child(name, [*command, name], dict(os.environ)) for name in ("first", "second")]
    supervisor = Supervisor(children, report=lambda event, **facts: reports.append((event, facts["child"])))
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not all(state.pid for state in supervisor.states):
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
        yield supervisor, reports
    finally:
        supervisor.stop()
        assert await running == 0


def test_a_child_reads_the_settings_that_the_parent_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSTREAM_NAME", "another")
    settings = Settings(prefix="p-", clock="events", partitions=3, name=None, data_dir=Path("somewhere"))
    environment = child_environment(settings)
    assert "LEADSTREAM_NAME" not in environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LEADSTREAM_NAME")
    assert Settings() == settings


def test_a_setting_that_the_parent_read_from_a_file_is_the_childs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("LEADSTREAM_SALESFORCE_CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    settings = Settings(data_dir=tmp_path)
    environment = child_environment(settings)
    monkeypatch.setattr(os, "environ", environment)
    (tmp_path / "secret").write_text("another\n")  # as the parent goes on with what it read
    assert Settings() == settings


def test_a_name_belongs_to_one_worker_of_a_machine(tmp_path: Path) -> None:
    held = lock_worker_name(tmp_path, "w1")
    with pytest.raises(DuplicateWorker, match="named w1"):
        lock_worker_name(tmp_path, "w1")
    held.release()
    lock_worker_name(tmp_path, "w1").release()


def test_without_a_name_a_worker_takes_the_first_free_number(tmp_path: Path) -> None:
    first, second = lock_worker_name(tmp_path, None), lock_worker_name(tmp_path, None)
    assert first.name.endswith("-1")
    assert second.name.endswith("-2")
    first.release()
    assert lock_worker_name(tmp_path, None).name == first.name


def test_a_name_that_kafka_does_not_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="letters, digits"):
        lock_worker_name(tmp_path, "a/b")
