"""What all tests share: none of the caller's settings reach them, and no test can end the run."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from streams.runtime import fatal
from tests.harness.kafka.broker import BOOTSTRAP_VARIABLE
from tests.harness.runtime.process_exit import raise_process_exit
from tests.harness.suite.distribution import StoriesTogether, order, worker_count
from tests.harness.suite.processes import RunProcesses, is_worker
from tests.harness.suite.progress import Progress
from tests.harness.suite.tiers import mark_tiers

# For good, not for the length of a test: a task that outlives its test must not end the run without a word either.
fatal.exit_process = raise_process_exit

# The same examples in every run, so that a run says something of the change and not of the dice. How long one takes
# says something of the machine only; what hangs, pytest's own timeout ends.
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# By hand: `pytest --hypothesis-profile=deep`: other examples each time, and more of them where a test leaves their
# number to the profile.
settings.register_profile(
    "deep", max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)

# Where files are fetched from and kept, and which broker the tests may use, are the caller's to say.
_INHERITED_VARIABLES = {BOOTSTRAP_VARIABLE, "LEADSTREAM_CACHE", "LEADSTREAM_MAVEN_MIRROR"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Says what `-n auto` means."""
    return worker_count(config.args)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StoriesTogether:
    """Says which worker gets which test."""
    return StoriesTogether(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Adds what a run consists of besides tests."""
    config.pluginmanager.register(RunProcesses(config))
    if not is_worker(config) and config.get_verbosity() == -1:
        config.pluginmanager.register(Progress(config))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests by folder, and puts the longest first."""
    mark_tiers(items, Path(__file__).parent)
    order(items)


def pytest_collection_finish() -> None:
    """Keeps the garbage collector away from modules and tests, which stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _clear_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("LEADSTREAM_") and name not in _INHERITED_VARIABLES:
            monkeypatch.delenv(name)
