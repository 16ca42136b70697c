"""A command in a fork of the process that has imported the program is the command in a Python of its own."""

from __future__ import annotations

import pytest

from tests.harness.cli import leadstream


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--version",), {}),
        (("definitions", "check", "nowhere.yaml"), {}),
        (("publish", "--no-such-option"), {}),
        (("topics", "check"), {"LEADSTREAM_PARTITIONS": "many"}),
    ],
)
def test_both_say_and_end_alike(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    forked = leadstream(*arguments, env=environment)
    fresh = leadstream(*arguments, env=environment, fresh=True)
    assert (forked.returncode, forked.stdout, forked.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)


def test_settings_of_one_command_do_not_reach_the_next() -> None:
    assert leadstream("topics", "check", env={"LEADSTREAM_PARTITIONS": "many"}).returncode == 78
    assert "many" not in leadstream("topics", "check", env={"LEADSTREAM_BOOTSTRAP": "127.0.0.1:1"}).stderr
