"""Definitions from files: read, merged per account, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from schemas.definitions import Definitions
from streams.definitions.document import Document, DocumentProblem
from streams.definitions.merge import MergedDefinitions, merge_documents
from streams.definitions.read import read_file
from streams.engine.validation import Problem, path_text, validate_definitions
from streams.errors import DefinitionsRefused

MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class AccountDefinitions:
    """One account's definitions: as written (what a release carries) and as read."""

    name: str
    document: Mapping[str, Any]
    content: Definitions
    warnings: tuple[str, ...]
    """Each with its place where there is one."""


@dataclass(frozen=True, slots=True)
class LoadedDefinitions:
    """What files hold. With problems no account of theirs is to be applied."""

    files: tuple[str, ...]
    accounts: Mapping[str, AccountDefinitions]
    problems: tuple[DocumentProblem, ...]
    conflicts: tuple[DocumentProblem, ...] = ()
    """Those of the problems that lie between the parts: the same thing is defined in two of them."""
    warnings: tuple[DocumentProblem, ...] = ()
    """Warnings, which do not prevent applying."""

    def require(self) -> Mapping[str, AccountDefinitions]:
        """The accounts. Raises DefinitionsRefused, a line per problem, when there is any."""
        if not self.problems:
            return self.accounts
        lines = [str(problem) for problem in self.problems[:MAX_LISTED]]
        more = len(self.problems) - MAX_LISTED
        if more > 0:
            lines.append(f"and {more} more: `leadstream definitions check` lists all")
        raise DefinitionsRefused("\n".join(lines))


def load_definitions(paths: Sequence[File]) -> LoadedDefinitions:
    """Reads and checks files; mistakes in them are not raised but listed in `problems`."""
    parts: list[Document] = []
    problems: list[DocumentProblem] = []
    for path in paths:
        read, faults = read_file(path)
        parts += read
        problems += faults
    wholes = merge_documents(parts)
    clashes = [fault for whole in wholes for fault in whole.problems]
    accounts, found, warnings = _validate_all(wholes)
    names = tuple(str(path) for path in paths)
    every = _sorted_problems([*problems, *clashes, *found], names)
    return LoadedDefinitions(names, accounts, every, tuple(clashes), tuple(warnings))


def load_separately(paths: Sequence[File]) -> LoadedDefinitions:
    """Like `load_definitions`, but files that define the same things are no parts of one whole: each is judged by
    itself.

    `conflicts` then says what they both define; it is no problem of any one of them.
    """
    together = load_definitions(paths)
    if not together.conflicts:
        return together
    apart = [load_definitions([path]) for path in paths]
    accounts = {name: account for loaded in apart for name, account in loaded.accounts.items()}
    problems = tuple(problem for loaded in apart for problem in loaded.problems)
    warnings = tuple(warning for loaded in apart for warning in loaded.warnings)
    return LoadedDefinitions(together.files, accounts, problems, together.conflicts, warnings)


def _validate_all(
    merged_definitions: Sequence[MergedDefinitions],
) -> tuple[dict[str, AccountDefinitions], list[DocumentProblem], list[DocumentProblem]]:
    """The sound accounts, what is wrong with the others, and what is to be warned of."""
    accounts: dict[str, AccountDefinitions] = {}
    problems: list[DocumentProblem] = []
    warnings: list[DocumentProblem] = []
    for whole in merged_definitions:
        checked = validate_definitions(whole.values)
        problems += [_locate_problem(whole, problem) for problem in checked.problems]
        if checked.definitions is not None and not whole.problems:
            located = _sorted_problems(_locate_problem(whole, warning) for warning in checked.warnings)
            warnings += located
            told = tuple(str(warning) for warning in located)
            accounts[whole.account] = AccountDefinitions(whole.account, whole.values, checked.definitions, told)
    return accounts, problems, warnings


def _sorted_problems(problems: Iterable[DocumentProblem], files: Sequence[str] = ()) -> tuple[DocumentProblem, ...]:
    """As a reader meets them: by file as given, then by line."""
    known = {name: number for number, name in enumerate(files)}
    return tuple(sorted(problems, key=lambda fault: (known.get(fault.file, len(known)), fault.file, fault.line)))


def _locate_problem(merged_definitions: MergedDefinitions, problem: Problem) -> DocumentProblem:
    part, path = merged_definitions.locate(problem.path)
    return DocumentProblem(part.file, part.line_of(path), path_text(path), problem.message, problem.code)
