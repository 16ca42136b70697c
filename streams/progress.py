"""The callback through which a long operation reports how far it is."""

from __future__ import annotations

from collections.abc import Callable

ProgressCallback = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0: not known).

What it raises ends the operation, which tidies up first."""


def ignore_progress(_what: str, _done: int, _total: int) -> None:
    """A `ProgressCallback` that shows nothing."""
