"""The options of access logs: together they name a format and the fields of a visit."""

from __future__ import annotations

import json

import pytest

from streams.cli.log_options import LogOptions
from streams.errors import UsageError

LINE = {"when": "2026-03-01T09:30:00Z", "remote_addr": "10.0.0.2", "X-Forwarded-For": "192.0.2.1", "uri": "/"}


def test_the_client_field_and_other_fields_are_named_together() -> None:
    parser = LogOptions(None, "X-Forwarded-For", ["time=when"]).parser("visitor", "acme")
    event = parser.parse_visit(json.dumps(LINE))
    assert (event["contact"], event["visitor"], event["account"]) == ("192.0.2.1", True, "acme")
    assert event["at"] == "2026-03-01T09:30:00.000Z"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (LogOptions(None, "X-Real-IP", ["client=uid"]), "--client-field and --log-field client=... name two fields"),
        (LogOptions(None, " ", None), "--client-field: name a field"),
        (LogOptions("%h %t", None, None), "--log-format: it has no address"),
        (LogOptions(None, None, ["uid"]), "--log-field: 'uid' is not ROLE=FIELD"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: LogOptions, message: str) -> None:
    with pytest.raises(UsageError) as error:
        options.parser("contact", "default")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "options", [LogOptions("%h", None, None), LogOptions(None, "uid", None), LogOptions(None, None, ["time=when"])]
)
def test_they_are_for_access_logs_only(options: LogOptions) -> None:
    with pytest.raises(UsageError, match="are for --format access-log"):
        options.require_unused()
    LogOptions(None, None, None).require_unused()
