"""Settings that the broker refuses: their bounds are the broker's own, and a restart does not help."""

from __future__ import annotations

from aiokafka.errors import InvalidSessionTimeoutError, InvalidTransactionTimeout

from streams.errors import ConfigurationError
from streams.settings import variable_name

_BOUNDS = {
    InvalidSessionTimeoutError: (
        "session_ms",
        "what its group.min.session.timeout.ms and group.max.session.timeout.ms allow",
    ),
    InvalidTransactionTimeout: ("transaction_timeout_ms", "at most its transaction.max.timeout.ms"),
}


def refusal_of_setting(error: BaseException) -> BaseException:
    """ConfigurationError naming the setting that the broker refused; any other error as it is."""
    for kind, (name, bounds) in _BOUNDS.items():
        if isinstance(error, kind):
            return ConfigurationError(f"the broker refuses {variable_name(name)}: set it to {bounds} ms")
    return error
