"""axe-core, which finds what people with a disability would stumble over; npm fetches it once into the cache."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from connectors.kafka.jars import cache_folder
from tests.harness.console.browser import Browser

VERSION = "4.14.1"
FETCH_SECONDS = 60.0
GRAVE = frozenset({"serious", "critical"})

_RUN = """
const done = arguments[0];
const place = (node) => `${node.target.join(" ")}: ${node.failureSummary}`;
axe.run(document, { resultTypes: ["violations"] }).then(
  (found) => done(found.violations.map(({ id, impact, help, nodes }) =>
    ({ id, impact, help, places: nodes.slice(0, 5).map(place) }))),
  (error) => done([{ id: "axe", impact: "critical", help: String(error), places: [] }]));
"""


def find_axe() -> str | None:
    """The script of axe-core; None where it is not in the cache and npm cannot fetch it."""
    script = cache_folder() / f"axe-core-{VERSION}.js"
    if not script.exists() and not _fetch(script):
        return None
    return script.read_text()


def _fetch(script: Path) -> bool:
    npm = shutil.which("npm")
    if npm is None:
        return False
    script.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=script.parent) as folder:
        command = [npm, "pack", f"axe-core@{VERSION}", "--silent"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=FETCH_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        archive = Path(folder) / f"axe-core-{VERSION}.tgz"
        if done.returncode or not archive.exists():
            return False
        with tarfile.open(archive) as files:
            member = files.extractfile("package/axe.min.js")
            assert member is not None
            (Path(folder) / script.name).write_bytes(member.read())
        (Path(folder) / script.name).replace(script)  # two test workers may fetch at once
    return True


def grave_findings(browser: Browser, axe: str) -> list[dict[str, Any]]:
    """What is serious or critical on the page that is shown.

    The driver runs the script: the console's policy lets no page run one that is not its own.
    """
    browser.run(axe)
    found: list[dict[str, Any]] = browser.run_and_wait(_RUN)
    return [each for each in found if each["impact"] in GRAVE]
