"""Finds Maven artifacts in the repository of this machine, in a mirror, or in the central repository."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import clear_frames
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streams.errors import LocalBrokerError, RepositoryUnavailable

if TYPE_CHECKING:
    from jgo.maven import MavenContext

ATTEMPTS = 3
PAUSE_SECONDS = 0.5
CONNECT_SECONDS = 5
READ_SECONDS = 30
MIRROR_VARIABLE = "LEADSTREAM_MAVEN_MIRROR"
_URL = re.compile(r"https?://[^\s/]+(?:/\S*)?")
_NOT_FOUND = "not found in remote repositories"
"""What jgo says where no repository answers with the artifact."""
_ADDRESS = re.compile(r"\w+://\S+")
# What the libraries raise, by the name of the class -> what it means. The innermost error that is named here counts.
_NO_ANSWER = {
    "NameResolutionError": "its name is not known here",
    "gaierror": "its name is not known here",
    "ConnectionRefusedError": "the connection is refused",
    "ConnectionResetError": "the connection is cut off",
    "ConnectTimeout": "no answer in time",
    "ConnectTimeoutError": "no answer in time",
    "ReadTimeout": "no answer in time",
    "ReadTimeoutError": "no answer in time",
    "TimeoutError": "no answer in time",
    "SSLError": "no trusted TLS connection; SSL_CERT_FILE names the certificates to trust",
    "ConnectionError": "there is no connection",
}


class _FetchError(Exception):
    """One attempt failed; `is_unanswered` tells whether nothing answered at all."""

    def __init__(self, reason: str, *, is_unanswered: bool) -> None:
        super().__init__(reason)
        self.is_unanswered = is_unanswered


class Maven:
    """Finds artifacts; `scratch` is the folder for fetched files.

    `LEADSTREAM_MAVEN_MIRROR` (an address) replaces the central repository.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._context = _context(scratch)
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Ends the attempts of other threads: none begins another one."""
        self._given_up.set()

    def find(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        """Returns the path of an artifact for which `is_valid` holds.

        Raises RepositoryUnavailable when the repository does not answer, LocalBrokerError when it has no such
        artifact or another one than `is_valid` takes.
        """
        local = _local_repository() / _relative_path(group, artifact, version)
        if is_valid(local):
            return local
        try:
            return self._fetch_patiently(group, artifact, version, is_valid)
        except _FetchError as error:
            if error.is_unanswered:
                raise RepositoryUnavailable(
                    f"Kafka cannot be fetched, for the Maven repository does not answer ({error}); check the network,"
                    " or set LEADSTREAM_MAVEN_MIRROR to a Maven repository that can be reached"
                ) from error
            raise LocalBrokerError(
                f"{group}:{artifact}:{version} cannot be fetched ({error}); set LEADSTREAM_MAVEN_MIRROR to a Maven"
                " repository that has it"
            ) from error

    def _fetch_patiently(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._fetch(group, artifact, version, is_valid)
            except _FetchError:
                if attempt == ATTEMPTS or self._given_up.wait(attempt * PAUSE_SECONDS):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _fetch(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        try:
            path = Path(self._context.project(group, artifact).at_version(version).artifact().resolve())
        except Exception as error:  # jgo and the libraries below it raise many kinds
            self._remove(group, artifact, version)
            reason = _unanswered_reason(error)
            # jgo leaves files open when it fails; they close when no frame of the failed call refers to them.
            clear_frames(error.__traceback__)
            raise _FetchError(reason or _short_message(error), is_unanswered=reason is not None) from error
        if not is_valid(path):
            self._remove(group, artifact, version)
            raise _FetchError("its checksum is not the one in the lock file", is_unanswered=False)
        return path

    def _remove(self, group: str, artifact: str, version: str) -> None:
        # Otherwise the next attempt would find a truncated file again.
        (self._scratch / _relative_path(group, artifact, version)).unlink(missing_ok=True)


def _context(scratch: Path) -> MavenContext:
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - in the dependency group `local`, not always there
    except ImportError as error:
        raise LocalBrokerError(
            "the local Kafka needs the package jgo to be fetched; install the dependency group `local`"
        ) from error
    # The error says once what these would say at every attempt.
    for name in ("urllib3", "requests", "jgo"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    certificates = os.environ.get("SSL_CERT_FILE")
    if certificates:
        # jgo fetches with requests, which has another name for this variable.
        os.environ.setdefault("REQUESTS_CA_BUNDLE", certificates)
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror and not _URL.fullmatch(mirror):
        raise LocalBrokerError(
            f"{MIRROR_VARIABLE}={mirror} cannot be used: set it to the address of a Maven repository, for example"
            " https://maven.example.com/maven2"
        )
    remote = {"mirror": mirror.rstrip("/")} if mirror else None
    # jgo hands the timeout on to requests, which takes one for the connection and one for each read.
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    return MavenContext(repo_cache=scratch, remote_repos=remote, timeout=timeout)  # type: ignore[arg-type]


def _local_repository() -> Path:
    configured = os.environ.get("M2_REPO")
    return Path(configured) if configured else Path.home() / ".m2" / "repository"


def _relative_path(group: str, artifact: str, version: str) -> Path:
    return Path(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def _short_message(error: Exception) -> str:
    """Returns what went wrong, in words of one line and without the addresses of artifacts."""
    # Of the libraries below jgo, which are not imported here: they take long, and are not always there.
    kinds = {kind.__name__ for kind in type(error).__mro__}
    request = getattr(error, "request", None)
    host = urlsplit(getattr(request, "url", None) or "").netloc.rpartition("@")[2] or "the repository"
    if "SSLError" in kinds:
        return f"the certificate of {host} is not trusted; SSL_CERT_FILE names the file of those that are"
    if "ProxyError" in kinds:
        return f"the proxy on the way to {host} does not answer"
    if "Timeout" in kinds or "ConnectionError" in kinds:
        return f"{host} does not answer"
    lines = str(error).splitlines() or [type(error).__name__]
    if _NOT_FOUND in lines[0]:
        return "the repository does not have it"
    return _ADDRESS.sub("the repository", lines[0])[:200]


def _unanswered_reason(error: BaseException) -> str | None:
    """Returns why the repository could not be reached; None where it answered."""
    names = [name for each in _causes(error) for name in _class_names(each)]
    if "ProxyError" in names:
        return "the proxy does not answer"
    return next((_NO_ANSWER[name] for name in reversed(names) if name in _NO_ANSWER), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields the error and those that it came from, the innermost last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        inner = [getattr(current, "reason", None), *current.args]
        nested = next((each for each in inner if isinstance(each, BaseException)), None)
        current = nested or current.__cause__ or current.__context__


def _class_names(error: BaseException) -> Iterator[str]:
    """Yields the names of the error's classes, the most general first."""
    return (each.__name__ for each in reversed(type(error).__mro__))
