"""The command line: help, one line per error, exit codes."""

from __future__ import annotations

import sys

import pytest
import typer

from streams import errors
from streams.cli import main
from streams.cli.common import settings_from
from streams.errors import BrokerUnavailable, LeadstreamError, UsageError
from tests.support.cli import leadstream


def run_command_that_raises(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    def failing() -> typer.Typer:
        app = typer.Typer(pretty_exceptions_enable=False)

        @app.command()
        def fail() -> None:
            raise error

        return app

    monkeypatch.setattr(main, "build", failing)
    monkeypatch.setattr(sys, "argv", ["leadstream"])
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


def test_an_unknown_option_is_a_usage_error() -> None:
    assert leadstream("topics", "create", "--no-such-option").returncode == 2


def test_a_setting_from_the_environment_that_makes_no_sense_is_one_line() -> None:
    shown = leadstream("topics", "check", env={"LEADSTREAM_CLOCK": "mars"})
    assert shown.returncode == 64
    assert shown.stderr == "leadstream: setting clock: Input should be 'wall' or 'events', got 'mars'\n"
