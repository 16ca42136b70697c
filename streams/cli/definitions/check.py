"""`leadstream definitions check`: checks files of definitions without a broker."""

from __future__ import annotations

from typing import Any

import typer

from streams.cli.console import plural, write_json, write_line, write_note
from streams.cli.definitions.files import DefinitionFilesArgument
from streams.cli.options import JsonOption
from streams.definitions import DocumentProblem, LoadedDefinitions, load_separately
from streams.errors import DefinitionsInvalid


def check(files: DefinitionFilesArgument, *, as_json: JsonOption = False) -> None:
    """Check files without a broker; the exit code is 1 when any is refused.

    They are judged by the engine version that they state, else by the newest. Files of one account are parts of one
    whole; files that define the same things are checked each by itself.
    """
    loaded = load_separately(files)
    if loaded.conflicts:
        write_note(f"warning: checked each by itself, since they cannot be applied together: {loaded.conflicts[0]}")
    if as_json:
        write_json([_file_to_dict(loaded, name) for name in loaded.files])
    else:
        _write_result(loaded)
    if loaded.problems:
        raise typer.Exit(DefinitionsInvalid.exit_code)


def _file_to_dict(loaded: LoadedDefinitions, name: str) -> dict[str, Any]:
    """Returns what is wrong with one file, as JSON for a machine."""
    warnings = [_problem_to_dict(warning) for warning in loaded.warnings if warning.file == name]
    errors = [_problem_to_dict(problem) for problem in loaded.problems if problem.file == name]
    return {"file": name, "errors": errors} | ({"warnings": warnings} if warnings else {})


def _problem_to_dict(problem: DocumentProblem) -> dict[str, Any]:
    return {"where": problem.path, "message": problem.message, "line": problem.line, "code": problem.code}


def _write_result(loaded: LoadedDefinitions) -> None:
    for problem in loaded.problems:
        write_note(str(problem))
    for warning in loaded.warnings:
        write_note(f"warning: {warning}")
    if not loaded.problems:
        files, accounts = plural(len(loaded.files), "file"), plural(len(loaded.accounts), "account")
        write_line(f"{files}, {accounts}: nothing wrong")
