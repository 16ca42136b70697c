"""The command line: help, one line per error, exit codes."""

from __future__ import annotations

import sys

import pytest
import typer

from streams import errors
from streams.cli import main
from streams.errors import BrokerUnavailable, LeadstreamError, UsageError
from tests.harness.cli import leadstream


def run_command_that_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
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
    with pytest.raises(SystemExit) as end:
        main.run()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_known_error_is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_that_raises(monkeypatch, BrokerUnavailable("no Kafka answers at k:1")) == 69
    assert capsys.readouterr().err == "leadstream: no Kafka answers at k:1\n"


def test_ctrl_c_ends_a_command_without_a_word_as_shells_show_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_that_raises(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == ""


def test_who_gives_up_at_a_question_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_that_raises(monkeypatch, typer.Abort()) == 1
    assert capsys.readouterr().err == "leadstream: given up\n"


def test_an_unknown_error_is_one_line_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LEADSTREAM_DEBUG", raising=False)
    assert run_command_that_raises(monkeypatch, KeyError("lost\nand found")) == 70
    output = capsys.readouterr().err
    assert output.startswith("leadstream: internal error: KeyError")
    assert output.count("\n") == 1


def test_the_traceback_is_written_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEADSTREAM_DEBUG", "1")
    run_command_that_raises(monkeypatch, KeyError("lost"))
    assert "Traceback" in capsys.readouterr().err


def test_every_error_has_a_sentence_and_an_exit_code() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, LeadstreamError)]
    assert len(classes) > 10
    for error_class in classes:
        assert error_class.__doc__, error_class
        assert 0 < error_class.exit_code < 128, error_class
        assert error_class.__name__ in (errors.__doc__ or ""), f"{error_class.__name__} is not in the tree"


def test_help_names_every_group() -> None:
    run = leadstream("--help")
    assert run.returncode == 0
    assert "broker" in run.stdout
    assert "topics" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["topics", "create", "--no-such-option"],
            "no such option: --no-such-option; `leadstream topics create --help`",
        ),
        (["nope"], "no such command 'nope'; `leadstream --help`"),
        (["tails"], "no such command 'tails' - did you mean 'tail'? `leadstream --help`"),
        (["definitions", "aply"], "no such command 'aply' - did you mean 'apply'? `leadstream definitions --help`"),
        (["verify", "--sample", "0"], "'--sample': Input should be greater than or equal to 1"),
        (["search", "--sample", "x", "{}"], "'--sample': Input should be a valid integer"),
        (["definitions", "check"], "missing argument 'FILE...'"),
        (["publish", "--format", "xml", "a"], "'--format': 'xml' is not one of 'jsonl', 'access-log', 'csv'"),
        (["leads", "qualify"], "missing argument 'CAMPAIGN'"),
        (["tail", "--last", "-1"], "'--last'"),
        (["segments", "members"], "missing argument 'SEGMENT'"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one_line_and_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run_command(monkeypatch, *arguments) == UsageError.exit_code
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert output.err.startswith("leadstream: ")
    assert message in output.err
    assert output.err.endswith("--help` tells what there is\n")


@pytest.mark.parametrize("rest", [["ada"], ["ada", "bob"], [], ["--search", "{all: []}"], ["--file", "x"]])
def test_the_former_order_of_leads_is_answered_with_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rest: list[str]
) -> None:
    for verb in ("add", "qualify", "reject", "remove", "reactivate"):
        assert run_command(monkeypatch, "leads", verb, "--campaign", "spring", *rest) == UsageError.exit_code
        line = f"the campaign goes first, without --campaign: `leadstream leads {verb} spring CONTACT...`"
        assert capsys.readouterr().err == f"leadstream: {line}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tail", "segment-change"], "there is no output topic 'segment-change' - did you mean segment-changes?"),
        (["tail", "web-visits"], "there is no output topic 'web-visits' - one of: contacts, segment-changes"),
        (["tail", "--from", "beginning", "--last", "3"], "leave --last out"),
        (["tail", "--account", "a b"], "'a b' is no account"),
        (["leads", "list", "--status", "qualifed"], "there is no status 'qualifed' - did you mean qualified?"),
        (["leads", "list", "--account", "a b"], "'a b' is no account"),
        (["segments", "members", "hot", "--account", "/"], "'/' is no account"),
    ],
)
def test_what_cannot_be_shown_is_answered_with_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run_command(monkeypatch, *arguments) == UsageError.exit_code
    output = capsys.readouterr()
    assert (output.out, output.err.count("\n")) == ("", 1)
    assert message in output.err


def test_a_group_without_arguments_shows_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "topics") == UsageError.exit_code
    output = capsys.readouterr()
    assert ("Usage: leadstream topics" in output.out, output.err) == (True, "")


def test_the_version_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(monkeypatch, "--version") == 0
    assert capsys.readouterr().out.startswith("leadstream ")


def test_a_setting_from_the_environment_that_makes_no_sense_is_one_line() -> None:
    run = leadstream("topics", "check", env={"LEADSTREAM_CLOCK": "mars"})
    assert run.returncode == 78
    assert run.stderr == "leadstream: LEADSTREAM_CLOCK=mars cannot be used: set it to wall or events (default wall)\n"
