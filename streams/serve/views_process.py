"""The process that fills the embedded Redis: the role `views`, which a Redis of the user's gets from a worker."""

from __future__ import annotations

from streams.runtime.process.supervisor import Supervisor, child_environment, role_child
from streams.settings import Settings

START_PATIENCE_MS = 60_000
"""How long it waits for Kafka and its topics; where topics are missing then, `serve` ends and its log says which."""


def views_supervisor(settings: Settings) -> Supervisor:
    """Starts the process again when it ends. It gets everything but the tokens, which it has no use for."""
    update = {"serve_tokens": None, "start_patience_ms": START_PATIENCE_MS}
    environment = child_environment(settings.model_copy(update=update))
    return Supervisor([role_child("views", environment)])
