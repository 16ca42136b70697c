"""Mending an event in an editor: until it can be sent, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from streams.cli.dead_letters.editor import edit_letter
from streams.errors import UsageError
from streams.store.dead_letters.edit import LetterEdit
from streams.store.dead_letters.letter import Letter, LetterCoordinates

REFUSED = Letter(
    LetterCoordinates(0, 1),
    0,
    "invalid_at",
    "",
    ("web-visits", 0, 1),
    (),
    b"ada",
    b'{"at": "soon", "contact": "\xc3\xa9"}',
)


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that plays the editor: a line for each time it is opened."""
    script = tmp_path / "editor"
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"sh {script}")
    return script


def test_it_opens_again_until_the_event_can_be_sent(
    editor: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    editor.write_text(
        'if grep -q soon "$1"; then sed -i s/soon/later/ "$1"; else echo \'{"at": "now"}\' > "$1"; fi\n'
    )
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    edit = edit_letter(REFUSED, lambda edit: None if (edit.document or {}).get("at") == "now" else "at: no instant")
    assert edit.document == {"at": "now"}
    assert capsys.readouterr().err.count("it would be refused again: at: no instant") == 1


def test_text_that_is_no_event_is_asked_about(editor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor.write_text('echo "[" > "$1"\n')

    def give_up(*_: object, **__: object) -> None:
        raise typer.Abort

    monkeypatch.setattr(typer, "confirm", give_up)
    with pytest.raises(typer.Abort):
        edit_letter(REFUSED, lambda _: None)


@pytest.mark.parametrize(
    ("program", "message"),
    [("true", "nothing was changed"), ("false", "ended with 1"), ("/nowhere/editor", "cannot be started")],
)
def test_without_an_edit_nothing_is_sent(program: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", program)
    with pytest.raises(UsageError, match=message):
        edit_letter(REFUSED, lambda _: None)


def test_the_draft_is_readable_and_for_this_user_alone(editor: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    editor.write_text(f'cp "$1" {copy}; stat -c %a "$(dirname "$1")" > {copy}.mode; echo "{{}}" > "$1"\n')
    assert edit_letter(REFUSED, lambda _: None) == LetterEdit(document={})
    assert copy.read_text() == '{\n  "at": "soon",\n  "contact": "é"\n}\n'
    assert (tmp_path / "copy.mode").read_text().strip() == "700"
