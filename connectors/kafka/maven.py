"""Finds Maven artifacts in the repository of this machine, in a mirror, or in the central repository."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from traceback import clear_frames
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import stamina
from stamina.instrumentation import set_on_retry_hooks

from streams.errors import LocalBrokerError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

ATTEMPTS = 3
TIMEOUT_SECONDS = 30
MIRROR_VARIABLE = "LEADSTREAM_MAVEN_MIRROR"
_URL = re.compile(r"https?://[^\s/]+(?:/\S*)?")
_ADDRESS = re.compile(r"\w+://\S+")


class _FetchError(Exception):
    """One attempt failed and is repeated."""


class Maven:
    """Finds artifacts; `scratch` is the folder for fetched files.

    `LEADSTREAM_MAVEN_MIRROR` (an address) replaces the central repository.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._context = _context(scratch)

    def find(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        """Returns the path of an artifact for which `is_valid` holds.

        Raises LocalBrokerError when it cannot be fetched or is not valid.
        """
        local = _local_repository() / _relative_path(group, artifact, version)
        if is_valid(local):
            return local
        try:
            return self._fetch(group, artifact, version, is_valid)
        except _FetchError as error:
            raise LocalBrokerError(
                f"{group}:{artifact}:{version} cannot be fetched ({error}); check the network, or set"
                f" {MIRROR_VARIABLE} to a Maven repository that can be reached"
            ) from error

    @stamina.retry(on=_FetchError, attempts=ATTEMPTS, wait_initial=0.3, wait_max=2.0)
    def _fetch(self, group: str, artifact: str, version: str, is_valid: Callable[[Path], bool]) -> Path:
        try:
            path = Path(self._context.project(group, artifact).at_version(version).artifact().resolve())
        except Exception as error:  # jgo and the libraries below it raise many kinds
            self._remove(group, artifact, version)
            # jgo leaves files open when it fails; they close when no frame of the failed call refers to them.
            clear_frames(error.__traceback__)
            raise _FetchError(_short_message(error)) from error
        if not is_valid(path):
            self._remove(group, artifact, version)
            raise _FetchError("its checksum is not the one in the lock file")
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
    # What stamina tells of an attempt is for a program's log; a command tells of the last one, in one line.
    set_on_retry_hooks(())
    remote = {"mirror": mirror.rstrip("/")} if mirror else None
    return MavenContext(repo_cache=scratch, remote_repos=remote, timeout=TIMEOUT_SECONDS)


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
    if " not found in remote " in lines[0]:
        return "the repository does not have it, or does not answer as one"
    return _ADDRESS.sub("the repository", lines[0])[:200]
