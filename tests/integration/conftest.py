"""Fixtures of the integration tests: a real Kafka, and a topic prefix for each test."""

from __future__ import annotations

import pytest

from tests.harness.kafka.broker import fresh_prefix, shared_kafka
from tests.harness.suite.processes import run_folder


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> str:
    """Returns the bootstrap address of a real broker that all tests share; tests/conftest.py stops it."""
    return shared_kafka(run_folder(pytestconfig))


@pytest.fixture
def prefix() -> str:
    """Returns a topic prefix of this test alone."""
    return fresh_prefix()
