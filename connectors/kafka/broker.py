"""A Kafka broker on this machine: fetches, formats, starts and stops one KRaft process on loopback."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors.kafka.class_archive import ClassArchive
from connectors.kafka.data_folder import BrokerFolder, BrokerProcess
from connectors.kafka.jars import kafka_jars
from connectors.kafka.java import find_java
from connectors.kafka.running_brokers import running_brokers
from connectors.kafka.start_errors import start_failure_reason
from connectors.ports import LOOPBACK, accepts_connections, free_port, is_free
from streams.errors import LocalBrokerError
from streams.progress import ProgressCallback, ignore_progress

START_SECONDS = 60.0
STOP_SECONDS = 20.0
KILL_SECONDS = 10.0
POLL_SECONDS = 0.02
# A broker stops when the disk is full, and gives no reason when it is started again.
FREE_SPACE_NEEDED = 500 << 20


class LocalBroker:
    """The broker of one folder; it outlives this object unless the object is used as a context manager.

    Without `port` it takes the folder's former port, or a free one the first time. With `lists_classes` it lists the
    classes that it loads, for `archive_classes`, where they are not archived yet.
    """

    def __init__(self, folder: Path, port: int | None = None, *, lists_classes: bool = False) -> None:
        self._folder = BrokerFolder(folder)
        self._class_list = self._folder.class_list if lists_classes else None
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        """The folder of its data, settings and logs."""
        return self._folder.path

    @property
    def pid(self) -> int | None:
        """The process id of the running broker, even if another process started it; None when none runs."""
        running = self._folder.load_process()
        return running.pid if running is not None and self._folder.is_locked() else None

    @property
    def bootstrap(self) -> str:
        """The address for clients. Raises LocalBrokerError when the broker was never started."""
        running = self._folder.load_process()
        if running is None:
            raise LocalBrokerError(f"no broker was started on {self.folder}; run `leadstream broker start`")
        return f"{LOOPBACK}:{running.port}"

    def start(self, report: ProgressCallback = ignore_progress) -> None:
        """Starts the broker and returns when it accepts connections; the first time it fetches and formats Kafka too.

        Raises LocalBrokerError when it already runs, the port is in use, the disk is full, Kafka cannot be fetched,
        there is no Java, or Kafka does not start; RepositoryUnavailable when nothing answers that it can be fetched
        from. `report` is called at least every 0.1 s; what it raises ends the start, and nothing is left running.
        """
        with self._folder.hold_lock() as lock:
            self._check_space()
            port = self._choose_port()
            command = self._build_command(port, report)
            # The id of a former process must not be taken for that of this one.
            self._folder.save_process(BrokerProcess(None, port))
            if not self._folder.is_formatted():
                report("formatting Kafka's data folder", 0, 0)
                self._format(command, report)
            report("starting Kafka", 0, 0)
            self._process = self._launch(command, lock)
            self._folder.save_process(BrokerProcess(self._process.pid, port))
        try:
            self._await_start(self._process, port, report)
        except BaseException:
            self.kill()  # also after Ctrl-C nothing is left running
            raise

    def stop(self) -> None:
        """Stops the broker if it runs, after 20 s by SIGKILL. Raises LocalBrokerError when it does not end."""
        self._signal_and_wait(signal.SIGTERM, STOP_SECONDS)
        self._signal_and_wait(signal.SIGKILL, KILL_SECONDS)
        if self._folder.is_locked():
            who = "is just being started" if self.pid is None else f"does not end; stop process {self.pid} by hand"
            raise LocalBrokerError(f"the broker on {self.folder} {who}")

    def kill(self) -> None:
        """Ends the broker at once by SIGKILL, as a power cut would."""
        self._signal_and_wait(signal.SIGKILL, KILL_SECONDS)

    def archive_classes(self, report: ProgressCallback = ignore_progress) -> None:
        """Archives the classes that the running broker has listed, so that the next start takes half the time.

        It takes about 5 s of CPU, once for a version of Kafka and of Java; what `report` raises ends it.
        """
        if self._class_list is not None and self._class_list.is_file():
            ClassArchive(find_java(), kafka_jars()).build(self._class_list, self._folder.log_settings, report)

    def restart(self, report: ProgressCallback = ignore_progress) -> None:
        """Stops and starts the broker, on the same port."""
        self.stop()
        self.start(report)

    def discard(self) -> None:
        """Deletes the data. Raises LocalBrokerError while the broker runs."""
        if self.folder.is_dir():
            with self._folder.hold_lock():
                self._folder.discard()

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < FREE_SPACE_NEEDED:
            raise LocalBrokerError(
                f"only {free >> 20} MB are free for {self.folder}, {FREE_SPACE_NEEDED >> 20} MB are needed; make room"
            )

    def _choose_port(self) -> int:
        previous = self._folder.load_process()
        port = self._port or (previous.port if previous else free_port())
        if not is_free(port):
            owner = next(
                (f" by the local Kafka on {each.folder}" for each in running_brokers() if each.port == port), ""
            )
            raise LocalBrokerError(f"port {port} is in use{owner}; stop what listens there or choose another --port")
        return port

    def _build_command(self, port: int, report: ProgressCallback) -> list[str]:
        java = find_java()
        jars = kafka_jars(report)
        self._folder.write_settings(port, free_port())
        options = ClassArchive(java, jars).options(self._class_list)
        return java.command(jars, self._folder.log_settings, options)

    def _format(self, command: list[str], report: ProgressCallback) -> None:
        # With a meta.properties written by hand Kafka would start with the features of an old version.
        settings = str(self._folder.server_settings)
        arguments = ["kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", settings]
        with self._folder.console.open("ab") as console:
            process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        try:
            while process.poll() is None:
                report("formatting Kafka's data folder", 0, 0)
                time.sleep(POLL_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            self._folder.discard()  # half a format is none
            raise
        if process.returncode != 0:
            raise LocalBrokerError(f"Kafka cannot format {self.folder}: {start_failure_reason(self._folder.logs)}")

    def _launch(self, command: list[str], lock: int) -> subprocess.Popen[bytes]:
        with self._folder.console.open("ab") as console:
            return subprocess.Popen(
                [*command, "kafka.Kafka", str(self._folder.server_settings)],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C in the terminal must only reach us, who stop the broker
                pass_fds=(lock,),
            )

    def _await_start(self, process: subprocess.Popen[bytes], port: int, report: ProgressCallback) -> None:
        def has_started_or_ended() -> bool:
            report("starting Kafka", 0, 0)
            return process.poll() is not None or accepts_connections(port)

        if _wait_until(START_SECONDS, has_started_or_ended) and process.poll() is None:
            return
        has_ended = process.poll() is not None
        what = "Kafka did not start" if has_ended else f"Kafka did not start within {START_SECONDS:.0f} s"
        raise LocalBrokerError(f"{what} on {self.folder}: {start_failure_reason(self._folder.logs)}")

    def _signal_and_wait(self, signal_number: signal.Signals, seconds: float) -> None:
        pid = self.pid
        if pid is None:
            return
        try:
            # It may have ended since the line above; then only the lock remains to wait for.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        except PermissionError as error:
            raise LocalBrokerError(f"the broker on {self.folder} (process {pid}) belongs to another user") from error
        _wait_until(seconds, self._has_exited)

    def _has_exited(self) -> bool:
        # The lock is free a moment before the process has ended, and without `poll` a child stays a zombie.
        is_running = self._process is not None and self._process.poll() is None
        return not is_running and not self._folder.is_locked()


def _wait_until(seconds: float, condition: Callable[[], bool]) -> bool:
    """Waits up to `seconds` and returns whether `condition` became true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _cluster_id() -> str:
    """Returns a random id in Kafka's form, never with a dash first, which StorageTool would take for an option."""
    raw = b"\x30" + uuid.uuid4().bytes[1:]
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
