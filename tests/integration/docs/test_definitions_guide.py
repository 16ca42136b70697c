"""The commands of the page on definitions, run in order on a real deployment, print what the page shows."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.docs.guide import Block, blocks
from tests.harness.project_files import PROJECT_ROOT

GUIDE = PROJECT_ROOT / "docs" / "definitions.md"
BLOCKS = blocks(GUIDE.read_text())
WRITES = ("publish", "apply")
"""Commands after which the workers have something to decide."""


def commands(block: Block) -> Iterator[tuple[list[str], list[str]]]:
    """Yields the arguments of each command of a console block, and the lines that it prints."""
    for part in block.text.removeprefix("$ ").split("\n$ "):
        command, *lines = part.splitlines()
        program, *arguments = shlex.split(command)
        assert program == "leadstream"
        yield arguments, lines


def test_every_command_prints_what_the_page_shows(
    kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=2) as pipeline:
        pipeline.start_worker()
        for block in BLOCKS:
            if block.name is not None:
                (tmp_path / block.name).write_text(block.text)
            elif block.kind == "json events":
                (tmp_path / "events.jsonl").write_text(block.text)
            elif block.kind == "console":
                _assert_printed(pipeline, block)


def _assert_printed(pipeline: Pipeline, block: Block) -> None:
    for arguments, expected in commands(block):
        ran = leadstream(*arguments, env=pipeline.environment)
        assert (ran.stderr + ran.stdout).splitlines() == expected, f"line {block.line}"
        if any(word in arguments for word in WRITES):
            pipeline.wait_until_settled()


def test_the_page_shows_the_whole_life_cycle() -> None:
    subcommands = {arguments[1] for block in BLOCKS if block.kind == "console" for arguments, _ in commands(block)}
    assert subcommands >= {"check", "plan", "apply", "history", "show"}
