"""Lets a person mend an event in their editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import typer

from streams.cli.console import write_note
from streams.errors import UsageError
from streams.store.dead_letters.edit import LetterEdit, parse_document
from streams.store.dead_letters.letter import Letter
from streams.store.dead_letters.repair import draft_event

_DEFAULT_EDITOR = "vi"

EditCheck = Callable[[LetterEdit], str | None]
"""Returns why the edited event would be refused again; None where it can be sent."""


def edit_letter(letter: Letter, check: EditCheck) -> LetterEdit:
    """Opens the editor until the event can be sent. Raises UsageError when nothing was changed or there is no editor.

    The event is in a file that only this user may read, and that is removed afterwards.
    """
    text = _draft_text(letter)
    with tempfile.TemporaryDirectory(prefix="leadstream-letter-") as folder:
        path = Path(folder) / "event.json"
        path.write_bytes(text)
        while True:
            _open_editor(path)
            edited = path.read_bytes()
            if edited.strip() == text.strip():
                raise UsageError("nothing was changed, so nothing is sent; `retry` without --edit sends it as it is")
            reason, edit = _parse(edited, check)
            if reason is None:
                return edit
            write_note(f"it would be refused again: {reason}")
            typer.confirm("edit it again?", default=True, abort=True, err=True)


def _draft_text(letter: Letter) -> bytes:
    draft = draft_event(letter)
    if draft is None:
        return letter.value or b"{}\n"
    return msgspec.json.format(msgspec.json.encode(draft), indent=2) + b"\n"


def _parse(text: bytes, check: EditCheck) -> tuple[str | None, LetterEdit]:
    try:
        edit = LetterEdit(document=parse_document(text, "what you wrote"))
    except UsageError as error:
        return str(error), LetterEdit()
    return check(edit), edit


def _open_editor(path: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _DEFAULT_EDITOR
    try:
        done = subprocess.run([*shlex.split(command), str(path)], check=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the editor {command!r} cannot be started ({error}); set EDITOR, or use --set or --edit-with"
        ) from error
    if done.returncode:
        raise UsageError(f"the editor {command!r} ended with {done.returncode}, so nothing is sent")
