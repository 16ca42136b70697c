"""Options become settings, instants and accounts; what makes no sense is a usage error that names the option."""

from __future__ import annotations

import pytest

from streams.cli.options import parse_account, parse_time_option, settings_from
from streams.errors import UsageError


def test_a_setting_that_makes_no_sense_is_named() -> None:
    with pytest.raises(UsageError, match="setting clock"):
        settings_from(clock="mars")
    with pytest.raises(UsageError, match="setting partitions"):
        settings_from(partitions=0)


def test_options_that_were_not_given_leave_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSTREAM_PREFIX", "acme-")
    assert settings_from(prefix=None).prefix == "acme-"
    assert settings_from(prefix="other-").prefix == "other-"


def test_a_time_is_an_instant_in_ms_and_an_error_names_its_option() -> None:
    assert parse_time_option("--at", None) is None
    assert parse_time_option("--at", "1970-01-01T00:00:01Z") == 1_000
    with pytest.raises(UsageError, match=r"^--until: "):
        parse_time_option("--until", "yesterday")
    with pytest.raises(UsageError, match="--at: an instant lies between"):
        parse_time_option("--at", "0001-01-01T00:00:00+14:00")  # in UTC before any calendar


def test_an_account_is_a_short_name() -> None:
    assert parse_account("acme-2") == "acme-2"
    with pytest.raises(UsageError, match="--account: 'a/b' is no account"):
        parse_account("a/b")
