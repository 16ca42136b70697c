"""One rule of the specification, and how to break it in the engine, or in what connects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ENGINE = "streams/engine/"
OUTSIDE = ("connectors/", "agents/", "streams/")
"""Where a path begins that is one of the project, and not of the engine's folder."""

Section = Literal[2, 3, 5, 6, 7, 8, 10, 11]
"""Of the specification: 2 topics, 3 points, repeats and events of the future, 5 conditions, 6 time, 7 leads,
8 Salesforce, 10 the read side and its server, 11 promises: nothing lost, nothing twice, in order."""


class DoesNotApply(Exception):
    """The mutation's text does not occur exactly once in its file: update the list."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """`text` occurs exactly once in the file `where`; `instead` breaks the rule.

    `where` is a path below the engine's folder, or one of the project that begins with `connectors/`, `agents/` or
    `streams/`.
    """

    id: str
    section: Section
    rule: str
    """The rule in the specification's words."""
    where: str
    text: str
    instead: str
    caught_by: tuple[str, ...]
    """Tests by their pytest ids; at least one has to fail."""

    @property
    def path(self) -> str:
        """The path of the file in the project."""
        return self.where if self.where.startswith(OUTSIDE) else ENGINE + self.where

    @property
    def module(self) -> str:
        """The name of the module."""
        return self.path.removesuffix(".py").replace("/", ".")

    def apply_to(self, source: str) -> str:
        """Returns the source with the broken rule. Raises DoesNotApply."""
        count = source.count(self.text)
        if count != 1:
            raise DoesNotApply(f"{self.id}: its text stands {count} times in {self.path}, not once")
        return source.replace(self.text, self.instead)
