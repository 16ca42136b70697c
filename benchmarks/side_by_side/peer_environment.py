"""The environment with the peers' packages, made once in a cache folder by uv."""

from __future__ import annotations

import shutil
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path

from connectors.kafka.jars import cache_folder

REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"


def peer_python() -> Path:
    """Returns the Python of the environment; the first call installs it. Raises RuntimeError without uv."""
    folder = cache_folder() / f"benchmark-peers-{_fingerprint()}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    uv = shutil.which("uv")
    if uv is None:
        raise RuntimeError("uv is needed to install the peers' packages; see https://docs.astral.sh/uv")
    # --no-config: the constraints of this project are not for the peers.
    subprocess.run(
        [uv, "venv", "--quiet", "--no-config", "--clear", "--python", sys.executable, str(folder)], check=True
    )
    install = [uv, "pip", "install", "--quiet", "--no-config", "--python", str(python), "-r", str(REQUIREMENTS)]
    subprocess.run(install, check=True)
    (folder / "complete").touch()
    return python


def _fingerprint() -> str:
    content = REQUIREMENTS.read_bytes() + sys.version.encode()
    return blake2b(content, digest_size=8).hexdigest()
