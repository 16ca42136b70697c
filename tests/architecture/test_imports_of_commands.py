"""A command imports what it uses: checking and replaying files need no Kafka client and no Salesforce client."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.project_files import PROJECT_ROOT

DEFINITIONS = PROJECT_ROOT / "streams" / "demo" / "definitions.yaml"
EVENT = '{"id": "1", "type": "contact.changed", "at": "2026-03-01T09:00:00Z", "contact": "ada", "status": "active"}\n'

RUN_AND_LIST = """
import json, sys
from streams.cli.main import run
try:
    run()
except SystemExit as end:
    print(json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def imported_packages(*arguments: str) -> set[str]:
    """The top-level packages that are loaded at the end of a command that succeeds."""
    run = subprocess.run(
        [sys.executable, "-c", RUN_AND_LIST, *arguments], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True
    )
    code, packages = json.loads(run.stderr.splitlines()[-1])
    assert code == 0, run.stderr
    return set(packages)


def test_the_help_of_all_commands_loads_none_of_them() -> None:
    packages = imported_packages("--help")
    assert "typer" in packages
    assert not packages & {"schemas", "agents", "connectors", "pydantic", "faust", "aiokafka", "simple_salesforce"}


def test_checking_definitions_loads_no_client() -> None:
    packages = imported_packages("definitions", "check", str(DEFINITIONS))
    assert "pydantic" in packages
    assert not packages & {"faust", "mode", "aiokafka", "aiohttp", "simple_salesforce", "requests", "rich"}


@pytest.mark.parametrize("options", [[], ["--records"], ["--state"]])
def test_replaying_a_file_loads_no_client(tmp_path: Path, options: list[str]) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(EVENT)
    packages = imported_packages("replay", *options, "--definitions", str(DEFINITIONS), str(events))
    assert "msgspec" in packages
    assert not packages & {"faust", "mode", "aiokafka", "aiohttp", "simple_salesforce", "requests"}
