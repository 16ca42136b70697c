"""What integration tests share: a real Kafka, and a prefix that makes its topics their own."""

from __future__ import annotations

import pytest

from tests.harness.kafka.broker import fresh_prefix, shared_kafka
from tests.harness.suite.processes import run_folder


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> str:
    """The bootstrap address of a real broker that all tests of the run share; the run ends it (tests/conftest.py)."""
    return shared_kafka(run_folder(pytestconfig))


@pytest.fixture
def prefix() -> str:
    """A topic prefix of this test alone."""
    return fresh_prefix()
