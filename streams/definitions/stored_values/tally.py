"""Counts contacts with a value worth telling of, and keeps one of the values as an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MAX_LINES = 10
"""How many counts people are shown."""
_MAX_EXAMPLE = 40


@dataclass(slots=True)
class ValueTally:
    """The number of contacts; the example is of the one with the smallest id, so their order does not matter."""

    count: int = 0
    contact: str = ""
    example: str = ""
    """The value as JSON, cut to `_MAX_EXAMPLE` characters."""

    def add(self, contact: str, value: Any) -> None:
        """Adds a contact with its value, a JSON value."""
        self.count += 1
        if self.count == 1 or contact < self.contact:
            self.contact, self.example = contact, _short_text(value)

    def to_dict(self) -> dict[str, Any]:
        """Returns the count and the example as JSON for a machine."""
        return {"contacts": self.count, "example": {"contact": self.contact, "value": self.example}}

    def text(self) -> str:
        """Returns such as `3 contacts (ada: "n/a", ...)`."""
        if self.count == 1:
            return f"1 contact ({self.contact}: {self.example})"
        return f"{self.count} contacts ({self.contact}: {self.example}, ...)"


def bounded_lines(lines: Sequence[str]) -> Iterator[str]:
    """Yields the first `MAX_LINES` lines, and how many more there are."""
    yield from lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        yield f"and {len(lines) - MAX_LINES} more; --json lists all"


def _short_text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()  # JSON can carry half of a surrogate pair; a terminal cannot
    return text if len(text) <= _MAX_EXAMPLE else text[: _MAX_EXAMPLE - 3] + "..."
