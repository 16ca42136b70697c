"""The error of a condition that cannot be compiled.

ValueError
└── ConditionRefused    well formed, but it makes no sense within these definitions
"""

from __future__ import annotations


class ConditionRefused(ValueError):
    """A condition that cannot be compiled; `path` holds the keys and list indexes to it, outermost first."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def with_prefix(self, *keys: str | int) -> ConditionRefused:
        """Returns the same refusal with `keys` before its path."""
        return type(self)(self.message, (*keys, *self.path))

    def __str__(self) -> str:
        location = ".".join(str(key) for key in self.path)
        return f"{location}: {self.message}" if location else self.message
