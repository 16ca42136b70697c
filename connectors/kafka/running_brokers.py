"""Finds the local brokers that run on this machine, whichever folder they were started from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.kafka.data_folder import BrokerFolder

PROCESSES = Path("/proc")
_MAIN_CLASS = "kafka.Kafka"


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker that runs, started by `LocalBroker`: its folder, its process and its port on loopback."""

    folder: Path
    pid: int
    port: int


def running_brokers(processes: Path = PROCESSES) -> list[RunningBroker]:
    """Returns the local brokers by port; none where the system shows no processes (it has no /proc)."""
    brokers = (_broker_of(folder, pid) for pid, folder in _kafka_folders(processes))
    return sorted((broker for broker in brokers if broker is not None), key=lambda broker: broker.port)


def _kafka_folders(processes: Path) -> Iterator[tuple[int, Path]]:
    """Yields each process that is a Kafka, with the folder of its settings."""
    for process in processes.glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended, or is another user's
            continue
        if _MAIN_CLASS in words:
            settings = words[words.index(_MAIN_CLASS) + 1 :]
            yield int(process.name), Path(settings[0]).parent if settings else Path()


def _broker_of(path: Path, pid: int) -> RunningBroker | None:
    """The broker of a folder, where this process is the one that was started there last."""
    process = BrokerFolder(path).load_process()
    return RunningBroker(path, pid, process.port) if process is not None and process.pid == pid else None
