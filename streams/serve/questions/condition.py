"""Reads the condition of a search; runs in a process of its own, since a condition may be long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.definitions.document import Document


def read_condition_text(text: str) -> Document:
    """The condition that a text of YAML or JSON holds. Raises UsageError where it holds none."""
    # The server names this function and does not need what it needs.
    from streams.search.condition import FILE_PREFIX, read_condition  # noqa: PLC0415

    if text.lstrip().startswith(FILE_PREFIX):
        raise UsageError("a condition is such as {property: country, eq: DE}")  # `@FILE` is the command's
    return read_condition(text)
