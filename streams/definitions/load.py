"""Definitions from files: read, merged per account, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from schemas.definitions import Definitions
from streams.definitions.merge import Merged, merge
from streams.definitions.part import Fault, Part
from streams.definitions.read import read_file
from streams.engine.checks import Problem, check, path_text
from streams.errors import DefinitionsRefused

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Account:
    """One account's definitions: as written (what a release carries) and as read."""

    name: str
    document: Mapping[str, Any]
    content: Definitions
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What files hold. With problems no account of theirs is to be applied."""

    files: tuple[str, ...]
    accounts: Mapping[str, Account]
    problems: tuple[Fault, ...]

    def require(self) -> Mapping[str, Account]:
        """The accounts. Raises DefinitionsRefused, a line per problem, when there is any."""
        if not self.problems:
            return self.accounts
        lines = [str(problem) for problem in self.problems[:MOST_LISTED]]
        more = len(self.problems) - MOST_LISTED
        if more > 0:
            lines.append(f"and {more} more: `leadstream definitions check` lists all")
        raise DefinitionsRefused("\n".join(lines))


def load(paths: Sequence[File]) -> Loaded:
    """Reads and checks files; nothing is raised for what they hold, it stands in `problems`."""
    parts: list[Part] = []
    problems: list[Fault] = []
    for path in paths:
        read, faults = read_file(path)
        parts += read
        problems += faults
    accounts, found = check_parts(parts)
    return Loaded(tuple(str(path) for path in paths), accounts, tuple(problems + found))


def check_parts(parts: Sequence[Part]) -> tuple[dict[str, Account], list[Fault]]:
    """The sound accounts among parts, and what is wrong with the others; pure."""
    accounts: dict[str, Account] = {}
    problems: list[Fault] = []
    for whole in merge(parts):
        checked = check(whole.values)
        problems += [*whole.faults, *(_located(whole, problem) for problem in checked.problems)]
        if checked.definitions is not None and not whole.faults:
            warnings = tuple(checked.warnings)
            accounts[whole.account] = Account(whole.account, whole.values, checked.definitions, warnings)
    return accounts, problems


def _located(whole: Merged, problem: Problem) -> Fault:
    part, path = whole.locate(problem.path)
    return Fault(part.file, part.line_of(path), path_text(path), problem.message, problem.code)
