"""The process that fills the embedded Redis: the role `views`, which a Redis of the user's gets from a worker."""

from __future__ import annotations

import sys

from streams.runtime.process.supervisor import Child, Supervisor, child_environment
from streams.settings import Settings

START_PATIENCE_MS = 86_400_000
"""How long it waits for Kafka and its topics: the server tells meanwhile that the read models are not there."""


def views_supervisor(settings: Settings, url: str) -> Supervisor:
    """Starts the process again when it ends. It gets everything but the tokens, which it has no use for."""
    update = {"redis_url": url, "serve_tokens": None, "start_patience_ms": START_PATIENCE_MS}
    environment = child_environment(settings.model_copy(update=update))
    return Supervisor([Child("views", [sys.executable, "-m", "agents.views"], environment)])
