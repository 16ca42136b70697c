"""`leadstream demo`, run as a user runs it: everything real, and nothing left behind."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from connectors.ports import free_port
from tests.harness.cli import leadstream, start_leadstream

LIMIT_SECONDS = 120.0
GIVE_UP_LIMIT_SECONDS = 10.0
"""It takes less than 3 s where the processors are free; here other tests use them too."""


def processes_of(folder: Path) -> list[int]:
    """Returns the processes, without zombies, whose command line or environment names the folder."""
    folder_name = str(folder).encode()
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _names(each, folder_name)]


def _names(process: Path, folder_name: bytes) -> bool:
    try:
        return folder_name in (process / "cmdline").read_bytes() or folder_name in (process / "environ").read_bytes()
    except OSError:  # ended meanwhile, or not ours
        return False


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def start_demo(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_TEST")}
    return subprocess.Popen(
        [sys.executable, "-c", "from streams.cli.main import run; run()", "demo", *arguments],
        env={**clean, "TMPDIR": str(folder), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def interrupt(demo: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> tuple[int, str, str, float]:
    """Returns exit code, standard output, standard error, and after how many seconds it ended."""
    begin = time.monotonic()
    try:
        demo.send_signal(number)
        output, errors = demo.communicate(timeout=LIMIT_SECONDS)
    finally:
        demo.kill()
        demo.wait()
    return demo.returncode, output, errors, time.monotonic() - begin


def kafka_is_starting(folder: Path) -> bool:
    return any(folder.glob("leadstream-demo-*/kafka/broker.json"))


def worker_is_loading(folder: Path) -> bool:
    return any(folder.glob("leadstream-demo-*/worker.log"))


@pytest.fixture
def silent_repository() -> Iterator[str]:
    """The address of a Maven repository that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_it_plays_shows_and_ends_by_itself_with_a_summary(tmp_path: Path) -> None:
    picture, kept = tmp_path / "demo.svg", tmp_path / "kept"
    arguments = ("--seconds", "40", "--contacts", "150", "--json", "--svg", str(picture), "--keep", str(kept))
    result = leadstream("demo", *arguments, env={"TMPDIR": str(tmp_path)})
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["violations"] == 0
    assert summary["events_published"] > 500
    assert summary["simulated_until"] > "2026-03-06"
    assert sum(segment["entered"] for segment in summary["segments"].values()) > 100
    for segment in summary["segments"].values():
        assert segment["entered"] - segment["exited"] == segment["members"]
    # Time alone ends these memberships: no event stops a contact from being a newcomer.
    assert summary["segments"]["newcomers"]["exited"] > 10
    trial = summary["campaigns"]["spring-trial"]
    assert trial["leads"]["qualified"] > 0
    assert trial["leads"]["rejected"] > 0
    assert trial["handed_over"] >= trial["leads"]["qualified"]
    for campaign in summary["campaigns"].values():
        assert campaign["in_crm"] <= campaign["handed_over"]
    assert trial["in_crm"] > 0
    assert summary["typed_by_sales"]["typed"] > 0
    assert summary["typed_by_sales"]["overwritten"] == 0
    opportunities = [
        part["count"]
        for campaign in summary["campaigns"].values()
        for revenue in campaign["revenue"].values()
        for part in revenue.values()
    ]
    assert sum(opportunities) > 0
    assert picture.read_text().startswith("<svg")
    assert sum(summary["dead_letter_codes"].values()) == summary["dead_letters"]
    assert processes_of(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == [picture, kept]
    assert result.stderr == f"kept in {kept}; `leadstream broker start --data-dir {kept}` starts its Kafka\n"
    ask_again(kept, summary)


def ask_again(kept: Path, summary: dict[str, Any]) -> None:
    """Starts the Kafka of a demo that is over, as the demo says, and asks what there is."""
    port = str(free_port())
    where = {"LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{port}", "LEADSTREAM_DATA_DIR": str(kept)}
    started = leadstream("broker", "start", "--data-dir", str(kept), env=where)
    try:
        assert started.returncode == 0, started.stderr
        segments = json.loads(leadstream("segments", "list", "--json", env=where).stdout)
        members = {each["segment"]: each["members"] for each in segments["segments"]}
        assert members == {name: segment["members"] for name, segment in summary["segments"].items()}
        assert "segment engaged" in leadstream("explain", "c-0108", "engaged", env=where).stdout
        again = leadstream("demo", "--keep", str(kept))
        assert (again.returncode, "holds an earlier demo" in again.stderr) == (64, True)
    finally:
        assert leadstream("broker", "stop", env=where).returncode == 0


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0])
def test_ctrl_c_in_the_first_seconds_says_nothing_and_leaves_nothing(tmp_path: Path, seconds: float) -> None:
    demo = start_demo(tmp_path)
    time.sleep(seconds)  # the moment is what is tried
    code, output, errors, took = interrupt(demo)
    assert (code, output, errors) == (130, "", "")
    assert took < GIVE_UP_LIMIT_SECONDS
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", [kafka_is_starting, worker_is_loading], ids=["Kafka starts", "the worker loads"])
def test_a_signal_during_the_start_leaves_nothing_running(
    tmp_path: Path, moment: Callable[[Path], bool], number: signal.Signals
) -> None:
    demo = start_demo(tmp_path)
    wait_for(lambda: moment(tmp_path) or demo.poll() is not None, LIMIT_SECONDS)
    assert demo.poll() is None
    code, output, errors, took = interrupt(demo, number)
    assert (code, output, errors) == (128 + number, "", "")
    assert took < GIVE_UP_LIMIT_SECONDS
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_kafka_is_fetched_does_not_wait_for_the_network(tmp_path: Path, silent_repository: str) -> None:
    cache = tmp_path / "cache"
    network = {"LEADSTREAM_CACHE": str(cache), "M2_REPO": str(tmp_path / "m2")}
    demo = start_demo(tmp_path, env={**network, "LEADSTREAM_MAVEN_MIRROR": silent_repository})
    wait_for(lambda: any(cache.glob("*/.lock")) or demo.poll() is not None, LIMIT_SECONDS)
    code, output, errors, took = interrupt(demo)
    assert (code, output, errors) == (130, "", "")
    assert took < GIVE_UP_LIMIT_SECONDS
    assert processes_of(tmp_path) == []


def test_without_network_and_cache_one_line_says_what_to_do(tmp_path: Path) -> None:
    network = {"LEADSTREAM_CACHE": str(tmp_path / "cache"), "M2_REPO": str(tmp_path / "m2")}
    nowhere = {"LEADSTREAM_MAVEN_MIRROR": f"http://127.0.0.1:{free_port()}"}
    result = leadstream("demo", env={**network, **nowhere, "TMPDIR": str(tmp_path)}, fresh=True)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (69, "", 1)
    assert result.stderr.startswith("leadstream: Kafka cannot be fetched")
    assert "check the network, or set LEADSTREAM_MAVEN_MIRROR" in result.stderr
    assert processes_of(tmp_path) == []


def test_the_commands_and_the_console_on_its_screen_work_as_they_stand_there(tmp_path: Path) -> None:
    with DemoTerminal(tmp_path, columns=80, lines=24) as terminal:
        wait_for(lambda: "leadstream explain c-" in terminal.text(), LIMIT_SECONDS)
        text = terminal.text()
        [address] = set(re.findall(r"export LEADSTREAM_BOOTSTRAP=(127\.0\.0\.1:\d+)", text))
        here = {"LEADSTREAM_BOOTSTRAP": address}
        contact = re.findall(r"leadstream explain (c-\d+) engaged", text)[-1]
        explained = leadstream("explain", contact, "engaged", env=here)
        assert (explained.returncode, explained.stderr) == (0, "")
        assert f"{contact} (account default) is" in explained.stdout
        assert "segment engaged" in explained.stdout
        status = leadstream("status", env=here)
        assert status.returncode == 0, status.stderr
        assert address in status.stdout
        with start_leadstream("tail", env=here) as tail:
            assert tail.stdout is not None
            assert re.match(r"2026-03-\d\dT\S+  c-\d+  ", tail.stdout.readline())
            tail.send_signal(signal.SIGINT)
            assert tail.wait(LIMIT_SECONDS) == 0
        wait_for(lambda: terminal.console_address() is not None, LIMIT_SECONDS)
        console = terminal.console_address()
        assert console is not None
        assert "<title>" in httpx.get(console).raise_for_status().text
        wait_for(lambda: "engaged" in segments_with_members(console), LIMIT_SECONDS)
        code = terminal.interrupt()
    assert code == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(console)
    assert "events" in terminal.text()[-4_000:]  # the last picture stays on the terminal
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def segments_with_members(console: str) -> list[str]:
    """Returns what the console's API says; nothing before the read models are there."""
    answer = httpx.get(f"{console}/api/v1/segments")
    if answer.status_code != httpx.codes.OK:
        return []
    return [each["segment"] for each in answer.json()["segments"] if each["members"]]


class DemoTerminal:
    """A demo on a terminal of its own; `text` is what it has drawn so far, without marks for colours and places."""

    def __init__(self, folder: Path, columns: int, lines: int) -> None:
        self._controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._demo = subprocess.Popen(
            [sys.executable, "-c", "from streams.cli.main import run; run()", "demo"],
            env={**os.environ, "TMPDIR": str(folder), "TERM": "xterm-256color"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._drawn = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._demo.kill()
        self._demo.wait()
        self._reader.join()
        os.close(self._controller)

    def text(self) -> str:
        """What was drawn."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._drawn.decode("utf-8", "replace"))

    def console_address(self) -> str | None:
        """The URL in the first line; None before it stands there."""
        match = re.search(r"Leadstream  \S+ \S+ +(http://127\.0\.0\.1:\d+) ", self.text())
        return match and match[1]

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        self._demo.send_signal(signal.SIGINT)
        return self._demo.wait(LIMIT_SECONDS)

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._controller, 65_536)
            except OSError:  # the demo has closed its side
                return
            if not part:
                return
            self._drawn += part


def test_a_kafka_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    result = leadstream("demo", "--seconds", "5", "--bootstrap", "127.0.0.1:1", env={"TMPDIR": str(tmp_path)})
    assert result.returncode == 69
    assert result.stderr.count("\n") == 1
    assert "127.0.0.1:1" in result.stderr
    assert processes_of(tmp_path) == []


def test_the_folder_of_an_earlier_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    result = leadstream("demo", "--seconds", "5", "--keep", str(tmp_path))
    assert (result.returncode, result.stderr.count("\n")) == (64, 1)
    assert "holds an earlier demo" in result.stderr


def test_a_kafka_that_runs_is_used_again_and_again(kafka: str, prefix: str, tmp_path: Path) -> None:
    for own in (f"{prefix}one-", f"{prefix}two-"):
        arguments = ("--seconds", "10", "--contacts", "20", "--json", "--bootstrap", kafka, "--prefix", own)
        result = leadstream("demo", *arguments, env={"TMPDIR": str(tmp_path)})
        assert result.returncode == 0, result.stderr
        summary = json.loads(result.stdout)
        assert summary["violations"] == 0
        assert summary["changes"] > 0
    assert processes_of(tmp_path) == []
