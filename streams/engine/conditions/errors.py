"""What a condition can be refused for when it is compiled.

ValueError
└── ConditionRefused    well formed, but it makes no sense within these definitions
"""

from __future__ import annotations


class ConditionRefused(ValueError):
    """A condition that cannot be compiled; `path` are the keys that lead to it, outermost first."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def with_prefix(self, *keys: str | int) -> ConditionRefused:
        """The same refusal seen from further out."""
        return type(self)(self.message, (*keys, *self.path))

    def __str__(self) -> str:
        place = ".".join(str(key) for key in self.path)
        return f"{place}: {self.message}" if place else self.message
