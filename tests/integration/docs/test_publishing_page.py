"""The page on publishing is correct: its files and commands give what it shows, and it has every option."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path

import pytest
from typer.models import OptionInfo

from streams.cli import csv_options
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.docs.guide import Block, blocks, tables
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "publishing.md").read_text()
BLOCKS = blocks(TEXT)
DRY_RUNS = [block for block in BLOCKS if block.kind == "console" and "--dry-run" in block.text]


def command_and_output(block: Block) -> tuple[list[str], list[str]]:
    """Returns the words behind `leadstream`, and the lines that the command shows."""
    lines = block.text.replace("\\\n", " ").splitlines()
    program, *words = shlex.split(lines[0].removeprefix("$ "))
    assert program == "leadstream"
    return words, lines[1:]


@pytest.mark.parametrize("block", DRY_RUNS, ids=lambda block: f"line {block.line}")
def test_a_dry_run_shows_what_the_page_shows(
    block: Block, kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(create_topics(Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1)))
    for file in BLOCKS:
        kind, _, name = file.kind.partition(" ")
        if kind == "csv":
            (tmp_path / name).write_text(file.text)
    monkeypatch.chdir(tmp_path)
    words, shown = command_and_output(block)
    result = leadstream(*words, env={"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix})
    written = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert sorted(written) == sorted(shown)
    assert result.returncode == (65 if "refused" in result.stdout else 0)


def test_there_is_a_dry_run_to_try() -> None:
    assert len(DRY_RUNS) == 1


def test_the_table_has_every_option_of_csv_and_no_other() -> None:
    options = [getattr(each, "__metadata__", (None,))[0] for each in vars(csv_options).values()]
    # Typer takes the first name of an annotation for its default.
    names = [
        name
        for option in options
        if isinstance(option, OptionInfo)
        for name in (option.default, *(option.param_decls or ()))
    ]
    offered = {name for name in names if isinstance(name, str) and name.startswith("--")}
    assert len(offered) > 10
    rows = tables(TEXT, "| option | says | without it |")
    assert {option for row in rows for option in re.findall(r"--[a-z-]+", row[0])} == offered
