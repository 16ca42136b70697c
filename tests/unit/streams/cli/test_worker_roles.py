"""What `leadstream worker` runs for each role."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from streams.app import APP_SPECS
from streams.cli import worker as worker_command
from streams.cli.worker import Role, process_names
from streams.runtime.process import logs
from streams.settings import Settings


def test_a_role_is_one_process() -> None:
    assert [process_names(role, Settings()) for role in (Role.PIPELINE, Role.CRM)] == [["pipeline"], ["crm"]]


def test_a_worker_runs_every_app() -> None:
    assert process_names(Role.ALL, Settings()) == list(APP_SPECS)


def test_the_crm_runs_where_a_salesforce_is_configured() -> None:
    for values in (
        {"salesforce_url": "http://127.0.0.1:8090"},
        {"salesforce_domain": "acme.my"},
        {"salesforce_orgs": "orgs.yaml"},
    ):
        assert process_names(Role.ALL, Settings.model_validate(values)) == [*APP_SPECS, "crm"]


@pytest.mark.parametrize(
    ("role", "settings", "is_said"),
    [
        (Role.ALL, {}, True),
        (Role.CRM, {}, True),
        (Role.ALL, {"LEADSTREAM_SALESFORCE_CLIENT_ID": "3MVG9"}, True),
        (Role.PIPELINE, {}, False),
        (Role.LEDGER, {}, False),
        (Role.ALL, {"LEADSTREAM_SALESFORCE_URL": "http://127.0.0.1:8090"}, False),
        (Role.CRM, {"LEADSTREAM_SALESFORCE_DOMAIN": "acme.my"}, False),
    ],
)
def test_a_worker_says_once_that_salesforce_is_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, role: Role, settings: dict[str, str], is_said: bool
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LEADSTREAM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LEADSTREAM_START_PATIENCE_MS", "1000")  # the topics are left to the processes
    monkeypatch.setattr(worker_command, "supervise", lambda _children, *, keep_open, companion: 0)
    monkeypatch.setattr(logs, "configure", lambda _worker: None)
    with structlog.testing.capture_logs() as lines, pytest.raises(SystemExit) as end:
        worker_command.worker(role=role)
    assert end.value.code == 0
    off = [line for line in lines if line["event"] == "Salesforce is off"]
    assert len(off) == is_said
    assert all("LEADSTREAM_SALESFORCE_DOMAIN" in line["why"] for line in off)


def test_all_runs_the_read_models_where_a_redis_is_named() -> None:
    assert process_names(Role.ALL, Settings(redis_url="redis://127.0.0.1/0")) == [*APP_SPECS, "views"]
