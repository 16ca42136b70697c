"""Kafka's jars are pinned, fetched over HTTP from a mirror, checked by their hashes, and cached."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from urllib3.exceptions import NameResolutionError

from connectors.kafka import maven
from connectors.kafka.jars import kafka_jars, read_lock_file
from connectors.ports import free_port
from streams.errors import LocalBrokerError, RepositoryUnavailable
from tests.harness.cli import leadstream

CONTENT = b"a jar, as far as anybody here can tell"
RELATIVE = Path("org/example/tool/1.0/tool-1.0.jar")


@dataclass
class Mirror:
    """A Maven repository over HTTP, and the paths that were requested."""

    folder: Path
    requests: list[str] = field(default_factory=list)

    def store(self, content: bytes) -> None:
        path = self.folder / RELATIVE
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, mirror: Mirror, *arguments: object) -> None:
        self.mirror = mirror
        super().__init__(*arguments, directory=str(mirror.folder))  # type: ignore[arg-type]  # passed on

    def do_GET(self) -> None:
        self.mirror.requests.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Logs nothing."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror(tmp_path / "mirror")
    mirror.folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, mirror))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("LEADSTREAM_MAVEN_MIRROR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    yield mirror
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    path = tmp_path / "example.lock"
    digest = hashlib.sha256(CONTENT).hexdigest()
    path.write_text(f"# a comment\norg.example:tool:1.0  {len(CONTENT)}  {digest}\n")
    return path


def test_the_lock_file_pins_kafka_4_2_1_with_a_logger() -> None:
    names = {jar.coordinates for jar in read_lock_file()}
    assert "org.apache.kafka:kafka_2.13:4.2.1" in names
    assert any("log4j-slf4j-impl" in name for name in names)
    assert len(names) == 46
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in read_lock_file())


def test_a_jar_is_fetched_once_and_then_found_in_the_cache(mirror: Mirror, lock_file: Path, tmp_path: Path) -> None:
    mirror.store(CONTENT)
    progress: list[tuple[int, int]] = []
    paths = kafka_jars(lambda _what, done, total: progress.append((done, total)), lock_file)
    assert paths == [tmp_path / "cache" / "example" / "tool-1.0.jar"]
    assert paths[0].read_bytes() == CONTENT
    assert progress[-1] == (len(CONTENT), len(CONTENT))

    mirror.requests.clear()
    assert kafka_jars(lock_file=lock_file) == paths
    assert mirror.requests == []


@pytest.mark.parametrize("wrong", [CONTENT[:-5], CONTENT[:-1] + b"!", b""])
def test_a_truncated_or_altered_jar_is_refused(mirror: Mirror, lock_file: Path, tmp_path: Path, wrong: bytes) -> None:
    mirror.store(wrong)
    with pytest.raises(LocalBrokerError, match=r"org\.example:tool:1\.0 cannot be fetched"):
        kafka_jars(lock_file=lock_file)
    assert not (tmp_path / "cache" / "example" / "tool-1.0.jar").exists()

    mirror.store(CONTENT)
    assert kafka_jars(lock_file=lock_file)[0].read_bytes() == CONTENT


def test_a_jar_that_is_lost_from_the_cache_is_fetched_again(mirror: Mirror, lock_file: Path) -> None:
    mirror.store(CONTENT)
    [path] = kafka_jars(lock_file=lock_file)
    path.unlink()
    assert kafka_jars(lock_file=lock_file) == [path]
    assert path.read_bytes() == CONTENT


def test_a_jar_in_the_local_maven_repository_is_not_fetched(mirror: Mirror, lock_file: Path, tmp_path: Path) -> None:
    local = tmp_path / "m2" / RELATIVE
    local.parent.mkdir(parents=True)
    local.write_bytes(CONTENT)
    assert kafka_jars(lock_file=lock_file)[0].read_bytes() == CONTENT
    assert mirror.requests == []


def test_a_jar_missing_from_the_mirror_is_one_line_without_its_address(mirror: Mirror, lock_file: Path) -> None:
    with pytest.raises(LocalBrokerError, match="LEADSTREAM_MAVEN_MIRROR") as refusal:
        kafka_jars(lock_file=lock_file)
    assert "\n" not in str(refusal.value)
    assert "http" not in str(refusal.value)
    assert mirror.requests


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("nonsense", "LEADSTREAM_MAVEN_MIRROR=nonsense cannot be used: set it to the address of a Maven repository"),
        ("file:///srv/m2", "LEADSTREAM_MAVEN_MIRROR=file:///srv/m2 cannot be used: set it to the address"),
    ],
)
def test_a_mirror_that_is_no_address_is_refused_at_once(tmp_path: Path, address: str, problem: str) -> None:
    folders = {"LEADSTREAM_CACHE": "cache", "LEADSTREAM_DATA_DIR": "run", "M2_REPO": "m2"}
    environment = {name: str(tmp_path / folder) for name, folder in folders.items()}
    run = leadstream(
        "broker", "start", "--port", str(free_port()), env=environment | {"LEADSTREAM_MAVEN_MIRROR": address}
    )
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (78, "", 1)
    assert problem in run.stderr


def test_a_repository_that_does_not_answer_is_one_line_and_nothing_else(
    mirror: Mirror, lock_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADSTREAM_MAVEN_MIRROR", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RepositoryUnavailable, match=r"connection is refused.*LEADSTREAM_MAVEN_MIRROR") as refusal:
        kafka_jars(lock_file=lock_file)
    assert refusal.value.exit_code == 69
    assert "\n" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")
    assert mirror.requests == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            requests.ConnectionError(NameResolutionError("repo.example", cast(Any, None), socket.gaierror())),
            "name is not known",
        ),
        (requests.ConnectTimeout(), "no answer in time"),
        (requests.exceptions.ProxyError(ConnectionRefusedError()), "the proxy does not answer"),
        (requests.exceptions.SSLError(), "SSL_CERT_FILE"),
    ],
)
def test_why_a_repository_does_not_answer(
    lock_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, reason: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(requests, "request", fail)
    monkeypatch.setattr(maven, "PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    with pytest.raises(RepositoryUnavailable, match=reason):
        kafka_jars(lock_file=lock_file)


def test_a_fetch_that_hangs_is_given_up_at_once(
    lock_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    calls = 0

    def give_up(_what: str, _done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise KeyboardInterrupt

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("LEADSTREAM_MAVEN_MIRROR", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            kafka_jars(give_up, lock_file)
        assert time.monotonic() - begin < maven.READ_SECONDS / 2
    # The lock is free for the next attempt.
    monkeypatch.setenv("LEADSTREAM_MAVEN_MIRROR", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RepositoryUnavailable):
        kafka_jars(lock_file=lock_file)


def test_a_fetch_by_another_process_is_waited_for_and_that_can_be_given_up(
    mirror: Mirror, lock_file: Path, tmp_path: Path
) -> None:
    def give_up(what: str, _done: int, _total: int) -> None:
        assert "another process" in what
        raise KeyboardInterrupt

    folder = tmp_path / "cache" / "example"
    folder.mkdir(parents=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(KeyboardInterrupt):
            kafka_jars(give_up, lock_file)
    assert mirror.requests == []


def test_a_useless_response_is_closed(mirror: Mirror, lock_file: Path) -> None:
    gc.collect()  # collects files that other tests left open, which would warn here
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(LocalBrokerError):
            kafka_jars(lock_file=lock_file)
        gc.collect()
    assert mirror.requests
    assert [str(each.message) for each in caught if "unclosed" in str(each.message)] == []


def test_a_cache_that_cannot_be_written_is_named(
    mirror: Mirror, lock_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LEADSTREAM_CACHE", str(tmp_path / "file"))
    with pytest.raises(LocalBrokerError, match="set LEADSTREAM_CACHE"):
        kafka_jars(lock_file=lock_file)
