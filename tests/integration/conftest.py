"""What integration tests share: a real Kafka, and a prefix that makes its topics their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.kafka.broker import fresh_prefix, running_kafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The bootstrap address of a real broker that all tests of the run share."""
    with running_kafka(tmp_path_factory.mktemp("kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture
def prefix() -> str:
    """A topic prefix of this test alone."""
    return fresh_prefix()
