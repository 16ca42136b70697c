"""The command line: help, one line per error, exit codes."""

from __future__ import annotations

import sys

import pytest
import typer

from streams import errors
from streams.cli import main
from streams.cli.options import settings_from
from streams.errors import BrokerUnavailable, LeadstreamError, UsageError
from tests.harness.cli import leadstream


def run_command_that_raises(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    def failing() -> typer.Typer:
        app = typer.Typer(pretty_exceptions_enable=False)

        @app.command()
        def fail() -> None:
            raise error

        return app

    monkeypatch.setattr(main, "build_app", failing)
    return run_command(monkeypatch)


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["leadstream", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_known_error_is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_that_raises(monkeypatch, BrokerUnavailable("no Kafka answers at k:1")) == 69
    assert capsys.readouterr().err == "leadstream: no Kafka answers at k:1\n"


def test_an_unknown_error_is_one_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LEADSTREAM_DEBUG", raising=False)
    assert run_command_that_raises(monkeypatch, KeyError("lost\nand found")) == 70
    shown = capsys.readouterr().err
    assert shown.startswith("leadstream: internal error: KeyError")
    assert shown.count("\n") == 1


def test_the_traceback_is_there_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADSTREAM_DEBUG", "1")
    run_command_that_raises(monkeypatch, KeyError("lost"))
    assert "Traceback" in capsys.readouterr().err


def test_every_error_has_a_sentence_and_an_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LeadstreamError)]
    assert len(kinds) > 10
    for kind in kinds:
        assert kind.__doc__, kind
        assert 0 < kind.exit_code < 128, kind
        assert kind.__name__ in (errors.__doc__ or ""), f"{kind.__name__} is not in the tree"


def test_a_setting_that_makes_no_sense_is_named() -> None:
    with pytest.raises(UsageError, match="setting clock"):
        settings_from(clock="mars")
    with pytest.raises(UsageError, match="setting partitions"):
        settings_from(partitions=0)


def test_options_that_were_not_given_leave_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSTREAM_PREFIX", "acme-")
    assert settings_from(prefix=None).prefix == "acme-"
    assert settings_from(prefix="other-").prefix == "other-"


def test_help_names_every_group() -> None:
    shown = leadstream("--help")
    assert shown.returncode == 0
    assert "broker" in shown.stdout
    assert "topics" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["topics", "create", "--no-such-option"],
            "no such option: --no-such-option; `leadstream topics create --help`",
        ),
        (["nope"], "no such command 'nope'; `leadstream --help`"),
        (["verify", "--sample", "0"], "'--sample': Input should be greater than or equal to 1"),
        (["search", "--sample", "x", "{}"], "'--sample': Input should be a valid integer"),
        (["definitions", "check"], "missing argument 'FILE...'"),
        (["publish", "--format", "xml", "a"], "'--format': 'xml' is not one of 'jsonl', 'access-log', 'csv'"),
        (["leads", "qualify", "ada"], "missing option '--campaign'"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one_line_and_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run_command(monkeypatch, *arguments) == UsageError.exit_code
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert shown.err.startswith("leadstream: ")
    assert said in shown.err
    assert shown.err.endswith("--help` tells what there is\n")


def test_nothing_said_is_answered_with_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "topics") == UsageError.exit_code
    shown = capsys.readouterr()
    assert ("Usage: leadstream topics" in shown.out, shown.err) == (True, "")


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("leadstream ")


def test_a_setting_from_the_environment_that_makes_no_sense_is_one_line() -> None:
    shown = leadstream("topics", "check", env={"LEADSTREAM_CLOCK": "mars"})
    assert shown.returncode == 64
    assert shown.stderr == "leadstream: setting clock: Input should be 'wall' or 'events', got 'mars'\n"
