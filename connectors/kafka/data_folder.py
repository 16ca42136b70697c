"""The folder of a local broker: what stands in it, who holds it, on which port it was."""

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
    """What the last start wrote down: its port, and the process once there is one."""

    pid: int | None
    port: int


class BrokerFolder:
    """Names of files, the lock and the notes of one data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.data = self.path / "data"
        self.server_settings = self.path / "server.properties"
        self.log_settings = self.path / "log4j2.properties"
        self.log = self.path / "kafka.log"
        self.console = self.path / "console.log"
        self._process_file = self.path / "broker.json"
        self._lock_file = self.path / "broker.lock"

    @property
    def logs(self) -> list[Path]:
        """Where the broker writes."""
        return [self.console, self.log]

    @contextmanager
    def hold_lock(self) -> Iterator[int]:
        """Holds the lock and yields its descriptor; a process that inherits it goes on holding the lock.

        Two brokers on one folder damage each other before Kafka's own lock stops the second, so the lock is
        ours and lives exactly as long as the process of the broker. Raises LocalBrokerError when another
        process holds it, or the folder cannot be written.
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
        """Whether a broker runs on this folder (or is being started)."""
        try:
            descriptor = os.open(self._lock_file, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def is_formatted(self) -> bool:
        """Whether Kafka's data stands here."""
        return (self.data / "meta.properties").is_file()

    def save_process(self, process: BrokerProcess) -> None:
        """Writes down process and port, for a later command."""
        part = self._process_file.with_suffix(".part")
        part.write_text(json.dumps({"pid": process.pid, "port": process.port}) + "\n")
        part.replace(self._process_file)

    def load_process(self) -> BrokerProcess | None:
        """What the last start wrote down; None when there was none or it cannot be read."""
        try:
            notes = json.loads(self._process_file.read_text())
            pid = notes["pid"]
            return BrokerProcess(None if pid is None else int(pid), int(notes["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_settings(self, port: int, controller_port: int) -> None:
        """Fills the templates in and empties the logs of the former run."""
        server = {"port": port, "controller_port": controller_port, "data": self.data}
        _fill_template(_TEMPLATES / "server.properties", self.server_settings, server)
        _fill_template(_TEMPLATES / "log4j2.properties", self.log_settings, {"log": self.log})
        for log in self.logs:
            log.write_bytes(b"")

    def discard(self) -> None:
        """Throws away Kafka's data; the port is remembered. The caller holds the lock."""
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
