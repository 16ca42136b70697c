"""`leadstream demo`, run as a user runs it: everything real, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.cli import leadstream

LIMIT_SECONDS = 120.0


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


def kafka_is_starting(folder: Path) -> bool:
    return any(folder.glob("leadstream-demo-*/kafka/broker.json"))


def worker_works(folder: Path) -> bool:
    return any('"working"' in log.read_text() for log in folder.glob("leadstream-demo-*/worker.log"))


def test_it_plays_shows_and_ends_by_itself_with_a_summary(tmp_path: Path) -> None:
    picture = tmp_path / "demo.svg"
    arguments = ("--seconds", "30", "--contacts", "150", "--json", "--svg", str(picture))
    result = leadstream("demo", *arguments, env={"TMPDIR": str(tmp_path)})
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["violations"] == 0
    assert summary["events_published"] > 1_000
    assert summary["simulated_until"] > "2026-03-10"
    assert sum(segment["entered"] for segment in summary["segments"].values()) > 300
    for segment in summary["segments"].values():
        assert segment["entered"] - segment["exited"] == segment["members"]
    # Time alone ends these memberships: no event stops a contact from being a newcomer.
    assert summary["segments"]["newcomers"]["exited"] > 50
    trial = summary["campaigns"]["spring-trial"]
    assert trial["leads"]["qualified"] > 0
    assert trial["leads"]["rejected"] > 0
    assert trial["handed_over"] >= trial["leads"]["qualified"]
    for campaign in summary["campaigns"].values():
        assert campaign["in_crm"] <= campaign["handed_over"]
    assert trial["in_crm"] > 0
    opportunities = [
        part["count"]
        for campaign in summary["campaigns"].values()
        for revenue in campaign["revenue"].values()
        for part in revenue.values()
    ]
    assert sum(opportunities) > 0
    assert picture.read_text().startswith("<svg")
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize("moment", [kafka_is_starting, worker_works], ids=["kafka starting", "worker working"])
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, moment: Callable[[Path], bool]) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_TEST")}
    demo = subprocess.Popen(
        [sys.executable, "-c", "from streams.cli.main import run; run()", "demo"],
        env={**clean, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(lambda: moment(tmp_path) or demo.poll() is not None, LIMIT_SECONDS)
        assert demo.poll() is None
        assert len(processes_of(tmp_path)) > 1
        demo.send_signal(signal.SIGINT)
        _out, err = demo.communicate(timeout=LIMIT_SECONDS)
    finally:
        demo.kill()
        demo.wait()
    assert (demo.returncode, err) == (0, "")
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


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
