"""Builds the Kafka Streams peer by Maven, once, in the cache folder."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import blake2b
from pathlib import Path

from connectors.kafka.jars import cache_folder

SOURCES = Path(__file__).parent / "peers" / "java"
MAIN_CLASS = "leadstream.bench.StreamsPeer"


def streams_command() -> list[str] | None:
    """Returns the command that runs the peer; None where Java or Maven is missing.

    Raises RuntimeError with the end of Maven's output when the build fails.
    """
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None:
        return None
    folder = cache_folder() / f"benchmark-streams-{_fingerprint()}"
    if not (folder / "complete").exists():
        _build(maven, folder)
    return [java, "-cp", f"{folder / 'target' / 'classes'}:{folder / 'target' / 'lib'}/*", MAIN_CLASS]


def _build(maven: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCES, folder)
    command = [maven, "--quiet", "--batch-mode", "package"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Maven could not build the Kafka Streams peer: {done.stdout[-2_000:]}")
    (folder / "complete").touch()


def _fingerprint() -> str:
    digest = blake2b(digest_size=8)
    for path in sorted(SOURCES.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
