"""The folder of a local broker: its files, its lock, and the port and process of the last start."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

from streams.errors import LocalBrokerError

_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class BrokerProcess:
    """The port of the last start, and its process id once there is one."""

    pid: int | None
    port: int


class BrokerFolder:
    """The file names, the lock and the saved process of one data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.data = self.path / "data"
        self.server_settings = self.path / "server.properties"
        self.log_settings = self.path / "log4j2.properties"
        self.log = self.path / "kafka.log"
        self.console = self.path / "console.log"
        self.class_list = self.path / "classes.list"
        self._process_file = self.path / "broker.json"
        self._lock_file = self.path / "broker.lock"

    @property
    def logs(self) -> list[Path]:
        """The files that the broker writes its messages to."""
        return [self.console, self.log]

    @contextmanager
    def hold_lock(self) -> Iterator[int]:
        """Holds the lock and yields its file descriptor; a process that inherits the descriptor holds the lock too.

        Two brokers on one folder damage each other before Kafka's own lock stops the second. This lock is held
        exactly as long as the broker's process lives. Raises LocalBrokerError when another process holds it, or
        the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise LocalBrokerError(
                f"the folder {self.path} cannot be written ({error.strerror}); choose another one"
            ) from error
        try:
            if not _try_lock(descriptor):
                raise LocalBrokerError(f"a broker already runs on {self.path}; stop it first")
            yield descriptor
        finally:
            os.close(descriptor)

    def is_locked(self) -> bool:
        """Whether a broker runs on this folder, or starts at present."""
        try:
            descriptor = os.open(self._lock_file, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def is_formatted(self) -> bool:
        """Whether the folder has Kafka's data."""
        return (self.data / "meta.properties").is_file()

    def save_process(self, process: BrokerProcess) -> None:
        """Saves process id and port for a later command."""
        part = self._process_file.with_suffix(".part")
        part.write_text(json.dumps({"pid": process.pid, "port": process.port}) + "\n")
        part.replace(self._process_file)

    def load_process(self) -> BrokerProcess | None:
        """Returns what the last start saved; None when there is nothing or it cannot be read."""
        try:
            process = json.loads(self._process_file.read_text())
            pid = process["pid"]
            return BrokerProcess(None if pid is None else int(pid), int(process["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_settings(self, port: int, controller_port: int) -> None:
        """Writes the settings from their templates and empties the logs of the previous run."""
        server = {"port": port, "controller_port": controller_port, "data": self.data}
        _fill_template(_TEMPLATES / "server.properties", self.server_settings, server)
        _fill_template(_TEMPLATES / "log4j2.properties", self.log_settings, {"log": self.log})
        for log in self.logs:
            log.write_bytes(b"")

    def discard(self) -> None:
        """Deletes Kafka's data but not the saved port. The caller holds the lock."""
        shutil.rmtree(self.data, ignore_errors=True)
        if self.data.exists():
            raise LocalBrokerError(f"the data in {self.data} cannot be removed; mend the permissions")


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _fill_template(template: Path, target: Path, values: dict[str, object]) -> None:
    target.write_text(Template(template.read_text()).substitute(values))
