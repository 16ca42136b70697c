"""A setting that the broker refuses is named with the broker's own bounds; no restart mends it."""

from __future__ import annotations

import pytest
from aiokafka.errors import InvalidSessionTimeoutError, InvalidTransactionTimeout, KafkaError

from streams.errors import ConfigurationError
from streams.kafka.refusals import refusal_of_setting


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (InvalidSessionTimeoutError(), ("LEADSTREAM_SESSION_MS", "group.min.session.timeout.ms")),
        (InvalidTransactionTimeout(), ("LEADSTREAM_TRANSACTION_TIMEOUT_MS", "transaction.max.timeout.ms")),
    ],
)
def test_the_setting_and_the_brokers_bounds_are_named(error: KafkaError, names: tuple[str, str]) -> None:
    refusal = refusal_of_setting(error)
    assert isinstance(refusal, ConfigurationError)
    assert [name for name in names if name not in str(refusal)] == []


def test_another_error_stays_what_it_is() -> None:
    error = KafkaError("another")
    assert refusal_of_setting(error) is error
