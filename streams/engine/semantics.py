"""An engine decides on nothing that an engine of another meaning left behind (see `streams.engine.served`)."""

from __future__ import annotations

from streams.engine.served import SEMANTICS
from streams.errors import OtherSemantics


def expect_semantics(number: int, what: str) -> None:
    """Raises OtherSemantics unless `what` was written by an engine of this meaning."""
    if number != SEMANTICS:
        raise OtherSemantics(
            f"{what} was written by an engine of semantics {number}, this one has {SEMANTICS}; run the version that"
            " wrote it, or start a new deployment under another prefix and publish the events to it again"
        )
