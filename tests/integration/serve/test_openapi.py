"""`leadstream serve` against its own OpenAPI document, over a deployment that no other test looks at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.serve.server import ServeProcess


@pytest.mark.usefixtures("prospect")  # something to show
def test_the_api_holds_what_its_openapi_says(server: ServeProcess) -> None:
    """No 500, nothing undocumented, no invalid request accepted; what is valid in form may be refused by meaning."""
    program = Path(sys.executable).parent / "schemathesis"
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", "3", "--seed", "7", "--no-color"]
    options += ["--exclude-path", "/api/v1/changes/stream", "--exclude-checks", "positive_data_acceptance"]
    options += ["--rate-limit", "45/s", "--workers", "1"]
    address = f"{server.url}/api/v1/openapi.json"
    run = subprocess.run(
        [str(program), "run", address, *options],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        cwd=server.log.parent,
    )
    assert run.returncode == 0, run.stdout[-5_000:] + run.stderr
    assert '"status": 500' not in server.text
    assert "request failed" not in server.text
