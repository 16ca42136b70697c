"""`leadstream definitions check` as a user runs it, without a broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.cli import leadstream

SOUND = "segments: [{id: german, dynamic: true, when: {property: country, eq: DE}}]\n"
WRONG = "segments:\n  - id: german\n    dynamic: true\n    when: {property: country, eqq: DE}\n"


def test_sound_files_pass(tmp_path: Path) -> None:
    path = tmp_path / "sound.yaml"
    path.write_text(SOUND)
    run = leadstream("definitions", "check", str(path))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "1 file, 1 account: nothing wrong\n"


def test_a_refused_file_says_line_and_reason_and_the_exit_code_is_1(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    run = leadstream("definitions", "check", str(path))
    assert run.returncode == 1
    expected = f"{path}:4: segments[0].when.eqq: unknown key 'eqq' - did you mean eq?"
    assert run.stderr.strip() == expected


def test_a_machine_reads_a_list_of_files_and_errors(tmp_path: Path) -> None:
    sound, wrong = tmp_path / "sound.yaml", tmp_path / "wrong.yaml"
    sound.write_text("account: other\n" + SOUND)
    wrong.write_text(WRONG)
    run = leadstream("definitions", "check", "--json", str(sound), str(wrong))
    assert run.returncode == 1
    assert json.loads(run.stdout) == [
        {"file": str(sound), "errors": []},
        {
            "file": str(wrong),
            "errors": [
                {
                    "where": "segments[0].when.eqq",
                    "message": "unknown key 'eqq' - did you mean eq?",
                    "line": 4,
                    "code": "invalid",
                }
            ],
        },
    ]


def test_a_likely_mistake_is_a_warning_with_its_line_for_people_and_machines(tmp_path: Path) -> None:
    path = tmp_path / "likely.yaml"
    path.write_text(SOUND.replace("country", "countri"))
    run = leadstream("definitions", "check", str(path))
    message = "property countri is not declared; is country meant?"
    assert (run.returncode, run.stderr) == (0, f"warning: {path}:1: segments[0].when.property: {message}\n")
    (file,) = json.loads(leadstream("definitions", "check", "--json", str(path)).stdout)
    assert (file["errors"], [(each["line"], each["message"]) for each in file["warnings"]]) == ([], [(1, message)])


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_refused_files_end_other_commands_with_the_same_exit_code_before_any_broker_is_asked(
    command: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    run = leadstream("definitions", command, str(path), "--bootstrap", "127.0.0.1:1")
    assert run.returncode == leadstream("definitions", "check", str(path)).returncode == 1
    assert f"{path}:4: segments[0].when.eqq" in run.stderr


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("nowhere.yaml", None, "cannot be read: No such file or directory"),
        ("empty.yaml", "", "holds no definitions"),
        ("events.jsonl", '{"type": "a"}\n{"type": "b"}\n', ":2: is not YAML"),
    ],
)
def test_what_is_no_file_of_definitions_ends_every_command_alike(
    tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    for command in ("check", "plan", "apply"):
        run = leadstream("definitions", command, str(path), env={"LEADSTREAM_BOOTSTRAP": "127.0.0.1:1"})
        assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1), (command, run.stdout)
        assert f"{path}:" in run.stderr
        assert message in run.stderr
