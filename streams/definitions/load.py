"""Loads definitions from files: reads them, merges them per account, checks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from streams.definitions.document import Document, DocumentProblem, UnreadableDocument
from streams.definitions.merge import MergedDefinitions, merge_documents
from streams.definitions.read import read_file, read_text
from streams.engine.validation import Problem, lowered_version_problem, validate_definitions
from streams.errors import DefinitionsInvalid

MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class AccountDefinitions:
    """One account's definitions: the JSON document that a release carries, and the model parsed from it."""

    name: str
    document: Mapping[str, Any]
    content: Definitions
    warnings: tuple[str, ...]
    """Each with file and line where it has one."""


@dataclass(frozen=True, slots=True)
class LoadedDefinitions:
    """The content of files. With problems, none of their accounts may be applied."""

    files: tuple[str, ...]
    accounts: Mapping[str, AccountDefinitions]
    problems: tuple[DocumentProblem, ...]
    conflicts: tuple[DocumentProblem, ...] = ()
    """The problems between files: two of them define the same thing."""
    warnings: tuple[DocumentProblem, ...] = ()
    """Warnings, which do not prevent applying."""

    def require(self) -> Mapping[str, AccountDefinitions]:
        """Returns the accounts by name. Raises DefinitionsInvalid, one line per problem, when there is any."""
        if not self.problems:
            return self.accounts
        lines = [str(problem) for problem in self.problems[:MAX_LISTED]]
        more = len(self.problems) - MAX_LISTED
        if more > 0:
            lines.append(f"and {more} more: `leadstream definitions check` lists all")
        raise DefinitionsInvalid("\n".join(lines))


def load_definitions(
    paths: Sequence[File],
    versions: Mapping[str, EngineVersion] | None = None,
    *,
    default: EngineVersion = NEWEST_VERSION,
) -> LoadedDefinitions:
    """Reads and checks files; lists their mistakes in `problems` and raises nothing for them.

    `versions`: account -> the engine version of its latest release. What a file does not say of its version it gets
    from there, and `default` for other accounts.
    """
    documents: list[Document] = []
    problems: list[DocumentProblem] = []
    for path in paths:
        file_documents, read_problems = read_file(path)
        documents += file_documents
        problems += read_problems
    return _load(documents, problems, tuple(str(path) for path in paths), versions, default)


def load_definitions_text(
    name: str, text: str, versions: Mapping[str, EngineVersion] | None = None
) -> LoadedDefinitions:
    """Reads and checks a text in YAML or JSON as a file of this name; else as `load_definitions`."""
    try:
        documents, problems = read_text(name, text), list[DocumentProblem]()
    except UnreadableDocument as error:
        documents, problems = [], [DocumentProblem(name, error.line, "", error.message)]
    return _load(documents, problems, (name,), versions, NEWEST_VERSION)


def _load(
    documents: Sequence[Document],
    problems: Sequence[DocumentProblem],
    names: tuple[str, ...],
    versions: Mapping[str, EngineVersion] | None,
    default: EngineVersion,
) -> LoadedDefinitions:
    merged_definitions = merge_documents(documents)
    conflicts = [problem for each in merged_definitions for problem in each.problems]
    accounts, content_problems, warnings = _validate_all(merged_definitions, versions or {}, default)
    all_problems = _sorted_problems([*problems, *conflicts, *content_problems], names)
    return LoadedDefinitions(names, accounts, all_problems, tuple(conflicts), tuple(warnings))


def require_some_version(paths: Sequence[File]) -> None:
    """Raises DefinitionsInvalid for files with a mistake that each engine version finds; it needs no releases."""
    newest, oldest = load_definitions(paths), load_definitions(paths, default=OLDEST_VERSION)
    if set(newest.problems) & set(oldest.problems):
        newest.require()


def load_separately(paths: Sequence[File]) -> LoadedDefinitions:
    """Reads files like `load_definitions`, but checks each by itself where they define the same things.

    `conflicts` then lists what they both define, and `problems` does not.
    """
    together = load_definitions(paths)
    if not together.conflicts:
        return together
    separate = [load_definitions([path]) for path in paths]
    accounts = {name: account for loaded in separate for name, account in loaded.accounts.items()}
    problems = tuple(problem for loaded in separate for problem in loaded.problems)
    warnings = tuple(warning for loaded in separate for warning in loaded.warnings)
    return LoadedDefinitions(together.files, accounts, problems, together.conflicts, warnings)


def _validate_all(
    merged_definitions: Sequence[MergedDefinitions], versions: Mapping[str, EngineVersion], default: EngineVersion
) -> tuple[dict[str, AccountDefinitions], list[DocumentProblem], list[DocumentProblem]]:
    """Returns the accounts without problems, the problems of the others, and the warnings."""
    accounts: dict[str, AccountDefinitions] = {}
    problems: list[DocumentProblem] = []
    warnings: list[DocumentProblem] = []
    for merged in merged_definitions:
        version = versions.get(merged.account)
        lowered = None if version is None else lowered_version_problem(merged.values, version)
        if lowered is not None:
            problems.append(_locate_problem(merged, lowered))
            continue
        result = validate_definitions(merged.values, version or default)
        problems += [_locate_problem(merged, problem) for problem in result.problems]
        if result.definitions is not None and not merged.problems:
            found = [_locate_problem(merged, warning) for warning in result.warnings]
            leading_zeros = [warning for document in merged.documents for warning in document.leading_zeros()]
            own_warnings = _sorted_problems([*found, *leading_zeros])
            warnings += own_warnings
            texts = tuple(str(warning) for warning in own_warnings)
            accounts[merged.account] = AccountDefinitions(merged.account, merged.values, result.definitions, texts)
    return accounts, problems, warnings


def _sorted_problems(problems: Iterable[DocumentProblem], files: Sequence[str] = ()) -> tuple[DocumentProblem, ...]:
    """Returns the problems in the order of `files`, then by line."""
    ranks = {name: rank for rank, name in enumerate(files)}
    return tuple(sorted(problems, key=lambda each: (ranks.get(each.file, len(ranks)), each.file, each.line)))


def _locate_problem(merged_definitions: MergedDefinitions, problem: Problem) -> DocumentProblem:
    document, path = merged_definitions.locate(problem.path)
    return document.locate(problem, path)
