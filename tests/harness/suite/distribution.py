"""How the tests are spread over processes: how many workers, and which tests start first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

# Integration tests wait more than they compute, all others compute.
WAITING_WORKERS_PER_CORE = 3

START_FIRST: tuple[str, ...] = ()
"""The longest tests and stories, so that no worker is left alone with one of them at the end."""


def worker_count(arguments: Sequence[str]) -> int:
    """Returns how many workers suit what pytest was asked for; 0 runs the tests in this process.

    A single file or test is not worth starting workers for.
    """
    if all(".py" in argument for argument in arguments):
        return 0
    cores = os.cpu_count() or 2
    return WAITING_WORKERS_PER_CORE * cores if any(map(_has_integration_tests, arguments)) else cores


def order(items: list[pytest.Item]) -> None:
    """Puts the longest tests first, in place; the others keep their order."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _has_integration_tests(argument: str) -> bool:
    parts = Path(argument).absolute().parts
    return "integration" in parts or parts[-1] == "tests" or argument == "."


def _rank(nodeid: str) -> int:
    for rank, prefix in enumerate(START_FIRST):
        if nodeid.startswith(prefix):
            return rank
    return len(START_FIRST)
