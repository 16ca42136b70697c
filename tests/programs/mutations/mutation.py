"""One rule of the specification, and how to break it in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ENGINE = "streams/engine/"

Section = Literal[3, 5, 6]
"""Of the specification: 5 conditions, 6 time; of 3 only what 6 leans on (repeats by id, events from the future)."""


class DoesNotApply(Exception):
    """The mutation's text does not stand exactly once in its file: the list has to follow the code."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """`text` stands exactly once in the file `where` (below the engine's folder); `instead` breaks the rule."""

    id: str
    section: Section
    rule: str
    """The rule in the specification's words."""
    where: str
    text: str
    instead: str
    caught_by: tuple[str, ...]
    """Tests as pytest names them, of which at least one has to fail."""

    @property
    def path(self) -> str:
        """The file, from the top of the project."""
        return ENGINE + self.where

    @property
    def module(self) -> str:
        """The file as Python imports it."""
        return self.path.removesuffix(".py").replace("/", ".")

    def apply_to(self, source: str) -> str:
        """The file with the rule broken. Raises DoesNotApply."""
        found = source.count(self.text)
        if found != 1:
            raise DoesNotApply(f"{self.id}: its text stands {found} times in {self.path}, not once")
        return source.replace(self.text, self.instead)
