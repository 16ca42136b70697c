"""The page on hand-overs in operation: its commands exist, and its numbers are those of the code."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from agents.crm.backoff import Backoff
from agents.crm.handover_consumer import MAX_QUEUED
from agents.crm.handover_queue import FEW_CONTACTS
from connectors.salesforce.org.client import MAX_RECORDS
from streams.cli.main import build_app
from streams.settings import Settings
from streams.store.handovers.progress import AccountStop, HandOverProgress, decode_progress
from streams.store.handovers.retry import MAX_REQUESTS
from tests.harness.project_files import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "salesforce-operations.md").read_text()
COMMANDS = [
    *(line for line in re.findall(r"^\$ (leadstream .*)$", PAGE, re.MULTILINE)),
    *("leadstream salesforce pause", "leadstream salesforce resume"),
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_exists(line: str) -> None:
    command: Any = get_command(build_app())
    words = shlex.split(line)[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert command.help


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    settings = Settings()
    backoff = Backoff()
    for text in (
        f"after {backoff.first:.0f} to {backoff.longest:.0f} s",
        f"tried every {backoff.manual:.0f} s",
        f"at most {settings.salesforce_record_patience_ms // 1000} s",
        f"more than {FEW_CONTACTS} contacts",
        f"up to {MAX_RECORDS}",
        f"At most {MAX_REQUESTS:,} retries",
        f"at most {MAX_QUEUED:,} hand-overs",
    ):
        assert text in PAGE, text


def test_the_text_beside_an_offset_is_as_the_page_shows_it() -> None:
    found = re.search(r'`(\{"stopped".*\})`', PAGE)
    assert found is not None
    assert decode_progress(7, found[1]) == HandOverProgress(7, {"acme": AccountStop(1204, 1_767_225_600_000)})
