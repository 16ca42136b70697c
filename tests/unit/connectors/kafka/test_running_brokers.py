"""Local brokers are found by their processes, wherever they were started."""

from __future__ import annotations

from pathlib import Path

from connectors.kafka.data_folder import BrokerFolder, BrokerProcess
from connectors.kafka.running_brokers import RunningBroker, running_brokers


def add_process(processes: Path, pid: int, *words: str) -> None:
    (processes / str(pid)).mkdir(parents=True)
    (processes / str(pid) / "cmdline").write_bytes("\0".join([*words, ""]).encode())


def add_broker(processes: Path, folder: Path, pid: int, port: int) -> None:
    folder.mkdir(parents=True)
    BrokerFolder(folder).save_process(BrokerProcess(pid, port))
    add_process(processes, pid, "java", "-cp", "a.jar:b.jar", "kafka.Kafka", str(folder / "server.properties"))


def test_brokers_are_found_with_their_folders_and_ports(tmp_path: Path) -> None:
    processes, first, second = tmp_path / "proc", tmp_path / "a" / "kafka", tmp_path / "b c" / "kafka"
    add_broker(processes, first, 71, 9093)
    add_broker(processes, second, 70, 9092)
    assert running_brokers(processes) == [RunningBroker(second, 70, 9092), RunningBroker(first, 71, 9093)]


def test_other_processes_are_none_of_ours(tmp_path: Path) -> None:
    processes, folder = tmp_path / "proc", tmp_path / "kafka"
    add_broker(processes, folder, 70, 9092)
    (processes / "70" / "cmdline").unlink()  # it has ended
    add_process(processes, 71, "java", "kafka.Kafka", "/nowhere/server.properties")  # somebody's own Kafka
    add_process(processes, 72, "java", "kafka.Kafka", str(folder / "server.properties"))  # not the one started last
    add_process(processes, 73, "java", "kafka.Kafka")
    add_process(processes, 74, "cat", str(folder / "server.properties"))
    (processes / "self").mkdir()
    assert running_brokers(processes) == []


def test_a_system_without_such_a_folder_shows_none(tmp_path: Path) -> None:
    assert running_brokers(tmp_path / "proc") == []
