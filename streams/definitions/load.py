"""Definitions from files: read, merged per account, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from schemas.definitions import Definitions
from streams.definitions.document import Fault, Part
from streams.definitions.merge import Merged, merge
from streams.definitions.read import read_file
from streams.engine.validation import Problem, check, path_text
from streams.errors import DefinitionsRefused

MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Account:
    """One account's definitions: as written (what a release carries) and as read."""

    name: str
    document: Mapping[str, Any]
    content: Definitions
    warnings: tuple[str, ...]
    """Each with its place where there is one."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What files hold. With problems no account of theirs is to be applied."""

    files: tuple[str, ...]
    accounts: Mapping[str, Account]
    problems: tuple[Fault, ...]
    clashes: tuple[Fault, ...] = ()
    """Those of the problems that lie between the parts: the same thing is defined in two of them."""
    warnings: tuple[Fault, ...] = ()
    """What keeps nobody from applying."""

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
    wholes = merge(parts)
    clashes = [fault for whole in wholes for fault in whole.faults]
    accounts, found, warnings = _checked(wholes)
    names = tuple(str(path) for path in paths)
    every = _in_order([*problems, *clashes, *found], names)
    return Loaded(names, accounts, every, tuple(clashes), tuple(warnings))


def load_each(paths: Sequence[File]) -> Loaded:
    """Like `load`, but files that define the same things are no parts of one whole: each is judged by itself.

    `clashes` then says what they both define; it is no problem of any one of them.
    """
    together = load(paths)
    if not together.clashes:
        return together
    apart = [load([path]) for path in paths]
    accounts = {name: account for loaded in apart for name, account in loaded.accounts.items()}
    problems = tuple(problem for loaded in apart for problem in loaded.problems)
    warnings = tuple(warning for loaded in apart for warning in loaded.warnings)
    return Loaded(together.files, accounts, problems, together.clashes, warnings)


def _checked(wholes: Sequence[Merged]) -> tuple[dict[str, Account], list[Fault], list[Fault]]:
    """The sound accounts, what is wrong with the others, and what is to be warned of."""
    accounts: dict[str, Account] = {}
    problems: list[Fault] = []
    warnings: list[Fault] = []
    for whole in wholes:
        checked = check(whole.values)
        problems += [_located(whole, problem) for problem in checked.problems]
        if checked.definitions is not None and not whole.faults:
            located = _in_order(_located(whole, warning) for warning in checked.warnings)
            warnings += located
            told = tuple(str(warning) for warning in located)
            accounts[whole.account] = Account(whole.account, whole.values, checked.definitions, told)
    return accounts, problems, warnings


def _in_order(faults: Iterable[Fault], files: Sequence[str] = ()) -> tuple[Fault, ...]:
    """As a reader meets them: by file as given, then by line."""
    known = {name: number for number, name in enumerate(files)}
    return tuple(sorted(faults, key=lambda fault: (known.get(fault.file, len(known)), fault.file, fault.line)))


def _located(whole: Merged, problem: Problem) -> Fault:
    part, path = whole.locate(problem.path)
    return Fault(part.file, part.line_of(path), path_text(path), problem.message, problem.code)
