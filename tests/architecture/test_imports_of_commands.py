"""A command imports what it uses: checking and replaying files need no Kafka client and no Salesforce client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from streams.cli.commands import COMMANDS, CommandEntry, CommandGroup
from tests.harness.project_files import PROJECT_ROOT

DEFINITIONS = PROJECT_ROOT / "streams" / "demo" / "definitions.yaml"
EVENT = '{"id": "1", "type": "contact.changed", "at": "2026-03-01T09:00:00Z", "contact": "ada", "status": "active"}\n'

RUN_AND_LIST = """
import json, sys
from streams.cli.main import run
try:
    run()
except SystemExit as end:
    print(json.dumps([end.code, sorted(sys.modules)]), file=sys.stderr)
"""


def imported_packages(*arguments: str) -> set[str]:
    """The top-level packages that are loaded at the end of a command that succeeds."""
    return {name.partition(".")[0] for name in imported_modules(*arguments)}


def imported_modules(*arguments: str) -> set[str]:
    """The modules that are loaded at the end of a command that succeeds."""
    run = subprocess.run(
        [sys.executable, "-c", RUN_AND_LIST, *arguments], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True
    )
    code, modules = json.loads(run.stderr.splitlines()[-1])
    assert code == 0, run.stderr
    return set(modules)


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


READS = """
import gc, json, sys
from streams.definitions import deployment_plan, load_definitions
from streams.engine.releases.release_log import ReleaseLog
from streams.store import outputs, releases, retention, store
log = ReleaseLog("events")
definitions = {"segments": [{"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}]}
value = json.dumps({"type": "definitions.applied", "id": "1", "based_on": 0, "definitions": definitions}).encode()
assert log.add(0, 0, b"default", value) is not None
print(json.dumps(sorted(sys.modules)))
"""


def test_releases_without_patterns_are_read_and_validated_without_deciding_and_without_re2() -> None:
    run = subprocess.run([sys.executable, "-c", READS], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True)
    modules = set(json.loads(run.stdout))
    assert "streams.engine.validation.definitions" in modules
    assert not modules & {"re2", "streams.engine.conditions.regex.case_folding", "streams.engine.partition.decider"}
    assert not [name for name in modules if name.startswith("streams.engine.decisions")]


COUNT_COLLECTIONS = """
import gc, sys
from streams.cli.main import run
started = []
gc.callbacks.append(lambda phase, info: started.append(info["generation"]) if phase == "start" else None)
try:
    run()
except SystemExit as end:
    print(end.code, len(started), gc.isenabled(), file=sys.stderr)
"""


def test_a_command_does_not_look_for_garbage_in_what_it_imports() -> None:
    run = subprocess.run(
        [sys.executable, "-c", COUNT_COLLECTIONS, "definitions", "check", str(DEFINITIONS)],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=True,
    )
    code, collections, is_enabled = run.stderr.splitlines()[-1].split()
    assert (code, is_enabled) == ("0", "True")
    assert int(collections) <= 3


def test_publishing_lines_of_json_loads_nothing_for_other_files_and_draws_nothing(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text(EVENT)
    modules = imported_modules("publish", "--dry-run", str(events))
    assert "streams.publish.dry_run" in modules
    assert not [
        name for name in modules if name.startswith(("rich", "streams.publish.csv", "streams.store.releases"))
    ]
    assert "streams.engine.validation" not in modules


LOAD_AND_LIST = """
import json, sys
from streams.cli.main import build_app
from streams.cli.commands import load_command
build_app()
load_command("command", sys.argv[1])
import streams.environment
print(json.dumps(sorted(sys.modules)))
"""

CLIENTS_OF_OTHERS = {"faust", "mode", "aiohttp", "requests", "simple_salesforce", "zeep", "redis", "uvloop", "ruamel"}
"""What no command needs before it knows its arguments: each takes a twentieth of a second of CPU or more."""

SLOW_PARTS = {
    "rich": {"settings:show_settings"},
    "streams.search": {"search:search_contacts"},
    "streams.verify": {"verify:verify_command"},
    "streams.explain": {"explain:explain"},
    "streams.backtest": {"history.backtest:backtest"},
    "streams.reports": {"campaigns.report:report"},
    "streams.publish.csv": set(),
    "pydantic_settings": set(),
    "re2": {"verify:verify_command"},  # for patterns in conditions
    "streams.engine.decisions.decide": {  # what plays the journal again
        *("explain:explain", "replay:replay", "history.backtest:backtest"),
    },
    "streams.engine.validation": {  # what reads releases checks whether they are valid
        *("search:search_contacts", "explain:explain", "verify:verify_command", "replay:replay"),
        *("definitions.apply:apply", "definitions.check:check", "definitions.plan:plan"),
        *("definitions.releases:show", "definitions.upgrade:upgrade", "history.backtest:backtest"),
        "campaigns.report:report",
    },
}
"""Package -> the commands that are made of it."""


def entries_of(commands: Iterable[CommandEntry | CommandGroup]) -> Iterator[CommandEntry]:
    """The commands, those of groups too."""
    for each in commands:
        if isinstance(each, CommandGroup):
            yield from entries_of(each.commands.values())
        else:
            yield each


def started_commands() -> list[str]:
    """The targets of all commands but those that start workers, one of each module."""
    by_module = {entry.target.partition(":")[0]: entry.target for entry in entries_of(COMMANDS.values())}
    return sorted(target for module, target in by_module.items() if module not in ("worker", "demo"))


LIST_WHAT_SERVES = """
import json, sys
import streams.runtime.process.logs, streams.serve.server
print(json.dumps(sorted(sys.modules)))
"""


def test_the_server_starts_without_what_answers_questions() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIST_WHAT_SERVES], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True
    )
    modules = set(json.loads(run.stdout))
    assert "streams.serve.routes.search" in modules
    for package in (
        *("streams.search", "streams.explain", "streams.definitions", "ruamel", "re2"),
        *("streams.engine.validation", "streams.engine.conditions", "streams.engine.decisions"),
    ):
        assert package not in modules, package


TELL_BUILT_MODELS = """
{0}
from schemas import definitions
from schemas.conditions import AllOf, Operators
print([each.__pydantic_complete__ for each in (Operators, AllOf, definitions.Segment, definitions.Definitions)])
"""


@pytest.mark.parametrize(
    ("imports", "are_built"),
    [
        ("import schemas.topics, streams.publish.lines, streams.store.outputs.tables", False),
        ("import streams.engine.validation", True),
    ],
)
def test_models_of_definitions_are_built_where_definitions_are_validated(imports: str, are_built: bool) -> None:
    run = subprocess.run(
        [sys.executable, "-c", TELL_BUILT_MODELS.format(imports)],
        capture_output=True,
        text=True,
        cwd=PROJECT_ROOT,
        check=True,
    )
    assert run.stdout.strip() == str([are_built] * 4)


@pytest.mark.parametrize("target", started_commands())
def test_a_command_starts_with_what_it_is_made_of_alone(target: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOAD_AND_LIST, target], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True
    )
    modules = set(json.loads(run.stdout))
    assert "typer" in modules
    assert not CLIENTS_OF_OTHERS & {name.partition(".")[0] for name in modules}
    for package, owners in SLOW_PARTS.items():
        assert target in owners or package not in modules, package
