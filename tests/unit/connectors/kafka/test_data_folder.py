"""The folder of a local broker: its lock, the saved process, and what is deleted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from connectors.kafka.broker import LocalBroker
from connectors.kafka.data_folder import BrokerFolder, BrokerProcess
from streams.errors import LocalBrokerError


def test_the_lock_lives_as_long_as_the_process_that_inherits_it(tmp_path: Path) -> None:
    folder = BrokerFolder(tmp_path)
    with folder.hold_lock() as lock:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(lock,))
    assert folder.is_locked()
    with pytest.raises(LocalBrokerError, match="already runs"), folder.hold_lock():
        pass
    child.communicate()
    assert not folder.is_locked()


def test_an_unused_folder_is_not_locked(tmp_path: Path) -> None:
    assert not BrokerFolder(tmp_path / "new").is_locked()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "port": 1}', '{"pid": 1}'])
def test_a_damaged_process_file_counts_as_missing(tmp_path: Path, text: str) -> None:
    (tmp_path / "broker.json").write_text(text)
    assert BrokerFolder(tmp_path).load_process() is None


def test_a_saved_process_counts_only_while_the_lock_is_held(tmp_path: Path) -> None:
    folder = BrokerFolder(tmp_path)
    folder.save_process(BrokerProcess(1, 9999))
    broker = LocalBroker(tmp_path)
    assert broker.pid is None
    assert broker.bootstrap == "127.0.0.1:9999"
    broker.stop()  # process 1 is not ours: nothing may be sent to it
    with folder.hold_lock():
        assert broker.pid == 1


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalBrokerError, match="cannot be written"):
        LocalBroker(tmp_path / "file").start()


def test_discarding_deletes_kafkas_data_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("")
    (tmp_path / "mine.txt").write_text("kept")
    LocalBroker(tmp_path).discard()
    assert not (tmp_path / "data").exists()
    assert (tmp_path / "mine.txt").exists()


def test_too_little_space_is_reported_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.kafka.broker.FREE_SPACE_NEEDED", 1 << 60)
    with pytest.raises(LocalBrokerError, match="make room"):
        LocalBroker(tmp_path).start()
