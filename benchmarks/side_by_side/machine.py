"""The machine and the versions that figures belong to."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

OWN_PACKAGES = ("faust-streaming", "aiokafka", "msgspec", "uvloop")
PEER_PACKAGES = ("quixstreams", "bytewax", "confluent-kafka")
KAFKA_VERSION = "4.2.1"


def machine_document(peer_python: Path | None) -> dict[str, Any]:
    """Returns processor, cores, memory, Python, versions of packages, and the day of the run."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        **{name: metadata.version(name) for name in OWN_PACKAGES},
        **(_peer_versions(peer_python) if peer_python else {}),
        **_java_version(),
    }


def processor() -> str:
    """Returns the name of the processor, "unknown" where the system does not tell."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _java_version() -> dict[str, str]:
    java = shutil.which("java")
    if java is None:
        return {}
    done = subprocess.run([java, "--version"], capture_output=True, text=True, check=True)
    return {"java": done.stdout.splitlines()[0].split()[1]}


def _peer_versions(python: Path) -> dict[str, str]:
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    done = subprocess.run([python, "-c", code, *PEER_PACKAGES], capture_output=True, text=True, check=True)
    return dict(zip(PEER_PACKAGES, done.stdout.split(), strict=True))
