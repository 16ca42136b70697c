"""The lists of long tests and of stories name what exists, and the number of workers follows what is asked for."""

from __future__ import annotations

import os

import pytest

from tests.harness.project_files import PROJECT_ROOT
from tests.harness.suite.distribution import START_FIRST, STORIES, worker_count


def test_the_lists_name_what_exists() -> None:
    paths = [*STORIES, *(prefix.partition("::")[0] for prefix in START_FIRST)]
    assert [path for path in paths if not (PROJECT_ROOT / path).exists()] == []
    tests = [prefix.split("::") for prefix in START_FIRST if "::" in prefix]
    assert [test for path, test in tests if f"def {test}" not in (PROJECT_ROOT / path).read_text()] == []


def test_every_file_with_a_fixture_of_its_module_is_a_story() -> None:
    files = (PROJECT_ROOT / "tests").rglob("test_*.py")
    sharing = {str(path.relative_to(PROJECT_ROOT)) for path in files if 'scope="mod' + 'ule"' in path.read_text()}
    folders = tuple(story for story in STORIES if story.endswith("/"))
    assert {path for path in sharing if not path.startswith(folders)} == set(STORIES) - set(folders)


@pytest.mark.parametrize(
    ("arguments", "workers_per_core"),
    [
        (["tests"], 3),
        (["tests/integration/salesforce"], 3),
        (["tests/unit", "tests/architecture"], 1),
        (["tests/unit/schemas/test_durations.py"], 0),
        (["tests/integration/redis/test_local_redis.py::test_a_port_in_use_is_one_clear_line"], 0),
    ],
)
def test_workers_follow_what_is_asked_for(arguments: list[str], workers_per_core: int) -> None:
    assert worker_count(arguments) == workers_per_core * (os.cpu_count() or 2)
